//! `ibft-nic-absent`: the NIC that the firmware booted by is not among the machine's NICs.

use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "ibft-nic-absent",
    link: Link::Firmware,
    severity: Severity::Critical,
    scope: Scope::Machine,
    decided_by: &[],
    title: "no NIC has the MAC address that the iBFT names",
    doc: Doc {
        finds: "The iBFT names the boot NIC by its MAC address, and no network interface of this kernel has \
                that address. The MAC decides, not the PCI address: the kernel looks the latter up in PCI domain 0 \
                only, and its `device` link may name another card.",
        breaks: "The initramfs looks for the NIC by that MAC, to give it the iBFT's addresses or to run DHCP \
                 on it. It finds none, the SAN NIC stays down, and no login is tried. Causes are a missing driver, \
                 a virtual function, a card that was replaced after the table was saved, and offload cards on which the iSCSI \
                 function has a MAC address of its own.",
        fix: "Load the driver of that NIC, or boot through a NIC that the kernel has a driver for. Compare the MAC addresses.",
        references: &[
            "Linux drivers/firmware/iscsi_ibft.c (ibft_nic_set_device)",
            "open-iscsi utils/fwparam_ibft/fwparam_sysfs.c",
            "dracut modules.d/network-legacy/net-lib.sh (ibft_to_cmdline)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let ibft = super::table::ibft(facts)?;
    let Some(nic) = super::table::boot_nic(facts, ibft) else {
        return Err(Outcome::not_applicable("the iBFT names no valid NIC: see ibft-target-incomplete"));
    };
    let nics = facts.nics.needed()?;
    if let Some(found) = nics.iter().find(|candidate| candidate.mac.eq_ignore_ascii_case(&nic.mac)) {
        let driver = found.driver.as_deref().map(|driver| format!(" ({driver})")).unwrap_or_default();
        return Ok(Outcome::pass(format!("the NIC {} of the iBFT is {}{driver}", nic.mac, found.name)));
    }
    let summary = format!("no NIC of this machine has the iBFT's MAC address {}", nic.mac);
    // A login that names its target itself can do without the NIC of the firmware.
    let finding = if facts.wants_named_target() && !facts.wants_firmware() {
        Finding::warning(summary)
    } else {
        Finding::critical(summary)
    };
    finding
        .evidence(Evidence::new(&ibft.source, format!("ethernet{}: mac {}", nic.index, nic.mac)))
        .evidences(
            nics.iter()
                .filter(|candidate| candidate.physical)
                .map(|candidate| Evidence::new(format!("/sys/class/net/{}/address", candidate.name), &candidate.mac)),
        )
        .remedy(
            Remedy::new("Load the driver of that NIC, or have the firmware boot through a NIC that the kernel has a driver for.")
                .command(ShellCommand::new(&["ip", "-br", "link"]))
                .command(ShellCommand::new(&["lspci", "-nnk", "-d", "::0200"])),
        )
        .into()
}
