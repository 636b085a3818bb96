//! `ibft-unreadable`: the iBFT could not be read, so nothing is known of it.

use crate::facts::Fact;
use crate::{Analysis, Check, Doc, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "ibft-unreadable",
    link: Link::Firmware,
    severity: Severity::Critical,
    scope: Scope::Machine,
    decided_by: &[],
    title: "the iBFT could not be read",
    doc: Doc {
        finds: "The ACPI table or /sys/firmware/ibft exists or may exist, but could not be read. The usual \
                reason is a missing privilege: the files in /sys/firmware/ibft have mode 0444, \
                but the kernel answers EACCES to a process without CAP_SYS_ADMIN; those in \
                /sys/firmware/acpi/tables can be opened by root alone.",
        breaks: "Nothing on its own. But without the iBFT it is not known whether the login will find \
                 its target, so the verdict is `unknown` instead of a guess.",
        fix: "Run isctpl as root, or give a saved table with --ibft-table, or a captured sysfs tree with --sysfs.",
        references: &[
            "Linux drivers/scsi/iscsi_boot_sysfs.c (CAP_SYS_ADMIN)",
            "Linux drivers/acpi/sysfs.c (table attributes)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let firmware = &facts.firmware;
    if let Some(ibft) = firmware.ibft() {
        return Ok(Outcome::pass(format!("{} was read", ibft.source)));
    }
    for source in [&firmware.table, &firmware.sysfs] {
        if let Fact::Unknown(problem) = source {
            return Err(Outcome::unread(problem));
        }
    }
    Ok(match (&firmware.table, &firmware.sysfs) {
        (Fact::Known(None), _) | (_, Fact::Known(None)) => {
            Outcome::not_applicable("this machine was booted without an iBFT")
        }
        (Fact::NotApplicable(reason), _) | (_, Fact::NotApplicable(reason)) => Outcome::not_applicable(reason.clone()),
        _ => Outcome::unknown("neither the ACPI tables nor /sys/firmware/ibft were read"),
    })
}
