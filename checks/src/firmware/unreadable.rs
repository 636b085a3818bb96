//! `ibft-unreadable`: the iBFT could not be read, so nothing is known of it.

use crate::facts::{Facts, Read};
use crate::{Check, Doc, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "ibft-unreadable",
    link: Link::Firmware,
    severity: Severity::Critical,
    scope: Scope::Machine,
    decided_by: &[],
    title: "the iBFT could not be read",
    doc: Doc {
        finds: "The ACPI table or the kernel's view of it exists or may exist, but could not be read. The usual \
                reason is a missing privilege: the files below /sys/firmware/ibft are shown as readable by everybody, \
                and the kernel still answers EACCES to a process without CAP_SYS_ADMIN; those below \
                /sys/firmware/acpi/tables can be opened by root alone.",
        breaks: "Nothing by itself. But what the firmware handed over is not known, so whether the login will find \
                 its target is not known either, and the answer is `unknown` instead of a guess.",
        fix: "Run isctpl as root. With a saved table, name it by --ibft-table; with a captured sysfs tree, by --sysfs.",
        references: &[
            "Linux drivers/scsi/iscsi_boot_sysfs.c (CAP_SYS_ADMIN)",
            "Linux drivers/acpi/sysfs.c (table attributes)",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let firmware = &facts.firmware;
    if let Some(ibft) = firmware.ibft() {
        return Outcome::pass(format!("{} was read", ibft.source));
    }
    for source in [&firmware.table, &firmware.sysfs] {
        if let Read::Unknown(problem) = source {
            return Outcome::unread(problem);
        }
    }
    match (&firmware.table, &firmware.sysfs) {
        (Read::Known(None), _) | (_, Read::Known(None)) => {
            Outcome::not_applicable("this machine was started without an iBFT, so there is none to read")
        }
        (Read::NotApplicable(reason), _) | (_, Read::NotApplicable(reason)) => Outcome::not_applicable(reason.clone()),
        _ => Outcome::unknown("neither source of the iBFT was asked"),
    }
}
