//! The managers of network configuration.

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
    /// wicked: SUSE's ifcfg files.
    Wicked,
    /// cloud-init, where it will write the configuration of others anew.
    CloudInit,
    /// A service that may configure interfaces, and that isctpl does not read.
    Unread,
}

impl Manager {
    /// Every manager.
    pub const ALL: [Self; 9] = [
        Self::Ifupdown,
        Self::Netplan,
        Self::Networkd,
        Self::NetworkManager,
        Self::Dhcpcd,
        Self::Ifcfg,
        Self::Wicked,
        Self::CloudInit,
        Self::Unread,
    ];

    /// The services that start it, where it has some of its own.
    pub const fn services(self) -> &'static [&'static str] {
        match self {
            Self::Ifupdown => &["networking.service"],
            Self::Networkd => &["systemd-networkd.service"],
            Self::NetworkManager => &["NetworkManager.service"],
            Self::Dhcpcd => &["dhcpcd.service", "dhcpcd5.service"],
            Self::Ifcfg => &["network.service"],
            Self::Wicked => &["wicked.service"],
            Self::CloudInit => &["cloud-init-local.service", "cloud-init-network.service", "cloud-init.service"],
            Self::Netplan | Self::Unread => &[],
        }
    }

    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ifupdown => "ifupdown",
            Self::Netplan => "netplan",
            Self::Networkd => "networkd",
            Self::NetworkManager => "NetworkManager",
            Self::Dhcpcd => "dhcpcd",
            Self::Ifcfg => "network-scripts",
            Self::Wicked => "wicked",
            Self::CloudInit => "cloud-init",
            Self::Unread => "another manager",
        }
    }
}
