//! What was asked for, and what the steps have learnt so far.

use crate::formats::text::secret::Secret;
use crate::probes::lun::contents::{Contents, Filesystem};
use crate::procedures::Failure;
use crate::procedures::journal::Journal;
use crate::procedures::rescue::host::lvm::Selection;
use crate::system::Root;
use crate::system::command::{CommandError, Invocation, Output, Runner};
use ipnet::IpNet;
use isctpl_checks::facts::{BlockDevice, Session};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was asked for. It stands in the journal, so no secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescueRequest {
    /// Where the target is asked for.
    pub portal: SocketAddr,
    /// The target's iSCSI name.
    pub target: String,
    /// Number of the logical unit.
    pub lun: u64,
    /// The world-wide id that the unit must have, where it is known.
    pub wwid: Option<String>,
    /// The initiator's iSCSI name.
    pub initiator: String,
    /// The CHAP user name; `None` to log in without CHAP.
    pub username: Option<String>,
    /// The SAN NIC, where it is known.
    pub nic: Option<Nic>,
    /// Where the instance's root is mounted.
    pub at: PathBuf,
    /// Only look: mount nothing writable.
    pub read_only: bool,
    /// The root, where it was chosen.
    pub root: Option<RootChoice>,
    /// Where all this was learnt, for people.
    pub source: String,
    /// Whether this machine's iBFT names this LUN and initiator: the instance belongs to this hardware.
    pub same_machine: bool,
}

impl RescueRequest {
    /// One that asks for nothing: for putting back what has no journal.
    pub fn nothing() -> Self {
        Self {
            portal: SocketAddr::from(([0, 0, 0, 0], 0)),
            target: String::new(),
            lun: 0,
            wwid: None,
            initiator: String::new(),
            username: None,
            nic: None,
            at: PathBuf::from("/target"),
            read_only: false,
            root: None,
            source: String::new(),
            same_machine: false,
        }
    }
}

/// The SAN NIC, and what it takes to bring it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nic {
    /// Its name on this machine.
    pub name: String,
    /// Its address with the length of the network's prefix.
    pub address: Option<IpNet>,
    /// The gateway to the portal.
    pub gateway: Option<IpAddr>,
}

/// Which filesystem is the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootChoice {
    /// A kernel name, a device's path, `VG/LV`, or `UUID=` with a filesystem's UUID.
    pub device: String,
    /// The subvolume, of btrfs.
    pub subvolume: Option<String>,
}

/// What the steps work with.
#[derive(Debug)]
pub struct Context {
    /// What was asked for.
    pub request: RescueRequest,
    /// The CHAP secret, where it is at hand: it is not when something is taken down.
    pub password: Option<Secret>,
    /// Runs programs.
    pub runner: Runner,
    /// This machine's files.
    pub host: Root,
    /// Its sysfs.
    pub sysfs: Root,
    /// open-iscsi's settings, `/etc/iscsi`.
    pub settings: PathBuf,
    /// Places where open-iscsi keeps its records: the settings' directory, and `/var/lib/iscsi`.
    pub databases: Vec<PathBuf>,
    /// Where the journal lies, and copies of what is bound.
    pub state: PathBuf,
    /// Whether this process is root.
    pub privileged: bool,
    /// What a person should know besides.
    pub remarks: Vec<String>,
    /// The session to the target, once there is one.
    pub session: Option<Session>,
    /// Whether it is this procedure's own.
    pub session_is_ours: bool,
    /// The LUN's disk, once it was found.
    pub disk: Option<BlockDevice>,
    /// What stands on the LUN.
    pub contents: Contents,
    /// The root's filesystem, once it is mounted.
    pub root: Option<Filesystem>,
    /// What the mounted system calls itself.
    pub system_name: Option<String>,
}

impl Context {
    /// A context on this machine.
    ///
    /// # Errors
    /// When `/` or `/sys` cannot be opened.
    pub fn on_this_machine(request: RescueRequest, password: Option<Secret>, runner: Runner) -> Result<Self, Failure> {
        Ok(Self {
            request,
            password,
            runner,
            host: Root::running()?,
            sysfs: Root::open_labelled(Path::new("/sys"), "/sys")?,
            settings: PathBuf::from("/etc/iscsi"),
            databases: vec![PathBuf::from("/etc/iscsi"), PathBuf::from("/var/lib/iscsi")],
            state: PathBuf::from("/run/isctpl/rescue"),
            privileged: nix::unistd::geteuid().is_root(),
            remarks: Vec::new(),
            session: None,
            session_is_ours: false,
            disk: None,
            contents: Contents::default(),
            root: None,
            system_name: None,
        })
    }

    /// Learns what the journal and the machine tell of an earlier run: the session, and the disk.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn recall(&mut self, journal: &Journal) -> Result<(), Failure> {
        crate::procedures::rescue::steps::login::learn(self, &journal.deeds_of("login"))?;
        if self.session.is_some() {
            crate::procedures::rescue::steps::find_lun::recall(self);
        }
        Ok(())
    }

    /// Runs a program.
    ///
    /// # Errors
    /// When it does not end well.
    pub fn run(&self, call: &Invocation) -> Result<Output, Failure> {
        Ok(self.runner.run(call)?)
    }

    /// Runs iscsiadm, where the database is not locked by one that was killed.
    pub(crate) fn iscsiadm(&self, call: &Invocation) -> Result<Output, CommandError> {
        crate::procedures::rescue::host::open_iscsi::free(self);
        self.runner.run(call)
    }

    /// A remark for the end, once.
    pub fn remark(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// The portal as open-iscsi's programs take it.
    pub fn portal(&self) -> String {
        self.request.portal.to_string()
    }

    /// Whether another one's session to the target is there, which is used and not touched.
    pub fn uses_session_of_others(&self) -> bool {
        self.session.is_some() && !self.session_is_ours
    }

    /// LVM's view limited to the LUN: its disk and all partitions and maps on it.
    pub fn lvm(&self) -> Selection {
        Selection::of(self)
    }

    /// Where the root itself is mounted: out of the reach of anyone but root. What was asked for is a link to it.
    pub fn place(&self) -> PathBuf {
        crate::procedures::rescue::host::mount_point::place(&self.state)
    }

    /// A path below the mounted root, as a person names it.
    pub fn below(&self, path: &str) -> PathBuf {
        self.request.at.join(path.trim_start_matches('/'))
    }
}

/// `iscsiadm`, which asks a daemon and a target, and is given this long.
pub(crate) fn iscsiadm<S: Into<String>>(seconds: u64, arguments: impl IntoIterator<Item = S>) -> Invocation {
    Invocation::new("iscsiadm", Duration::from_secs(seconds)).args(arguments)
}

/// A deed as its step wrote it.
pub(crate) fn deed<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> Result<T, Failure> {
    serde_json::from_value(value.clone())
        .map_err(|error| Failure::failed(format!("the journal has an entry that cannot be read: {error}")))
}
