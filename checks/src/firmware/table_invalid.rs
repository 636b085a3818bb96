//! `ibft-table-invalid`: the table has faults that the kernel does not forgive.

use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "ibft-table-invalid",
    link: Link::Firmware,
    severity: Severity::Critical,
    scope: Scope::Machine,
    decided_by: &[],
    title: "the iBFT is malformed",
    doc: Doc {
        finds: "The ACPI table violates the format: a checksum that is not zero, a revision other than 1, \
                a control structure of less than 18 bytes, a structure of a wrong length, an offset or a string \
                outside the table.",
        breaks: "Linux rejects the table as a whole: `iBFT has incorrect checksum`, `supports only revision 1`, \
                 `Control header is invalid`. /sys/firmware/ibft then does not exist, and the login finds no target. \
                 A longer control structure, which iPXE writes for more than two SAN paths, is accepted: \
                 current kernels take it; older ones did not. \
                 Where the kernel accepts the table all the same, this is a warning.",
        fix: "Update the boot firmware.",
        references: &[
            "Linux drivers/firmware/iscsi_ibft.c (ibft_check_device, ibft_verify_hdr)",
            "iPXE commit 7cfdd769a",
            "iSCSI Boot Firmware Table (iBFT), version 1.03",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let table = facts.firmware.table.known().and_then(Option::as_ref);
    let sysfs = facts.firmware.sysfs.known().and_then(Option::as_ref);
    let Some(ibft) = table.or(sysfs) else { return Err(Outcome::not_applicable("no iBFT was read")) };
    let Some(first) = ibft.faults.first() else {
        return Ok(Outcome::pass(match ibft.length {
            0 => format!("{} is well-formed", ibft.source),
            length => {
                format!("{} is well-formed: {length} bytes of {}/{}", ibft.source, ibft.oem_id, ibft.oem_table_id)
            }
        }));
    };
    let shown = sysfs.is_some_and(|sysfs| sysfs.faults.is_empty());
    let summary = format!("the iBFT is malformed: {}", first.what);
    let finding = if shown { Finding::warning(summary) } else { Finding::critical(summary) };
    finding
        .evidences(ibft.faults.iter().map(Evidence::from))
        .remedy(
            Remedy::new(
                "Update the boot firmware; with iPXE, give sanboot at most two paths. The kernel's log says why it \
                 rejected the table.",
            )
            .command(super::table::kernel_messages()),
        )
        .into()
}
