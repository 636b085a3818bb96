//! `initramfs-multipath-missing`: the root is on a multipath map, and the image makes none.

use super::below_root::{each, lacking};
use crate::analysis::Multipath;
use crate::facts::{Initramfs, Layer};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-multipath-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the root is on a multipath map, and the initramfs makes none",
    doc: Doc {
        finds: "The root lies on a map of dm-multipath (by the devices below it, by root= or fstab, or by LVM's \
                backup), and the initramfs lacks multipath or multipathd, everything that runs them, the module \
                dm_multipath, or kpartx where a partition of the map is meant; or a word on the command line turns \
                multipath off (nompath, multipath=off, rd.multipath=0). It is a warning where the root is found \
                without the map, by a UUID or as a logical volume.",
        breaks: "root=/dev/mapper/mpatha names a map that never appears. Where the root is named otherwise, the \
                 initramfs takes one path of the disk, and the machine runs without the others: multipathd cannot take \
                 a disk that is in use.",
        fix: "Install multipath-tools-boot (Debian) or device-mapper-multipath (Red Hat) in the root and rebuild the \
              initramfs; with dracut, add the module multipath.",
        references: &[
            "multipath(8), multipath.conf(5)",
            "Debian multipath-tools-boot, hooks/multipath of initramfs-tools",
            "dracut modules.d/90multipath/module-setup.sh",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let layers = facts.root_layers();
    if layers.multipath.is_empty() {
        return Err(Outcome::not_applicable("the root is not known to be on a multipath map"));
    }
    each(&layers.multipath, |map| is_made(facts, image, map))
}

/// Whether one map is made.
fn is_made(facts: &Analysis<'_>, image: &Initramfs, map: &Multipath) -> Result<Outcome, Outcome> {
    let words = facts.boot_words();
    let off = words.words.iter().find(|word| match word.key.as_str() {
        "nompath" => true,
        "multipath" => word.value.as_deref() == Some("off"),
        "rd.multipath" => matches!(word.value.as_deref(), Some("0" | "no" | "off")),
        _ => false,
    });
    if let Some(word) = off {
        let remedy = facts.edit_words("Remove the word from the kernel command line.", &[&word.to_string()], &[]);
        return finding(map, format!("{word} turns multipath off"))
            .evidence(words.evidence_of(word))
            .remedy(remedy)
            .into();
    }
    let starter = image.sets_up(Layer::Multipath)?;
    if let Some(what) = no_program(image, map, starter.is_some()) {
        image.whole()?;
        let remedy = facts
            .rebuild("Install multipath for the initramfs in the root, and rebuild the initramfs.")
            .without_repairs();
        let apt = ShellCommand::new(&["apt-get", "install", "multipath-tools-boot"]);
        return finding(map, format!("{} has {what}", image.path))
            .evidence(Evidence::new(&image.path, what))
            .evidences(facts.storage.multipath.as_ref().map(|at| Evidence::at(at, "multipath is set up in the root")))
            .remedy(remedy.first(apt.or(ShellCommand::new(&["dnf", "install", "device-mapper-multipath"]))))
            .into();
    }
    if let Some(finding) = lacking(facts, &["dm_multipath"], |why| finding(map, why))? {
        return Ok(finding.into());
    }
    if map.by_name && !["etc/multipath.conf", "etc/multipath/bindings"].iter().any(|path| image.has_file(path)) {
        return Err(Outcome::Unknown {
            reason: format!("root= names {}, and what names maps get in {} is not known", map.name, image.name()),
            evidence: vec![map.seen.clone()],
        });
    }
    Ok(Outcome::pass(match starter {
        Some(at) => format!("{at} makes the map {}, whose name was not followed", map.name),
        None => format!("the map {} is made", map.name),
    }))
}

/// What the image has not, in words.
fn no_program(image: &Initramfs, map: &Multipath, is_started: bool) -> Option<&'static str> {
    if image.program("multipath").is_none() && image.program("multipathd").is_none() {
        Some("neither multipath nor multipathd")
    } else if !is_started {
        Some("no script or unit that runs multipath")
    } else if map.is_partition && map.by_name && image.program("kpartx").is_none() {
        Some("no program kpartx, which makes the maps of partitions")
    } else {
        None
    }
}

/// Critical where the map is needed by its name.
fn finding(map: &Multipath, why: String) -> Finding {
    let summary = format!("the root is on the multipath map {}, and {why}", map.name);
    let finding = if map.by_name {
        Finding::critical(summary)
    } else {
        Finding::warning(format!("{summary}: it comes up on one path"))
    };
    finding.evidence(map.seen.clone())
}
