//! `ibft-missing`: the image is to log in to what the iBFT names, and there is none.

use crate::facts::{Fact, Mode, RequestKind};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "ibft-missing",
    link: Link::Firmware,
    severity: Severity::Critical,
    scope: Scope::Machine,
    decided_by: &[],
    title: "there is no iBFT",
    doc: Doc {
        finds: "Neither the ACPI tables nor the kernel show an iSCSI Boot Firmware Table (iBFT), though the initramfs \
                is told to take target, initiator and addresses from it. An instance whose initramfs names its target \
                itself needs no iBFT, and is not reported; nor is a rescue system that was started from other media, \
                whose firmware had no SAN disk to describe. A table that could not be read is not called missing.",
        breaks: "The login of the initramfs asks the firmware for a target and gets none, so the root disk never \
                 appears. Boot firmware writes an iBFT only when it has attached a SAN disk and describes it: iPXE \
                 does so for sanboot and sanhook, not when it is told --no-describe. On a BIOS machine the kernel \
                 finds the table only in low memory, between 512 KiB and 1 MiB.",
        fix: "Let the boot firmware attach the LUN itself (iPXE: sanboot or sanhook without --no-describe), or \
               name the target to the initramfs: iscsi_target_name= and iscsi_target_ip= for initramfs-tools, \
               netroot=iscsi: for dracut. If the ACPI table is there and the kernel does not show it, load the \
               module iscsi_ibft.",
        references: &[
            "Linux drivers/firmware/iscsi_ibft.c and iscsi_ibft_find.c",
            "https://ipxe.org/cmd/sanboot",
            "iPXE src/drivers/block/ibft.c",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let firmware = &facts.firmware;
    let unread = firmware.table.problem().is_some() || firmware.sysfs.problem().is_some();
    if unread && firmware.ibft().is_none() {
        return Err(Outcome::not_applicable("the iBFT could not be read: see ibft-unreadable"));
    }
    let requests = facts.effective_requests();
    let asked = requests.iter().find(|request| request.kind == RequestKind::Firmware);
    if let Some(ibft) = firmware.ibft() {
        if let (Some(request), Mode::Live, Fact::Known(None)) = (asked, facts.scope.mode, &firmware.sysfs) {
            return Finding::warning(format!(
                "the ACPI table {} exists, but /sys/firmware/ibft does not: the module iscsi_ibft is not loaded",
                ibft.source
            ))
            .evidence(Evidence::new("/sys/firmware/ibft", "does not exist"))
            .evidence(request.evidence.clone())
            .remedy(
                Remedy::new("Load the module. If /sys/firmware/ibft is still missing, the kernel rejected the table.")
                    .command(ShellCommand::new(&["modprobe", "iscsi_ibft"]))
                    .command(super::table::kernel_messages()),
            )
            .into();
        }
        return Ok(Outcome::pass(format!("{} is an iBFT of {}/{}", ibft.source, ibft.oem_id, ibft.oem_table_id)));
    }
    if asked.is_none() && requests.iter().any(|request| request.kind != RequestKind::Firmware) {
        return Err(Outcome::not_applicable(
            "the kernel command line or the initramfs names the target, so no iBFT is needed",
        ));
    }
    if facts.scope.mode == Mode::Root && !facts.scope.firmware_given {
        return Err(Outcome::not_applicable(
            "this host was not booted from the SAN, so it has no iBFT; the instance's own boot may have one",
        ));
    }
    // A login that is not known depends on nothing that is known.
    let Some(asked) = asked else {
        return Ok(match facts.judged_image() {
            Ok(_) | Err(Outcome::NotApplicable(_)) => Outcome::not_applicable(
                "neither the kernel command line nor the initramfs asks for a login by the iBFT",
            ),
            Err(Outcome::Unknown { reason, evidence }) => Outcome::Unknown {
                reason: format!(
                    "this machine has no iBFT; without the initramfs it is not known whether the login needs one \
                     ({reason})"
                ),
                evidence,
            },
            Err(ended) => ended,
        });
    };
    let finding = Finding::critical("this machine has no iBFT, and the login of the initramfs needs one")
        .evidence(Evidence::new("/sys/firmware/acpi/tables", "no table iBFT, IBFT or BIFT"))
        .evidence(Evidence::new("/sys/firmware/ibft", "does not exist"))
        .evidence(asked.evidence.clone());
    let mut remedy = Remedy::new(
        "Have the boot firmware attach the LUN and describe it (iPXE: sanboot without --no-describe), or name \
         the target on the kernel command line.",
    );
    if firmware.efi == Some(false) {
        remedy = remedy
            .command(ShellCommand::new(&["modprobe", "iscsi_ibft"]))
            .command(ShellCommand::new(&["ls", "/sys/firmware/ibft"]).on_machine());
    }
    finding.remedy(remedy).into()
}
