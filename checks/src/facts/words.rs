//! Words that the kernel and programs write, as far as a verdict hangs on them. Any other word is kept as it is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An enum of words, which is a string wherever it is written.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$of])* $variant,)*
            /// Another word.
            Other(String),
        }

        impl $name {
            /// The word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)*
                    _ => Self::Other(word),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::from(String::new())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Operational state of an interface (RFC 2863), as sysfs writes it.
    OperState {
        /// It passes packets.
        Up = "up",
        /// It does not.
        Down = "down",
        /// The driver does not tell.
        Unknown = "unknown",
        /// An interface below it is down.
        LowerLayerDown = "lowerlayerdown",
        /// Something of it is missing, such as its hardware.
        NotPresent = "notpresent",
        /// It waits for something, such as 802.1X.
        Dormant = "dormant",
    }
}

words! {
    /// Kind of an interface (`IFLA_INFO_KIND`).
    LinkKind {
        /// The hardware's own: the kernel names no kind.
        Hardware = "",
        /// A VLAN on the interface below.
        Vlan = "vlan",
        /// A bond.
        Bond = "bond",
        /// A bridge.
        Bridge = "bridge",
        /// A team.
        Team = "team",
        /// A macvlan on the interface below.
        Macvlan = "macvlan",
        /// An ipvlan on the interface below.
        Ipvlan = "ipvlan",
    }
}

impl LinkKind {
    /// Whether it carries the MAC address of a NIC below it.
    pub fn lies_on_a_nic(&self) -> bool {
        matches!(self, Self::Vlan | Self::Bond | Self::Bridge | Self::Team | Self::Macvlan | Self::Ipvlan)
    }
}

words! {
    /// When open-iscsi logs in to a node (`node.startup`).
    Startup {
        /// Only when somebody asks for it.
        Manual = "manual",
        /// When its service starts.
        Automatic = "automatic",
        /// The initramfs has logged in: it is a root's.
        Onboot = "onboot",
    }
}

words! {
    /// Who holds a DHCP lease.
    LeaseClient {
        /// ISC dhclient.
        Dhclient = "dhclient",
        /// dhcpcd.
        Dhcpcd = "dhcpcd",
        /// systemd-networkd.
        Networkd = "networkd",
        /// NetworkManager.
        NetworkManager = "networkmanager",
        /// klibc's ipconfig, which is gone once the initramfs is.
        Klibc = "klibc",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_known_is_kept() {
        for (word, state) in [("dormant", OperState::Dormant), ("testing", OperState::Other("testing".to_owned()))] {
            let read: OperState = serde_json::from_value(word.into()).unwrap();
            assert_eq!(read, state);
            assert_eq!(serde_json::to_value(&read).unwrap(), word);
        }
        assert_eq!(LinkKind::default(), LinkKind::Hardware);
    }
}
