//! Sessions as sysfs shows them (`drivers/scsi/scsi_transport_iscsi.c`). The attributes `username` and
//! `password` of a session are never opened.

use crate::probes::storage::mounts;
use crate::probes::storage::sysfs::Sysfs;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Problem, Session};
use std::str::FromStr;

const SESSIONS: &str = "/class/iscsi_session";
const CONNECTIONS: &str = "/class/iscsi_connection";
const HOSTS: &str = "/class/iscsi_host";

/// The most sessions that are read.
const SESSION_LIMIT: usize = 1024;

/// Every session, with whether the root filesystem lies on it; none when the kernel has no iSCSI.
pub(super) fn read(root: &Root, sysfs: &Root, problems: &mut Vec<Problem>) -> Result<Vec<Session>, Problem> {
    let mut sessions = list(sysfs, problems)?;
    let below_root = if sessions.is_empty() { None } else { sessions_below_root(root, sysfs, problems) };
    for session in &mut sessions {
        session.holds_root = below_root.as_ref().map(|below| below.contains(&session.name));
    }
    Ok(sessions)
}

/// Every session, without a word on what lies on it; none when the kernel has no iSCSI.
pub(crate) fn list(sysfs: &Root, problems: &mut Vec<Problem>) -> Result<Vec<Session>, Problem> {
    let names = sysfs.names(SESSIONS)?;
    let connections = sysfs.names(CONNECTIONS)?;
    let mut sessions = Vec::new();
    for name in names {
        let Some(number) = name.strip_prefix("session") else { continue };
        if sessions.len() == SESSION_LIMIT {
            problems.push(Problem::new(sysfs.name(SESSIONS), format!("has more than {SESSION_LIMIT} sessions")));
            break;
        }
        // A session has one connection in practice: `connectionSESSION:CONNECTION`.
        let prefix = format!("connection{number}:");
        let connection = connections.iter().find(|connection| connection.starts_with(&prefix));
        sessions.push(session(sysfs, &name, connection.map(String::as_str), problems));
    }
    Ok(sessions)
}

fn session(sysfs: &Root, name: &str, connection: Option<&str>, problems: &mut Vec<Problem>) -> Session {
    let mut attribute = |directory: &str, name: &str| match sysfs.line(&format!("{directory}/{name}")) {
        Ok(value) => {
            value.map(|value| value.trim().to_owned()).filter(|value| !matches!(value.as_str(), "" | "<NULL>"))
        }
        // A connection that is down has no attributes of its socket: the kernel answers ENOTCONN.
        Err(_) if matches!(name, "address" | "port" | "local_ipaddr" | "local_port" | "ipaddress") => None,
        Err(problem) => {
            problems.push(problem);
            None
        }
    };
    let directory = format!("{SESSIONS}/{name}");
    let mut session = Session {
        name: name.to_owned(),
        target: attribute(&directory, "targetname").unwrap_or_default(),
        initiator: attribute(&directory, "initiatorname"),
        state: attribute(&directory, "state").unwrap_or_default(),
        recovery_tmo: number(attribute(&directory, "recovery_tmo")),
        iface_name: attribute(&directory, "ifacename"),
        ..Session::default()
    };
    if let Some(connection) = connection {
        let directory = format!("{CONNECTIONS}/{connection}");
        // A portal that redirects leaves the address that was asked for in the persistent one.
        session.address =
            number(attribute(&directory, "persistent_address").or_else(|| attribute(&directory, "address")));
        session.port = number(attribute(&directory, "persistent_port").or_else(|| attribute(&directory, "port")));
        session.ping_tmo = number(attribute(&directory, "ping_tmo"));
        session.recv_tmo = number(attribute(&directory, "recv_tmo"));
        session.connection_state = attribute(&directory, "state");
        // iscsi_tcp tells the address of its socket as that of the host, of which each session has its own.
        let of_host = host_of(sysfs, name).and_then(|host| attribute(&format!("{HOSTS}/{host}"), "ipaddress"));
        session.local_address = number(attribute(&directory, "local_ipaddr").or(of_host));
        session.local_port = number(attribute(&directory, "local_port"));
    }
    match units(sysfs, name) {
        Ok(units) => session.disks = units.into_iter().flat_map(|unit| unit.disks).collect(),
        Err(problem) => problems.push(problem),
    }
    session.disks.sort();
    session
}

/// The SCSI host of a session, such as `host2`.
fn host_of(sysfs: &Root, session: &str) -> Option<String> {
    let hosts = sysfs.names(HOSTS).ok()?;
    hosts.into_iter().find(|host| sysfs.kind(&format!("{HOSTS}/{host}/device/{session}")).ok().flatten().is_some())
}

fn number<T: FromStr>(text: Option<String>) -> Option<T> {
    text?.parse().ok()
}

/// A logical unit of a session, as the kernel numbers it.
pub(crate) struct Unit {
    /// The last number of `HOST:CHANNEL:TARGET:LUN`.
    pub(crate) lun: u64,
    /// Disks that it is; none for a unit that is no disk, or not yet.
    pub(crate) disks: Vec<String>,
}

/// Logical units of a session: `targetH:C:T/H:C:T:L/block/NAME`.
pub(crate) fn units(sysfs: &Root, session: &str) -> Result<Vec<Unit>, Problem> {
    let session = format!("{SESSIONS}/{session}/device");
    let mut units = Vec::new();
    for target in sysfs.names(&session)?.iter().filter(|name| name.starts_with("target")) {
        for name in sysfs.names(&format!("{session}/{target}"))? {
            let Some(lun) = name.rsplit_once(':').and_then(|(_, lun)| lun.parse().ok()) else { continue };
            let block = format!("{session}/{target}/{name}/block");
            let is_disk = sysfs.kind(&block)? == Some(FileKind::Directory);
            let disks = if is_disk { sysfs.names(&block)? } else { Vec::new() };
            units.push(Unit { lun, disks });
        }
    }
    Ok(units)
}

/// Sessions with a disk below the root filesystem; `None`, with a problem, when that cannot be told.
fn sessions_below_root(root: &Root, sysfs: &Root, problems: &mut Vec<Problem>) -> Option<Vec<String>> {
    let found = || -> Result<Vec<String>, Problem> {
        let (entries, _) = mounts::mounts(root)?;
        let entry = mounts::at(&entries, "/")
            .ok_or_else(|| Problem::new(root.name("/proc/self/mountinfo"), "has no mount at /"))?;
        let tree = Sysfs::at(sysfs);
        let stack = tree.stack(&mounts::device_directory(&entry.mount, root, tree)?)?;
        Ok(stack.into_iter().filter_map(|device| device.iscsi_session).collect())
    };
    found().map_err(|problem| problems.push(problem)).ok()
}
