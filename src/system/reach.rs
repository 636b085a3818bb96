//! Whether a portal can be reached: one TCP connection that is opened and closed, within a bound.

use super::errno::in_words;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Where a connection begins; nothing set leaves both to the kernel's routes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// Address of this machine (bind(2)). It does not choose the NIC: the route to the portal does.
    pub address: Option<IpAddr>,
    /// NIC that packets leave by and arrive on (`SO_BINDTODEVICE`). Where it has no route, Linux takes every
    /// IPv4 address to be on its link, so [`Reach::NoRoute`] is not told then: ask
    /// [`netlink::lookup`](super::netlink::lookup) for the route.
    pub interface: Option<&'a str>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Somebody listens.
    Connected {
        /// The address of this machine that the connection had.
        local: SocketAddr,
    },
    /// This machine has no route: no packet was sent.
    NoRoute,
    /// The address answers, and nobody listens at the port.
    Refused,
    /// Nothing came back in time: the portal or a firewall swallows it, or the way back is missing.
    TimedOut,
    /// A router says that there is no way on, or nobody on the link has the address or that of the gateway.
    HostUnreachable,
    /// The NIC or the local address cannot be had: it is not there, or not this machine's.
    CannotBind(Errno),
    /// Whatever else the kernel says, such as `EACCES` of a route that prohibits.
    Other(Errno),
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { local } => write!(f, "answers; the connection comes from {}", local.ip()),
            Self::NoRoute => f.write_str("this machine has no route to it"),
            Self::Refused => f.write_str("the address answers, but nothing listens on the port"),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::HostUnreachable => f.write_str("the address, or the gateway to it, does not answer on the network"),
            Self::CannotBind(errno) => write!(f, "the NIC or local address cannot be used: {}", in_words(*errno)),
            Self::Other(errno) => write!(f, "cannot be reached: {}", in_words(*errno)),
        }
    }
}

/// Connects to a portal and hangs up. Takes no longer than `within`.
pub fn connect(portal: SocketAddr, from: Origin<'_>, within: Duration) -> Reach {
    let deadline = Instant::now() + within;
    let socket = match Socket::new(Domain::for_address(portal), Type::STREAM.nonblocking(), Some(Protocol::TCP)) {
        Ok(socket) => socket,
        // A kernel without IPv6 has no route to such an address either, but says so in another way.
        Err(error) => return Reach::Other(errno(&error)),
    };
    if let Err(error) = bind(&socket, from) {
        return Reach::CannotBind(errno(&error));
    }
    match socket.connect(&SockAddr::from(portal)) {
        Ok(()) => return connected(&socket),
        // EINTR: the connection goes on being made, connect(2).
        Err(error) => match errno(&error) {
            Errno::EINPROGRESS | Errno::EINTR => {}
            // Told at once, so it is the kernel's own routes that say it.
            Errno::ENETUNREACH | Errno::EHOSTUNREACH => return Reach::NoRoute,
            errno => return of(errno),
        },
    }
    if let Some(outcome) = wait(&socket, deadline) {
        return outcome;
    }
    match socket.take_error() {
        Ok(None) => connected(&socket),
        Ok(Some(error)) | Err(error) => of(errno(&error)),
    }
}

fn bind(socket: &Socket, from: Origin<'_>) -> io::Result<()> {
    if let Some(interface) = from.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    match from.address {
        Some(address) => socket.bind(&SockAddr::from(SocketAddr::new(address, 0))),
        None => Ok(()),
    }
}

/// Waits until the connection is made or has failed; an outcome when it is neither in time.
fn wait(socket: &Socket, deadline: Instant) -> Option<Reach> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // Rounded up: a timeout of no milliseconds would not wait for the last part of one.
        let millis = left.as_micros().div_ceil(1000);
        let timeout = PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
        match poll(&mut fds, timeout) {
            Ok(0) if left.is_zero() => return Some(Reach::TimedOut),
            Ok(0) | Err(Errno::EINTR | Errno::EAGAIN) => {}
            Ok(_) => return None,
            Err(errno) => return Some(Reach::Other(errno)),
        }
    }
}

fn connected(socket: &Socket) -> Reach {
    match socket.local_addr() {
        Ok(address) => {
            address.as_socket().map_or(Reach::Other(Errno::EAFNOSUPPORT), |local| Reach::Connected { local })
        }
        Err(error) => Reach::Other(errno(&error)),
    }
}

fn of(errno: Errno) -> Reach {
    match errno {
        Errno::ECONNREFUSED => Reach::Refused,
        Errno::ETIMEDOUT => Reach::TimedOut,
        Errno::EHOSTUNREACH | Errno::ENETUNREACH => Reach::HostUnreachable,
        errno => Reach::Other(errno),
    }
}

fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}
