//! What was asked for, where this machine has what the steps work on, and what they hand on.

use crate::formats::text::secret::Secret;
use crate::probes::lun::choice::RootChoice;
use crate::probes::lun::contents::Filesystem;
use crate::procedures::Failure;
use crate::system::Root;
use crate::system::command::{Invocation, Output, Runner};
use ipnet::IpNet;
use isctpl_checks::facts::{BlockDevice, Session};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// Where the journal lies. It is gone after a restart, as are session, maps and mounts.
pub(crate) const STATE: &str = "/run/isctpl/rescue";

/// What was asked for. It stands in the journal, so no secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RescueRequest {
    /// Where the target is asked for.
    pub(crate) portal: SocketAddr,
    /// The target's iSCSI name.
    pub(crate) target: String,
    /// Number of the logical unit.
    pub(crate) lun: u64,
    /// The world-wide id that the unit must have, where it is known.
    pub(crate) wwid: Option<String>,
    /// The initiator's iSCSI name.
    pub(crate) initiator: String,
    /// The CHAP user name; `None` to log in without CHAP.
    pub(crate) username: Option<String>,
    /// The SAN NIC, where it is known.
    pub(crate) nic: Option<Nic>,
    /// Where the instance's root is mounted.
    pub(crate) at: PathBuf,
    /// Only look: mount nothing writable.
    pub(crate) read_only: bool,
    /// Log in and find the disk, and mount nothing of it: an installer is to write on it.
    #[serde(default)]
    pub(crate) login_only: bool,
    /// The root, where it was chosen.
    pub(crate) root: Option<RootChoice>,
    /// Where all this was learnt, for people.
    pub(crate) source: String,
    /// Whether this machine's iBFT names this LUN and initiator: the instance belongs to this hardware.
    pub(crate) same_machine: bool,
}

impl RescueRequest {
    /// One that asks for nothing: for putting back what has no journal.
    pub(crate) fn nothing() -> Self {
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
            login_only: false,
            root: None,
            source: String::new(),
            same_machine: false,
        }
    }
}

/// The SAN NIC, and what it takes to bring it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Nic {
    /// Its name on this machine.
    pub(crate) name: String,
    /// Its address with the length of the network's prefix.
    pub(crate) address: Option<IpNet>,
    /// The gateway to the portal.
    pub(crate) gateway: Option<IpAddr>,
}

/// What the steps work with.
#[derive(Debug)]
pub(crate) struct Context {
    /// What was asked for.
    pub(crate) request: RescueRequest,
    /// The CHAP secret, where it is at hand: it is not when something is taken down.
    pub(crate) password: Option<Secret>,
    /// Runs programs, and ends them where somebody asks to stop.
    pub(crate) runner: Runner,
    /// This machine's files.
    pub(crate) host: Root,
    /// The root of sysfs, `/sys`.
    pub(crate) sysfs: Root,
    /// open-iscsi's settings, `/etc/iscsi`.
    pub(crate) settings: PathBuf,
    /// Places where open-iscsi keeps its records: the settings' directory, and `/var/lib/iscsi`.
    pub(crate) databases: Vec<PathBuf>,
    /// Where the journal lies, and copies of what is bound.
    pub(crate) state: PathBuf,
    /// Whether this process is root.
    pub(crate) privileged: bool,
    /// What a person should know besides.
    pub(crate) remarks: Vec<String>,
}

impl Context {
    /// A context on this machine.
    ///
    /// # Errors
    /// When `/` or `/sys` cannot be opened.
    pub(crate) fn on_this_machine(
        request: RescueRequest,
        password: Option<Secret>,
        runner: Runner,
    ) -> Result<Self, Failure> {
        Ok(Self {
            request,
            password,
            runner,
            host: Root::running()?,
            sysfs: Root::sysfs()?,
            settings: PathBuf::from("/etc/iscsi"),
            databases: vec![PathBuf::from("/etc/iscsi"), PathBuf::from("/var/lib/iscsi")],
            state: PathBuf::from(STATE),
            privileged: nix::unistd::geteuid().is_root(),
            remarks: Vec::new(),
        })
    }

    /// Runs a program.
    ///
    /// # Errors
    /// When it does not end well.
    pub(crate) fn run(&self, invocation: &Invocation) -> Result<Output, Failure> {
        Ok(self.runner.run(invocation)?)
    }

    /// A remark for the end, once.
    pub(crate) fn remark(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// The portal as open-iscsi's programs take it.
    pub(crate) fn portal(&self) -> String {
        self.request.portal.to_string()
    }

    /// Where the root itself is mounted: out of the reach of anyone but root. What was asked for is a link to it.
    pub(crate) fn place(&self) -> PathBuf {
        place(&self.state)
    }

    /// A path below the mounted root, as a person names it.
    pub(crate) fn below(&self, path: &str) -> PathBuf {
        self.request.at.join(path.trim_start_matches('/'))
    }
}

/// Where the root itself is mounted, given where the journal lies.
pub(crate) fn place(state: &Path) -> PathBuf {
    state.join("root")
}

/// A session to the target.
#[derive(Debug, Clone)]
pub(crate) struct TargetSession {
    /// The session as sysfs shows it.
    pub(crate) session: Session,
    /// Whether it is this procedure's own. Another one's is used, and not touched.
    pub(crate) is_ours: bool,
}

/// The session to the target that was there before any step, by an earlier run or by somebody else.
pub(crate) type Earlier = Option<TargetSession>;

/// The disk of the LUN.
#[derive(Debug, Clone)]
pub(crate) struct LunDisk {
    pub(crate) device: BlockDevice,
    /// Whether it came by a session of this procedure's own.
    pub(crate) is_ours: bool,
}

/// What a rescue comes to.
#[derive(Debug, Clone)]
pub(crate) struct Rescued {
    /// The disk of the LUN.
    pub(crate) disk: BlockDevice,
    /// The root on it, unless only a login was asked for.
    pub(crate) root: Option<MountedRoot>,
}

/// The root that is mounted.
#[derive(Debug, Clone)]
pub(crate) struct MountedRoot {
    /// The filesystem that it stands on.
    pub(crate) filesystem: Filesystem,
    /// What the system calls itself.
    pub(crate) system_name: Option<String>,
}
