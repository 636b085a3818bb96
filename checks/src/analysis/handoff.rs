//! What the boot firmware hands over, by whichever protocol: from where it booted, by which NICs, and as whom.

use crate::facts::{Firmware, IbftNic, IbftTarget};
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;

/// The protocol of a handoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The iSCSI Boot Firmware Table.
    Ibft,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ibft => "iBFT",
        })
    }
}

/// What the firmware handed over.
#[derive(Debug)]
pub(crate) struct BootHandoff<'a> {
    /// How.
    pub(crate) protocol: Protocol,
    /// Where it was read: a path.
    pub(crate) source: &'a str,
    /// The initiator's name.
    pub(crate) initiator: Option<&'a str>,
    /// The valid NICs, in the order of the table.
    pub(crate) nics: Vec<HandoffNic<'a>>,
    /// The valid targets, in the order of the table.
    pub(crate) targets: Vec<HandoffTarget<'a>>,
}

/// A NIC that the firmware hands over.
#[derive(Debug, Clone)]
pub(crate) struct HandoffNic<'a> {
    /// Its number in the table.
    pub(crate) index: u8,
    /// Whether the firmware says that it booted by it; iPXE says so of every NIC.
    chosen: bool,
    /// MAC address, lower case with colons.
    pub(crate) mac: &'a str,
    /// Address; `None` when unspecified.
    pub(crate) address: Option<IpAddr>,
    /// Its network, where the prefix is known.
    pub(crate) network: Option<IpNet>,
    /// Gateway as the firmware knew it; not the lease's option 121.
    pub(crate) gateway: Option<IpAddr>,
    /// Whether scripts of an image ask DHCP for its address instead of taking this one.
    pub(crate) by_dhcp: bool,
}

/// A target that the firmware hands over.
#[derive(Debug, Clone)]
pub(crate) struct HandoffTarget<'a> {
    /// What the table calls it, such as `iBFT target0`.
    pub(crate) title: String,
    /// Whether the firmware booted from it.
    chosen: bool,
    /// Target name.
    pub(crate) name: Option<&'a str>,
    /// Portal address; `None` when unspecified.
    pub(crate) ip: Option<IpAddr>,
    /// TCP port.
    pub(crate) port: u16,
    /// Whether the firmware has a CHAP account for it; `None` where it says so, and shows not all of it.
    pub(crate) account: Option<bool>,
    /// The number of the NIC that leads to it.
    nic: u8,
}

impl<'a> BootHandoff<'a> {
    /// What this firmware handed over; `None` when nothing was read of it.
    pub(super) fn of(firmware: &'a Firmware) -> Option<Self> {
        let ibft = firmware.ibft()?;
        Some(Self {
            protocol: Protocol::Ibft,
            source: &ibft.source,
            initiator: ibft.initiator.as_ref().and_then(|initiator| initiator.name.as_deref()),
            nics: ibft.nics.iter().filter(|nic| nic.is_valid()).map(HandoffNic::of_ibft).collect(),
            targets: ibft.targets.iter().filter(|target| target.is_valid()).map(HandoffTarget::of_ibft).collect(),
        })
    }

    /// The NIC that the firmware booted by: the one that leads to the target it booted from, or else the one that
    /// it says it booted by, or else the first.
    pub(crate) fn boot_nic(&self) -> Option<&HandoffNic<'a>> {
        let target = self.targets.iter().find(|target| target.chosen);
        let named = target.and_then(|target| self.nics.iter().find(|nic| nic.index == target.nic));
        named.or_else(|| self.nics.iter().find(|nic| nic.chosen)).or(self.nics.first())
    }

    /// The targets that the firmware booted from: those chosen, or all of them.
    pub(crate) fn boot_targets(&self) -> Vec<&HandoffTarget<'a>> {
        let chosen: Vec<_> = self.targets.iter().filter(|target| target.chosen).collect();
        if chosen.is_empty() { self.targets.iter().collect() } else { chosen }
    }

    /// The NIC that leads to a portal, where the firmware names several and which one it is.
    pub(crate) fn nic_to(&self, ip: IpAddr) -> Option<&HandoffNic<'a>> {
        let target = self.targets.iter().find(|target| target.ip == Some(ip))?;
        self.nics.iter().find(|nic| nic.index == target.nic).filter(|_| self.nics.len() > 1)
    }

    /// Whether an address lies in the subnet of a NIC that the firmware hands over, so that it needs no route.
    pub(crate) fn is_on_link(&self, ip: IpAddr) -> bool {
        self.nics.iter().filter_map(|nic| nic.network).any(|network| network.contains(&ip))
    }
}

impl<'a> HandoffNic<'a> {
    fn of_ibft(nic: &'a IbftNic) -> Self {
        Self {
            index: nic.index,
            chosen: nic.is_boot(),
            mac: &nic.mac,
            address: nic.ip,
            network: nic.network(),
            gateway: nic.gateway,
            by_dhcp: nic.is_by_dhcp(),
        }
    }
}

impl<'a> HandoffTarget<'a> {
    fn of_ibft(target: &'a IbftTarget) -> Self {
        Self {
            title: format!("{} target{}", Protocol::Ibft, target.index),
            chosen: target.is_boot(),
            name: target.name.as_deref(),
            ip: target.ip,
            port: target.port,
            account: match target.chap_type {
                0 => Some(false),
                _ => (target.chap_name_present && target.chap_secret_present).then_some(true),
            },
            nic: target.nic_assoc,
        }
    }
}
