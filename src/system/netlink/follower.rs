//! What changes in the kernel's network, as it changes: rtnetlink(7)'s multicast groups.

use super::connection::{PLACE, failed};
use super::datagram::messages;
use super::installed::Installed;
use super::names::Names;
use super::{link, route, rule};
use isctpl_checks::facts::{Address, NetLink, Problem, Rule};
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};
use rtnetlink::packet_core::{NLM_F_APPEND, NLM_F_REPLACE, NetlinkMessage, NetlinkPayload};
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{Socket, SocketAddr};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

/// `enum rtnetlink_groups` of `linux/rtnetlink.h`: LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE,
/// IPV6_RULE, NEXTHOP.
const GROUPS: [u32; 8] = [1, 5, 7, 8, 9, 11, 19, 32];

/// `RTM_NEWNEXTHOP` and `RTM_DELNEXTHOP`, which the library does not decode.
const NEXTHOPS: [u16; 2] = [104, 105];

/// The socket's buffer. A message of a route takes less than 1 KiB of it.
const BUFFER: usize = 64 << 20;

/// The room for one datagram; a link's message with its statistics takes some KiB.
const DATAGRAM: usize = 64 << 10;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A route that leads to one of the portals.
    Route {
        /// What happened to it.
        fate: Fate,
        /// The route.
        route: Box<Installed>,
    },
    /// A route that leads to none of them.
    OtherRoute,
    /// An interface.
    Link {
        /// It was removed.
        gone: bool,
        /// The interface.
        link: Box<NetLink>,
    },
    /// An address.
    Address {
        /// It was removed.
        gone: bool,
        /// The address.
        address: Address,
    },
    /// A policy rule.
    Rule {
        /// It was removed.
        gone: bool,
        /// The rule.
        rule: Box<Rule>,
    },
    /// A nexthop object.
    Nexthop,
    /// A message that cannot be decoded: anything may have changed.
    Unreadable,
}

/// What happened to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was added, before those with its destination, table and metric.
    Added,
    /// It was added after them.
    Appended,
    /// It took the place of one with its destination, table and metric.
    Replaced,
    /// It was removed.
    Removed,
}

/// Why the next change is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The kernel had more to tell than the buffer could take.
    Overrun,
    /// The socket failed.
    Failed(Problem),
}

/// A socket that is told of changes.
#[derive(Debug)]
pub(crate) struct Follower {
    socket: Socket,
    buffer: Vec<u8>,
}

impl Follower {
    /// Joins the groups, in the calling thread's network namespace. What happens from now on is told.
    ///
    /// # Errors
    /// When the kernel does not let it.
    pub(crate) fn join() -> Result<Self, Problem> {
        let mut socket = Socket::new(NETLINK_ROUTE).map_err(|error| failed(&error))?;
        socket.bind(&SocketAddr::new(0, 0)).map_err(|error| failed(&error))?;
        // Past the limit of net.core.rmem_max only who may administer the network; the others get what that allows.
        if setsockopt(&socket, sockopt::RcvBufForce, &BUFFER).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &BUFFER).map_err(|errno| failed(&errno.into()))?;
        }
        for group in GROUPS {
            match socket.add_membership(group) {
                Ok(()) => {}
                // Kernels before 5.3 have no nexthop objects.
                Err(error) if group == 32 && error.raw_os_error() == Some(libc::EINVAL) => {}
                Err(error) => return Err(failed(&error)),
            }
        }
        socket.set_non_blocking(true).map_err(|error| failed(&error))?;
        Ok(Self { socket, buffer: Vec::with_capacity(DATAGRAM) })
    }

    /// To wait for changes.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Takes the next changes, if there are any; none where nothing has changed.
    ///
    /// # Errors
    /// When changes were lost.
    pub(crate) fn next(&mut self, portals: &[IpAddr], names: &Names) -> Result<Vec<Change>, Lost> {
        loop {
            self.buffer.clear();
            self.buffer.reserve(DATAGRAM);
            match self.socket.recv(&mut self.buffer, libc::MSG_TRUNC) {
                Ok(length) if length > self.buffer.len() => return Err(Lost::Overrun),
                Ok(length) => {
                    let bytes = self.buffer.get(..length).unwrap_or_default();
                    let changes: Vec<Change> =
                        messages(bytes).filter_map(|message| change(message, portals, names)).collect();
                    if !changes.is_empty() {
                        return Ok(changes);
                    }
                }
                Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::EAGAIN) => return Ok(Vec::new()),
                    Some(Errno::EINTR) => {}
                    Some(Errno::ENOBUFS) => return Err(Lost::Overrun),
                    _ => {
                        return Err(Lost::Failed(Problem::new(
                            PLACE,
                            format!("the kernel's changes cannot be read: {error}"),
                        )));
                    }
                },
            }
        }
    }
}

/// What a message tells; `None` for what changes nothing here.
fn change(message: &[u8], portals: &[IpAddr], names: &Names) -> Option<Change> {
    let kind = u16::from_ne_bytes(*message.get(4..)?.first_chunk()?);
    if NEXTHOPS.contains(&kind) {
        return Some(Change::Nexthop);
    }
    let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(message) else {
        return Some(Change::Unreadable);
    };
    let flags = message.header.flags;
    let NetlinkPayload::InnerMessage(message) = message.payload else { return None };
    let of_route = |fate, message: RouteMessage| {
        if route::is_cached(&message) {
            return None;
        }
        if !portals.iter().any(|portal| route::leads_to(&message, *portal)) {
            return Some(Change::OtherRoute);
        }
        Some(Change::Route { fate, route: Box::new(Installed::of(message, names)) })
    };
    let of_link = |gone, message: LinkMessage| {
        // A bridge tells of its ports by messages of the same kind.
        let is_own = message.header.interface_family == AddressFamily::Unspec;
        is_own.then(|| Change::Link { gone, link: Box::new(link::link(&message)) })
    };
    let of_address =
        |gone, message: AddressMessage| link::address(&message, names).map(|address| Change::Address { gone, address });
    match message {
        RouteNetlinkMessage::NewRoute(message) => {
            let fate = match flags {
                flags if flags & NLM_F_REPLACE != 0 => Fate::Replaced,
                flags if flags & NLM_F_APPEND != 0 => Fate::Appended,
                _ => Fate::Added,
            };
            of_route(fate, message)
        }
        RouteNetlinkMessage::DelRoute(message) => of_route(Fate::Removed, message),
        RouteNetlinkMessage::NewLink(message) => of_link(false, message),
        RouteNetlinkMessage::DelLink(message) => of_link(true, message),
        RouteNetlinkMessage::NewAddress(message) => of_address(false, message),
        RouteNetlinkMessage::DelAddress(message) => of_address(true, message),
        RouteNetlinkMessage::NewRule(message) => {
            Some(Change::Rule { gone: false, rule: Box::new(rule::rule(&message)) })
        }
        RouteNetlinkMessage::DelRule(message) => {
            Some(Change::Rule { gone: true, rule: Box::new(rule::rule(&message)) })
        }
        _ => None,
    }
}
