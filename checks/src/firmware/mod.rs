//! The checks of the link `firmware`.

mod gateway_missing;
mod initiator_mismatch;
mod missing;
mod nic_absent;
mod table_invalid;
mod target_incomplete;
mod unreadable;
mod vlan_unsupported;

use crate::facts::{Facts, Ibft, IbftNic};
use crate::{Check, Outcome, ShellCommand};

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &target_incomplete::CHECK,
    &missing::CHECK,
    &unreadable::CHECK,
    &table_invalid::CHECK,
    &nic_absent::CHECK,
    &gateway_missing::CHECK,
    &initiator_mismatch::CHECK,
    &vlan_unsupported::CHECK,
];

/// The iBFT, or what a check says that has none to judge: its absence is another check's matter.
fn ibft(facts: &Facts) -> Result<&Ibft, Outcome> {
    facts.firmware.ibft().ok_or_else(|| Outcome::not_applicable("no iBFT was read"))
}

/// The NIC that the firmware booted by: the one that the boot target names, else the boot NIC.
fn boot_nic(ibft: &Ibft) -> Option<&IbftNic> {
    let target = ibft.targets.iter().find(|target| target.flags & 3 == 3);
    let named = target.and_then(|target| ibft.nics.iter().find(|nic| nic.is_valid() && nic.index == target.nic_assoc));
    named
        .or_else(|| ibft.nics.iter().find(|nic| nic.is_valid() && nic.is_boot()))
        .or_else(|| ibft.nics.iter().find(|nic| nic.is_valid()))
}

/// An address and port as they are written together.
fn portal(ip: std::net::IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(ip, port).to_string()
}

/// The command that shows what the kernel said of the iBFT.
fn kernel_messages() -> ShellCommand {
    ShellCommand::new(&["dmesg"]).pipe(ShellCommand::new(&["grep", "-i", "ibft"]))
}
