//! iSCSI sessions of the running kernel: how they stand, and when to look again.
//!
//! The kernel tells iscsid of a connection's error by a multicast group of NETLINK_ISCSI (Linux
//! `drivers/scsi/scsi_transport_iscsi.c`, iscsi_conn_error_event), and of a session that was made or removed
//! (iscsi_session_event). That one is blocked, or works again, it tells nobody: sysfs has it.

use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use rtnetlink::sys::{Socket, SocketAddr};
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Where the kernel shows sessions; absent where the transport's module is not loaded.
pub(crate) const SESSIONS: &str = "/sys/class/iscsi_session";

/// `NETLINK_ISCSI` of `linux/netlink.h`.
const PROTOCOL: isize = 8;

/// `ISCSI_NL_GRP_ISCSID` of `scsi/iscsi_if.h`.
const GROUP: u32 = 1;

/// The most sessions that are looked at.
const MOST: usize = 256;

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionState {
    /// The kernel's name for it, such as `session1`.
    pub(crate) name: String,
    /// The target's name; empty where the kernel does not tell.
    pub(crate) target: String,
    /// `LOGGED_IN`, `FAILED` or `FREE`.
    pub(crate) state: String,
}

/// Who is told that something happened to a session.
#[derive(Debug)]
pub(crate) struct IscsiEvents {
    socket: Socket,
    buffer: Vec<u8>,
}

impl IscsiEvents {
    /// Begins to listen; `None` where the kernel has no iSCSI loaded: to ask for it would load it.
    ///
    /// # Errors
    /// When the kernel does not let it.
    pub(crate) fn follow() -> Result<Option<Self>, Problem> {
        if !Path::new(SESSIONS).exists() {
            return Ok(None);
        }
        let failed = |error: std::io::Error| Problem::new("NETLINK_ISCSI", error.to_string());
        let mut socket = Socket::new(PROTOCOL).map_err(failed)?;
        socket.bind(&SocketAddr::new(0, 0)).map_err(failed)?;
        socket.add_membership(GROUP).map_err(failed)?;
        socket.set_non_blocking(true).map_err(failed)?;
        Ok(Some(Self { socket, buffer: Vec::with_capacity(4096) }))
    }

    /// To wait for the next event.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Takes what waits; tells whether there was something, lost messages included.
    pub(crate) fn happened(&mut self) -> bool {
        let mut happened = false;
        loop {
            self.buffer.clear();
            self.buffer.reserve(4096);
            match self.socket.recv(&mut self.buffer, 0) {
                Ok(_) => happened = true,
                Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::EINTR) => {}
                    Some(Errno::ENOBUFS) => happened = true,
                    _ => return happened,
                },
            }
        }
    }
}

/// The sessions as sysfs shows them (`DIR/sessionN/{targetname,state}`), by name.
pub(crate) fn session_states(directory: &Path) -> Vec<SessionState> {
    let value = |path: &Path, name: &str| {
        fs::read_to_string(path.join(name)).map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).take(MOST);
    let mut sessions: Vec<SessionState> = entries
        .filter_map(|entry| {
            let path = entry.path();
            let state = value(&path, "state");
            let name = entry.file_name().to_str()?.to_owned();
            // One that is being removed has no state any more.
            (!state.is_empty()).then(|| SessionState { name, target: value(&path, "targetname"), state })
        })
        .collect();
    sessions.sort_by(|a, b| a.name.cmp(&b.name));
    sessions
}
