//! open-iscsi, services, and what a template carries.

use super::{Fact, LeftoverKind, Located, Location, Problem, Startup};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// open-iscsi: identity, defaults, records, sessions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Iscsi {
    /// `InitiatorName=` of `/etc/iscsi/initiatorname.iscsi`.
    pub initiator_name: Option<Located<String>>,
    /// `GenerateName=yes` stands there instead.
    pub initiator_generated: Option<Location>,
    /// `/etc/iscsi/iscsi.initramfs`, the file that makes Debian's hook put iSCSI into an image.
    pub initramfs_conf: Option<InitramfsConf>,
    /// `/etc/iscsi/iscsid.conf`.
    pub iscsid_conf: Option<IscsidConf>,
    /// Node records of both places.
    pub nodes: Vec<NodeRecord>,
    /// Sessions of the running kernel.
    pub sessions: Fact<Vec<Session>>,
    /// Whether an iscsid runs (its abstract socket `@ISCSIADM_ABSTRACT_NAMESPACE` and process).
    pub iscsid_running: Fact<bool>,
    /// The libraries that iscsid is linked with, as its file names them; `None` where the root has no iscsid.
    pub iscsid_libraries: Fact<Option<Vec<String>>>,
    /// Whether iscsiadm is installed in the root.
    pub iscsiadm: Option<String>,
    /// Files that could not be read or parsed.
    pub problems: Vec<Problem>,
}

/// `/etc/iscsi/iscsi.initramfs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InitramfsConf {
    /// Path.
    pub path: String,
    /// `ISCSI_AUTO` is set to something.
    pub auto: Option<Location>,
    /// `ISCSI_TARGET_NAME`.
    pub target_name: Option<Located<String>>,
    /// `ISCSI_TARGET_IP`, which may name several.
    pub target_ips: Vec<Located<String>>,
    /// `ISCSI_INITIATOR`.
    pub initiator: Option<Located<String>>,
    /// Whether `ISCSI_USERNAME` is set. `None` where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<bool>,
    /// Whether `ISCSI_PASSWORD` or `ISCSI_IN_PASSWORD` is set.
    pub secret: Option<Location>,
    /// `ISCSI_ROOT_KEEP_ALL_SESSIONS_AT_SHUTDOWN=1`.
    pub keep_all_sessions: bool,
}

/// iscsid.conf: defaults for new records. Timeouts in seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IscsidConf {
    /// Path.
    pub path: String,
    /// `node.startup`.
    pub startup: Option<Located<Startup>>,
    /// `node.session.timeo.replacement_timeout`.
    pub replacement_timeout: Option<Located<i64>>,
    /// `node.conn[0].timeo.noop_out_interval`.
    pub noop_interval: Option<Located<i64>>,
    /// `node.conn[0].timeo.noop_out_timeout`.
    pub noop_timeout: Option<Located<i64>>,
    /// `node.session.auth.authmethod`.
    pub auth_method: Option<Located<String>>,
    /// Where a password is set.
    pub secrets: Vec<Location>,
    /// `iscsid.safe_logout`.
    pub safe_logout: Option<Located<bool>>,
    /// `iscsid.startup`.
    pub iscsid_startup: Option<Located<String>>,
}

/// A node record of open-iscsi's database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeRecord {
    /// Path of the record.
    pub path: String,
    /// `node.name`, or of the path.
    pub target: String,
    /// `node.conn[0].address`, or of the path.
    pub address: Option<IpAddr>,
    /// Port.
    pub port: u16,
    /// Target portal group tag.
    pub tpgt: Option<u32>,
    /// Interface record's name.
    pub iface: String,
    /// `iface.net_ifacename`: the NIC by its name that the session is bound to.
    pub net_interface: Option<String>,
    /// `iface.hwaddress`: the same by its MAC address, lower case.
    pub hardware_address: Option<String>,
    /// `node.startup`: `manual`, `automatic`, `onboot`.
    pub startup: Option<Located<Startup>>,
    /// `node.conn[0].startup`.
    pub conn_startup: Option<Located<String>>,
    /// `node.discovery_type`: `send_targets`, `static`, `fw` …
    pub discovery_type: Option<Located<String>>,
    /// `node.session.timeo.replacement_timeout`, seconds.
    pub replacement_timeout: Option<Located<i64>>,
    /// `node.conn[0].timeo.noop_out_interval`, seconds.
    pub noop_interval: Option<Located<i64>>,
    /// `node.conn[0].timeo.noop_out_timeout`, seconds.
    pub noop_timeout: Option<Located<i64>>,
    /// Whether a password stands in it.
    pub secret: bool,
}

/// A session of the running kernel (`/sys/class/iscsi_session`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Kernel name, such as `session1`.
    pub name: String,
    /// Target name.
    pub target: String,
    /// Initiator name.
    pub initiator: Option<String>,
    /// `LOGGED_IN`, `FAILED`, `FREE`.
    pub state: String,
    /// `persistent_address` of its connection: the portal that was asked.
    pub address: Option<IpAddr>,
    /// `persistent_port`.
    pub port: Option<u16>,
    /// `recovery_tmo`, seconds; -1 when endless. replacement_timeout in force.
    pub recovery_tmo: Option<i64>,
    /// `ping_tmo` of its connection, seconds (noop_out_timeout).
    pub ping_tmo: Option<i64>,
    /// `recv_tmo` of its connection, seconds (noop_out_interval).
    pub recv_tmo: Option<i64>,
    /// `iscsi_connection/*/state`, such as `up`.
    pub connection_state: Option<String>,
    /// Disks on it, such as `sda`.
    pub disks: Vec<String>,
    /// Whether the root filesystem lies on it; `None` when that could not be found out.
    pub holds_root: Option<bool>,
    /// `ifacename`, the interface record's name.
    pub iface_name: Option<String>,
    /// The address that the connection's socket has: `local_ipaddr` of the connection or `ipaddress` of the host.
    pub local_address: Option<IpAddr>,
    /// The port that the connection's socket has: `local_port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_port: Option<u16>,
}

impl Session {
    /// The state of one that works.
    pub const LOGGED_IN: &str = "LOGGED_IN";
}

/// Units, their links, and what they run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Services {
    /// Units that matter, by name.
    pub units: Vec<Unit>,
    /// Links of System V init that matter: `rc0.d`, `rc6.d`, `rcS.d` …
    pub sysv: Vec<SysvLink>,
    /// Whether systemd is in the root.
    pub systemd: bool,
    /// Files that could not be read or parsed.
    pub problems: Vec<Problem>,
}

impl Services {
    /// A unit by name.
    pub fn unit(&self, name: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.name == name)
    }
}

/// A unit of systemd, drop-ins merged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unit {
    /// Name with suffix.
    pub name: String,
    /// The file in force; `None` when there is only a link to it.
    pub fragment: Option<Location>,
    /// Drop-ins, in order.
    pub drop_ins: Vec<Location>,
    /// Masked: the link to `/dev/null`, or an empty file.
    pub masked: Option<Location>,
    /// Links that start it: `…wants/NAME`, `…requires/NAME`, and aliases.
    pub enabled_by: Vec<Location>,
    /// `Exec…=` lines that stand in the end.
    pub exec: Vec<ExecLine>,
    /// Units that start it otherwise: `Requires=`, `Wants=`, `Also=` of started ones; sockets.
    pub pulled_by: Vec<String>,
    /// `Conflicts=shutdown.target` in force (by `DefaultDependencies`), so it is stopped at shutdown.
    pub stopped_at_shutdown: bool,
    /// `RemainAfterExit=yes`.
    pub remain_after_exit: bool,
    /// `Type=` as written.
    pub kind: Option<String>,
    /// What `Environment=` sets of `OPENSSL_CONF`, as `NAME=VALUE`; other variables may be secrets, and are not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<Located<String>>,
    /// `EnvironmentFile=`, whose file is not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread_environment: Option<Location>,
    /// Generated from a System V script.
    pub from_sysv: bool,
}

impl Unit {
    /// What runs iscsid.
    pub const ISCSID: &str = "iscsid.service";

    /// Whether it is started at boot, by a link or by another unit, and not masked.
    pub fn starts(&self) -> bool {
        self.masked.is_none() && self.fragment.is_some() && (!self.enabled_by.is_empty() || !self.pulled_by.is_empty())
    }
}

/// A line that runs something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecLine {
    /// `ExecStart`, `ExecStop`, `ExecStopPost` …
    pub directive: String,
    /// What it runs; words that are not known to be harmless are replaced by [`HIDDEN`](super::HIDDEN).
    pub command: String,
    /// Where.
    pub at: Location,
    /// What it does to sessions, where that was found: of the command itself, or of the script it runs.
    pub logout: Option<Logout>,
}

/// A logout that a command does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logout {
    /// Which sessions.
    pub of: LogoutScope,
    /// The line that does it: in the unit or in the script.
    pub at: Location,
    /// The line.
    pub excerpt: String,
    /// Sessions that carry the root are kept back first (Debian's `umountiscsi.sh` list).
    pub keeps_root: bool,
    /// It spares by a list that a script makes of what it sees `/` lie on, and by nothing else.
    #[serde(default)]
    pub keeps_by_list: bool,
    /// Why it is not known whether it keeps them back; `None` where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps_unread: Option<Problem>,
}

/// Which sessions a logout is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogoutScope {
    /// Every session (`iscsiadm -m node -u`, `-m session -u`).
    All,
    /// Those whose record says so (`--logoutall=automatic`, `manual`, or `all` of them). iscsiadm spares
    /// records of startup `onboot` and sessions that have no record (`usr/iscsiadm.c`, `__logout_by_startup`).
    ByStartup(String),
    /// One target.
    Target(String),
}

/// A link of System V init.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SysvLink {
    /// Path, such as `/etc/rc0.d/K01open-iscsi`.
    pub path: String,
    /// The script it stands for.
    pub script: String,
    /// Runlevel: `0`, `6`, `S`, `2` …
    pub runlevel: String,
    /// Starts (S) or stops (K).
    pub start: bool,
    /// What the script does to sessions when it stops.
    pub logout: Option<Logout>,
    /// A unit of the same name takes its place under systemd.
    pub shadowed_by_unit: bool,
}

/// What lies on the disk that a template must or must not carry.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// Things left behind.
    pub left: Vec<Leftover>,
    /// Programs and services looked for, and whether they are there.
    pub wanted: Vec<Wanted>,
    /// Places that could not be read.
    pub problems: Vec<Problem>,
}

/// Something that a template must not carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// What kind.
    pub kind: LeftoverKind,
    /// Path in the root.
    pub path: String,
    /// Bytes, or number of entries for a directory.
    pub amount: u64,
    /// Line where it begins, for credentials; 0 otherwise.
    pub line: u32,
}

/// Something that a template must carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// `snmpd`, `python`, `helper`.
    pub what: String,
    /// Where it is; `None` when it is missing.
    pub found: Option<String>,
    /// Whether it starts at boot, where it is a service.
    pub enabled: Option<bool>,
    /// What was looked for.
    pub looked_for: Vec<String>,
}
