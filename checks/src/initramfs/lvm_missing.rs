//! `initramfs-lvm-missing`: the root is a logical volume, and the image cannot activate it.

use super::below_root::lacking;
use crate::facts::{BootEntry, Initramfs, Layer, Location, VolumeLayers};
use crate::{Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Scope, Severity, ShellCommand};
use std::collections::{BTreeMap, BTreeSet};

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
                initramfs-tools that its ORDER names (local-top/lvm2, local-block/lvm2), or dracut's lvm_scan. Or LVM's \
                metadata on the disk, or where that was not read its backup in the root (/etc/lvm/backup), says that \
                the volume is thin, cached, mirrored, a raid or the origin of a snapshot, and a module for that is \
                missing; of a type that is not known it is `unknown`. LVM goes on without thin_check and cache_check.",
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
    if let (Some(program), Some(activator)) = (&program, &activator) {
        let told = match facts.group_layers(&vg) {
            Some((_, at)) => format!(", of whose segments {at} tells"),
            None => "; what its segments are is not known".to_owned(),
        };
        let sound = Outcome::pass(format!("{activator} activates {vg}/{lv} with {program}{told}"));
        return layers(facts, &vg, &lv).map(|found| found.unwrap_or(sound));
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

/// The modules that a type of segment needs besides dm_mod (LVM's lib/activate and the target of each `segtype`); the
/// levels of a raid are asked for by md itself. `None` of a type that is not known.
pub(super) fn modules_of(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "striped" | "linear" | "error" | "zero" => &[],
        "thin" | "thin-pool" => &["dm_thin_pool"],
        "cache" | "cache-pool" => &["dm_cache"],
        "writecache" => &["dm_writecache"],
        "integrity" => &["dm_integrity"],
        "snapshot" => &["dm_snapshot"],
        "mirror" => &["dm_mirror"],
        "raid1" => &["dm_raid", "raid1"],
        _ if kind.starts_with("raid10") => &["dm_raid", "raid10"],
        _ if kind.starts_with("raid0") => &["dm_raid", "raid0"],
        _ if ["raid4", "raid5", "raid6"].iter().any(|level| kind.starts_with(level)) => &["dm_raid", "raid456"],
        _ => return None,
    })
}

/// The types of the segments of a volume, of those below it, and of its snapshots.
fn types<'a>(volumes: &'a BTreeMap<String, VolumeLayers>, lv: &'a str) -> BTreeSet<&'a str> {
    let is_snapshot = |layers: &&VolumeLayers| layers.types.contains("snapshot") && layers.on.contains(lv);
    let mut types: BTreeSet<&str> = volumes.values().find(is_snapshot).map(|_| "snapshot").into_iter().collect();
    let mut open = vec![lv];
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(layers) = volumes.get(name).filter(|_| seen.insert(name)) {
            types.extend(layers.types.iter().map(String::as_str));
            open.extend(layers.on.iter().map(String::as_str));
        }
    }
    types
}

/// The types of the segments below the root's volume, and what tells them; `None` where it is no volume, or nothing does.
pub(super) fn root_segments(facts: &Analysis<'_>) -> Option<(BTreeSet<String>, Location)> {
    let (vg, lv) = facts.root_volume()?;
    let (volumes, at) = facts.group_layers(&vg)?;
    Some((types(volumes, &lv).into_iter().map(str::to_owned).collect(), at))
}

/// What the layers of the root's volume lack in the image; nothing where they have all, or are not known.
fn layers(facts: &Analysis<'_>, vg: &str, lv: &str) -> Result<Option<Outcome>, Outcome> {
    let Some((volumes, at)) = facts.group_layers(vg) else { return Ok(None) };
    let types = types(volumes, lv);
    let mut modules: Vec<&str> = Vec::new();
    for kind in &types {
        let Some(of_kind) = modules_of(kind) else {
            let reason = format!("{vg}/{lv} has segments of the type {kind}: what they need is not known");
            let evidence = vec![Evidence::at(&at, format!("type = \"{kind}\""))];
            return Err(Outcome::Unknown { reason, evidence });
        };
        modules.extend(of_kind);
    }
    let kinds = types.into_iter().collect::<Vec<_>>().join(", ");
    let broken = |why: String| {
        Finding::critical(format!("the root {vg}/{lv} is of {kinds}, and {why}"))
            .evidence(Evidence::at(&at, format!("{lv}: {kinds}")))
    };
    Ok(lacking(facts, &modules, broken)?.map(Outcome::from))
}

/// What activates volumes: a line that runs, or in a snapshot of an earlier version a file of a known name.
fn activator(image: &Initramfs) -> Option<String> {
    match image.sets_up(Layer::Lvm) {
        Ok(at) => at.map(ToString::to_string),
        Err(_) => image.files.keys().find(|path| ACTIVATORS.iter().any(|end| path.ends_with(end))).cloned(),
    }
}
