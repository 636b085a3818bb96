//! `initramfs-unreadable`: the image is damaged.

use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-unreadable",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs is damaged",
    doc: Doc {
        finds: "The initramfs cannot be unpacked to its end: it is empty or cut short, its compression is broken, or \
                an archive in it is malformed. Every segment is read, as the kernel does: plain archives first, then \
                padding, then compressed archives. What isctpl itself cannot read (a compression that it does not \
                support, or a limit) is reported as `unknown`, not as damage.",
        breaks: "The kernel unpacks what it can, prints `Initramfs unpacking failed`, and starts /init from the part \
                 that it unpacked, or panics. An initramfs is cut short if /boot was full, or if the machine was \
                 reset while the file was written.",
        fix: "Free space in /boot, and rebuild the initramfs.",
        references: &[
            "Linux Documentation/driver-api/early-userspace/buffer-format.rst",
            "Linux init/initramfs.c (unpack_to_rootfs)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let Some(image) = facts.default_image() else {
        return Ok(match facts.judged_image() {
            Err(outcome) => outcome,
            Ok(image) => Outcome::unknown(format!("{} was not judged", image.path)),
        });
    };
    if image.size == 0 {
        return Err(Outcome::not_applicable(format!(
            "not checked: {} is empty (see loader-initrd-missing)",
            image.path
        )));
    }
    image.whole()?;
    if !image.damage.is_empty() || (image.files.is_empty() && image.modules.is_empty()) {
        let what =
            image.damage.first().map_or_else(|| "it contains no files".to_owned(), |problem| problem.what.clone());
        let evidence: Vec<Evidence> = image.damage.iter().map(Evidence::from).collect();
        let evidence = if evidence.is_empty() {
            vec![Evidence::new(&image.path, format!("{} bytes, no entries", image.size))]
        } else {
            evidence
        };
        let text = "Free space in /boot, rebuild the initramfs, and check that the command ends without an error.";
        let remedy = facts.rebuild(text).first(ShellCommand::new(&["df", "-h", "/boot"]));
        return Finding::critical(format!("{} is damaged: {what}", image.path))
            .evidences(evidence)
            .remedy(remedy)
            .into();
    }
    let entries: u64 = image.segments.iter().map(|segment| segment.entries).sum();
    let kinds: Vec<_> = image.segments.iter().map(|segment| segment.compression.as_str()).collect();
    Ok(Outcome::pass(format!("{} was read completely: {entries} entries, {}", image.name(), kinds.join(" + "))))
}
