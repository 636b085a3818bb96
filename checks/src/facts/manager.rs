//! The managers of network configuration.

use super::{Located, Location};
use serde::{Deserialize, Serialize};

/// The managers of network configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manager {
    /// ifupdown or ifupdown2: `/etc/network/interfaces`.
    Ifupdown,
    /// netplan; it writes for networkd or NetworkManager.
    Netplan,
    /// systemd-networkd.
    Networkd,
    /// NetworkManager.
    NetworkManager,
    /// dhcpcd as a service.
    Dhcpcd,
    /// Red Hat's `network-scripts` / ifcfg files.
    Ifcfg,
    /// cloud-init, where it will write the configuration of others anew.
    CloudInit,
    /// A service that may configure interfaces, and that isctpl does not read.
    Unread,
}

impl Manager {
    /// Every manager.
    pub const ALL: [Self; 8] = [
        Self::Ifupdown,
        Self::Netplan,
        Self::Networkd,
        Self::NetworkManager,
        Self::Dhcpcd,
        Self::Ifcfg,
        Self::CloudInit,
        Self::Unread,
    ];

    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ifupdown => "ifupdown",
            Self::Netplan => "netplan",
            Self::Networkd => "networkd",
            Self::NetworkManager => "NetworkManager",
            Self::Dhcpcd => "dhcpcd",
            Self::Ifcfg => "network-scripts",
            Self::CloudInit => "cloud-init",
            Self::Unread => "another manager",
        }
    }
}

/// ifupdown2 in the place of ifupdown: it reads the same files, and does not know `no-auto-down`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ifupdown2 {
    /// Its program.
    pub at: Location,
    /// What keeps its service from taking interfaces down at shutdown: a line of `/etc/default/networking`, or the file
    /// that says that the root is on iSCSI.
    pub stays_up: Option<Located<String>>,
}
