//! `initramfs-lvm-missing`: the root is a logical volume, and the image cannot activate it.

use crate::facts::{BootEntry, Initramfs};
use crate::{Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-lvm-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the root is a logical volume, and the initramfs cannot activate it",
    doc: Doc {
        finds: "root= (or fstab, or the device of the root) is a logical volume, and the initramfs lacks the program \
                lvm, or everything that would run it: a udev rule (69-lvm, 69-dm-lvm, 64-lvm), a script of \
                initramfs-tools (local-top/lvm2, local-block/lvm2), or dracut's lvm_scan.",
        breaks: "The disk appears, but its volume group does not: `ALERT! /dev/mapper/… does not exist`.",
        fix: "Install lvm2 in the root and rebuild the initramfs; with dracut, add the module lvm.",
        references: &["lvm(8)", "lvmautoactivation(7)", "dracut modules.d/90lvm/module-setup.sh"],
    },
    judge,
};

/// What activates volume groups, by the end of its path.
const ACTIVATORS: [&str; 8] = [
    "rules.d/69-lvm.rules",
    "rules.d/69-dm-lvm.rules",
    "rules.d/69-dm-lvm-metad.rules",
    "rules.d/64-lvm.rules",
    "scripts/local-top/lvm2",
    "scripts/local-block/lvm2",
    "sbin/lvm_scan",
    "bin/lvm_scan",
];

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let Some((vg, lv)) = facts.root_volume() else {
        return Err(Outcome::not_applicable("the root is not known to be a logical volume"));
    };
    let program = image.program("lvm");
    let activator = activator(image);
    if let (Some(program), Some(activator)) = (&program, activator) {
        return Ok(Outcome::pass(format!("{activator} activates {vg}/{lv} with {program}")));
    }
    image.whole()?;
    let what = if program.is_none() { "no program lvm" } else { "no script or udev rule that activates volume groups" };
    let contents = ImageContents { lvm: true, ..ImageContents::default() };
    let mut remedy = facts.rebuild_holding(contents, "Install lvm2 in the root, and rebuild the initramfs.");
    if facts.storage.lvm_installed.is_none() {
        remedy = remedy.without_repairs();
        let apt = ShellCommand::new(&["apt-get", "install", "lvm2"]);
        remedy = remedy.first(apt.or(ShellCommand::new(&["dnf", "install", "lvm2"])));
    }
    Finding::critical(format!("the root is the logical volume {vg}/{lv}, and {} has {what}", image.path))
        .evidence(Evidence::new(&image.path, what))
        .evidences(facts.loader.default_entry().map(BootEntry::root_evidence))
        .evidences(facts.omitting(&[]))
        .remedy(remedy)
        .into()
}

fn activator(image: &Initramfs) -> Option<&str> {
    image.files.keys().map(String::as_str).find(|path| ACTIVATORS.iter().any(|end| path.ends_with(end)))
}
