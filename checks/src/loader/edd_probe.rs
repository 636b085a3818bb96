//! `loader-edd-probe`: on a BIOS machine the kernel asks the BIOS about its disks.

use crate::{Analysis, Check, Doc, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "loader-edd-probe",
    link: Link::Loader,
    severity: Severity::Info,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a BIOS machine boots without edd=off on the kernel command line",
    doc: Doc {
        finds: "The machine was booted by a BIOS, or its disk has no EFI system partition, and the loader entry that will \
                boot lacks edd=off. UEFI machines do not run this probe.",
        breaks: "Early in the boot, the kernel asks the BIOS by INT 13h about sixteen disks (`Probing EDD (edd=off to \
                 disable)`), and reads the first sector of each. The boot firmware emulates the SAN disk \
                 by hooking this interrupt. The kernel's source warns that faulty firmware may hang in this probe. \
                 The information gained is of no use to an iSCSI root.",
        fix: "Add edd=off to GRUB_CMDLINE_LINUX if the boot stops at this message; otherwise it is harmless.",
        references: &["Linux arch/x86/boot/edd.c (query_edd)", "https://github.com/ipxe/ipxe/issues/811"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let entry = match facts.booting_entry() {
        Ok(entry) => entry,
        Err(_) => return Err(Outcome::not_applicable("not checked: it is not known which loader entry boots")),
    };
    let on_disk = facts.loader.esp.known().map(|esp| esp.mount_point.is_some());
    match facts.firmware.efi.or(on_disk) {
        Some(true) => return Ok(Outcome::pass("a UEFI machine does not probe EDD")),
        None => {
            return Err(Outcome::not_applicable(
                "not checked: it is not known whether BIOS or UEFI boots this machine",
            ));
        }
        Some(false) => {}
    }
    if let Some(value @ ("off" | "skip" | "skipmbr")) = entry.cmdline.last("edd") {
        return Ok(Outcome::pass(format!("edd={value} is on the kernel command line")));
    }
    Finding::info(
        "the kernel probes the BIOS disks (EDD) at boot, which can hang on the SAN disk that the firmware emulates",
    )
    .evidence(entry.cmdline_evidence())
    .remedy(facts.edit_words("Add edd=off to GRUB_CMDLINE_LINUX.", &[], &["edd=off"]))
    .into()
}
