//! The boot chain: nine links in boot order, and the template beside them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A link of the boot chain, in boot order; [`Link::Template`] stands beside the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// What the firmware hands over exists, is valid, and names a NIC of this machine, a target, a LUN, an initiator.
    Firmware,
    /// The entry that will boot has a kernel, an initrd and a root= that exist.
    Loader,
    /// That kernel can do iSCSI.
    Kernel,
    /// The image can be read whole and holds what it needs.
    Initramfs,
    /// Something in the image brings up the SAN NIC, has a way to the target, and logs in.
    Login,
    /// The LUN's volume group and filesystem appear and are the ones root= means.
    Root,
    /// The real root's network configuration takes the SAN NIC over without dropping anything.
    Handover,
    /// The target is reached through the SAN NIC now.
    Uptime,
    /// Nothing logs the root session out before the filesystems are synced.
    Shutdown,
    /// What a template must and must not carry.
    Template,
}

impl Link {
    /// The nine links of the chain, in boot order.
    pub const CHAIN: [Self; 9] = [
        Self::Firmware,
        Self::Loader,
        Self::Kernel,
        Self::Initramfs,
        Self::Login,
        Self::Root,
        Self::Handover,
        Self::Uptime,
        Self::Shutdown,
    ];

    /// The word that stands for it in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Firmware => "firmware",
            Self::Loader => "loader",
            Self::Kernel => "kernel",
            Self::Initramfs => "initramfs",
            Self::Login => "login",
            Self::Root => "root",
            Self::Handover => "handover",
            Self::Uptime => "uptime",
            Self::Shutdown => "shutdown",
            Self::Template => "template",
        }
    }

    /// The link with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::CHAIN.into_iter().chain([Self::Template]).find(|link| link.name() == name)
    }

    /// Whether a break here keeps the machine from coming up.
    pub fn is_boot_path(self) -> bool {
        self <= Self::Root
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkStatus {
    /// Every check passed.
    Pass,
    /// A check found a warning.
    Warn,
    /// A check found something critical.
    Fail,
    /// A check that decides could not be made.
    Unknown,
    /// No check of it applies in this mode.
    NotApplicable,
}

impl LinkStatus {
    /// The word that stands for it in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not-applicable",
        }
    }
}
