//! What the checks of the iBFT take from it.

use crate::facts::{Ibft, IbftNic};
use crate::{Analysis, Outcome, ShellCommand};

/// The iBFT, or what a check says that has none to judge: its absence is another check's matter.
pub(super) fn ibft<'a>(facts: &'a Analysis<'_>) -> Result<&'a Ibft, Outcome> {
    facts.firmware.ibft().ok_or_else(|| Outcome::not_applicable("no iBFT was read"))
}

/// The NIC that the firmware booted by, as the table describes it.
pub(super) fn boot_nic<'a>(facts: &'a Analysis<'_>, ibft: &'a Ibft) -> Option<&'a IbftNic> {
    let index = facts.handoff()?.boot_nic()?.index;
    ibft.nics.iter().find(|nic| nic.is_valid() && nic.index == index)
}

/// An address and port as they are written together.
pub(super) fn portal(ip: std::net::IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(ip, port).to_string()
}

/// The command that shows what the kernel said of the iBFT.
pub(super) fn kernel_messages() -> ShellCommand {
    ShellCommand::new(&["dmesg"]).pipe(ShellCommand::new(&["grep", "-i", "ibft"]))
}
