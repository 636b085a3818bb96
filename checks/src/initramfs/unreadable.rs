//! `initramfs-unreadable`: the image is damaged.

use crate::facts::Facts;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, ShellCommand, view};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-unreadable",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs is damaged",
    doc: Doc {
        finds: "The image cannot be unpacked to its end: it holds nothing, is cut short, its compression is broken, or an \
                archive in it is malformed. Every segment is read, as the kernel does: plain archives in front, \
                padding, and then compressed ones. What isctpl itself cannot read (a compression it does not know, a \
                limit) is `unknown` and not damage.",
        breaks: "The kernel unpacks what it can, says `Initramfs unpacking failed`, and starts /init from what came \
                 out, or panics. An image is cut short when /boot was full or the machine was reset while it was \
                 written.",
        fix: "Make room in /boot and build the image anew.",
        references: &[
            "Linux Documentation/driver-api/early-userspace/buffer-format.rst",
            "Linux init/initramfs.c (unpack_to_rootfs)",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let Some(image) = view::default_image(facts) else {
        return match view::judged_image(facts) {
            Err(outcome) => outcome,
            Ok(image) => Outcome::unknown(format!("{} was not judged", image.path)),
        };
    };
    if image.size == 0 {
        return Outcome::not_applicable(format!("{} is empty: loader-initrd-missing says so", image.path));
    }
    if let Some(outcome) = view::incomplete(image) {
        return outcome;
    }
    if !image.damage.is_empty() || (image.files.is_empty() && image.modules.is_empty()) {
        let what = image.damage.first().map_or_else(|| "it holds no files".to_owned(), |problem| problem.what.clone());
        let evidence: Vec<Evidence> = image.damage.iter().map(Evidence::from).collect();
        let evidence = if evidence.is_empty() {
            vec![Evidence::new(&image.path, format!("{} bytes, no entries", image.size))]
        } else {
            evidence
        };
        let text = "Make room in /boot, build the image anew, and see that it ends without an error.";
        let remedy = view::rebuild(facts, text).first(ShellCommand::new(&["df", "-h", "/boot"]));
        return Finding::critical(format!("{} is damaged: {what}", image.path))
            .evidences(evidence)
            .remedy(remedy)
            .into();
    }
    let entries: u64 = image.segments.iter().map(|segment| segment.entries).sum();
    let kinds: Vec<_> = image.segments.iter().map(|segment| segment.compression.as_str()).collect();
    Outcome::pass(format!("{} was read whole: {entries} entries, {}", super::name(image), kinds.join(" + ")))
}
