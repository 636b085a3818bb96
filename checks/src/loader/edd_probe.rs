//! `loader-edd-probe`: on a BIOS machine the kernel asks the BIOS about its disks.

use crate::facts::Facts;
use crate::{Check, Doc, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "loader-edd-probe",
    link: Link::Loader,
    severity: Severity::Info,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "on a BIOS machine, edd=off is not on the command line",
    doc: Doc {
        finds: "The machine was started by a BIOS, or its disk has no EFI system partition, and the entry that will \
                boot does not say edd=off. UEFI machines do not run this probe.",
        breaks: "Before it starts, the kernel asks the BIOS by INT 13h about sixteen disks (`Probing EDD (edd=off to \
                 disable)`), and reads the first sector of each. The SAN disk is one that the boot firmware emulates \
                 by hooking this interrupt. The kernel's source warns that faulty firmware may hang in this probe. \
                 The information gained is of no use to an iSCSI root.",
        fix: "Add edd=off to GRUB_CMDLINE_LINUX if the boot stops at this message; it does no harm otherwise.",
        references: &["Linux arch/x86/boot/edd.c (query_edd)", "https://github.com/ipxe/ipxe/issues/811"],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let entry = match super::default_entry(facts) {
        Ok(entry) => entry,
        Err(_) => return Outcome::not_applicable("it is not known which entry boots"),
    };
    let on_disk = facts.loader.esp.known().map(|esp| esp.mount_point.is_some());
    match facts.firmware.efi.or(on_disk) {
        Some(true) => return Outcome::pass("a UEFI machine does not probe EDD"),
        None => return Outcome::not_applicable("it is not known whether a BIOS or UEFI starts this machine"),
        Some(false) => {}
    }
    if let Some(value @ ("off" | "skip" | "skipmbr")) = entry.cmdline.last("edd") {
        return Outcome::pass(format!("edd={value} is on the command line"));
    }
    Finding::info("the kernel will probe the BIOS's disks (EDD), which can hang with a disk of the boot firmware")
        .evidence(view::command_line(entry))
        .remedy(view::edit_words(facts, "Add edd=off to GRUB_CMDLINE_LINUX.", &[], &["edd=off"]))
        .into()
}
