//! `initramfs-raid-missing`: the root is on Linux's software RAID, and the image does not assemble it.

use super::below_root::{each, lacking};
use crate::analysis::{self, Family, Raid};
use crate::facts::{Initramfs, Layer, MdArray};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-raid-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the root is on software RAID, and the initramfs does not assemble it",
    doc: Doc {
        finds: "The root lies on an array of Linux's software RAID (by the devices below it, by root= or fstab, or by \
                LVM's backup), and the initramfs lacks mdadm, everything that runs it (udev's rule \
                64-md-raid-assembly, dracut's 65-md-incremental, a script in local-block), or the module of the \
                array's level. Or dracut is not asked for the array: without rd.md.uuid= or rd.auto its initramfs \
                assembles none, and rd.md=0 turns it off. Or mdadm.conf in the initramfs has AUTO -all and no line \
                for the array. Where root= names a device such as /dev/md0 and mdadm.conf in the initramfs has no \
                line for it, it is `unknown`: the array may come up by another name, such as /dev/md127.",
        breaks: "The disks appear, and the array does not: the boot waits for the root until it gives up.",
        fix: "Install mdadm in the root and rebuild the initramfs; with dracut, set rd.md.uuid= of the array on the \
              kernel command line.",
        references: &[
            "mdadm.conf(5), AUTO, ARRAY",
            "dracut.cmdline(7), rd.md.uuid=, rd.auto",
            "dracut modules.d/90mdraid/parse-md.sh",
            "Debian mdadm, hooks/mdadm of initramfs-tools",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let layers = facts.root_layers();
    if layers.raid.is_empty() {
        return Err(Outcome::not_applicable("the root is not known to be on software RAID"));
    }
    each(&layers.raid, |raid| is_assembled(facts, image, raid))
}

/// Whether one array is assembled.
fn is_assembled(facts: &Analysis<'_>, image: &Initramfs, raid: &Raid) -> Result<Outcome, Outcome> {
    let starter = image.sets_up(Layer::Raid)?;
    let missing = match (image.program("mdadm"), starter) {
        (None, _) => Some("no program mdadm"),
        (Some(_), None) => Some("no rule or script that assembles an array"),
        (Some(_), Some(_)) => None,
    };
    if let Some(what) = missing {
        image.whole()?;
        let remedy = facts.rebuild("Install mdadm in the root, and rebuild the initramfs.").without_repairs();
        let apt = ShellCommand::new(&["apt-get", "install", "mdadm"]);
        return broken(raid, format!("{} has {what}", image.path))
            .evidence(Evidence::new(&image.path, what))
            .remedy(remedy.first(apt.or(ShellCommand::new(&["dnf", "install", "mdadm"]))))
            .into();
    }
    if let Some(finding) = not_asked(facts, image, raid)? {
        return Ok(finding.into());
    }
    if let Some(finding) = module_missing(facts, raid)? {
        return Ok(finding.into());
    }
    named(image, raid)?;
    let level = raid.level.as_deref().map(|level| format!(", {level}")).unwrap_or_default();
    Ok(Outcome::pass(match starter {
        Some(at) => format!("{at} assembles {}{level}", raid.device),
        None => format!("{} is assembled", raid.device),
    }))
}

fn broken(raid: &Raid, why: String) -> Finding {
    Finding::critical(format!("the root is on the array {}, and {why}", raid.device)).evidence(raid.seen.clone())
}

/// What dracut's words keep from being assembled. Its scripts assemble an array that rd.md.uuid= names, or all where
/// rd.auto is set, and otherwise none.
fn not_asked(facts: &Analysis<'_>, image: &Initramfs, raid: &Raid) -> Result<Option<Finding>, Outcome> {
    let script = image.files.keys().find(|path| path.ends_with("parse-md.sh") && path.contains("hooks/"));
    let (Some(script), Family::Dracut) = (script, image.family()) else { return Ok(None) };
    let words = facts.boot_words();
    let is_off = words.has("rd.md") && !words.is_on("rd.md");
    let named: Vec<_> = words.words.iter().filter(|word| word.key == "rd.md.uuid").collect();
    let wanted: Vec<Option<String>> = named.iter().map(|word| analysis::plain_uuid(word.value.as_deref()?)).collect();
    let why = if is_off {
        "rd.md=0 stops dracut from assembling it"
    } else if named.is_empty() {
        if words.is_on("rd.auto") {
            return Ok(None);
        }
        "neither rd.md.uuid= nor rd.auto asks dracut to assemble it"
    } else {
        let Some(uuid) = &raid.uuid else {
            return Err(Outcome::unknown(format!(
                "the boot assembles the arrays of rd.md.uuid= alone, and the UUID of {} is not known",
                raid.device
            )));
        };
        if wanted.iter().flatten().any(|wanted| wanted == uuid) {
            return Ok(None);
        }
        if wanted.contains(&None) {
            return Err(Outcome::unknown(format!("it is not known whether rd.md.uuid= names {}", raid.device)));
        }
        "rd.md.uuid= names other arrays only"
    };
    let text = "Set rd.md.uuid= of the array on the kernel command line (mdadm --detail shows it).";
    let add = raid.uuid.as_ref().map(|uuid| {
        let groups: Vec<&str> = [0..8, 8..16, 16..24, 24..32].into_iter().filter_map(|part| uuid.get(part)).collect();
        format!("rd.md.uuid={}", groups.join(":"))
    });
    let off: Vec<String> =
        words.words.iter().filter(|word| is_off && word.key == "rd.md").map(ToString::to_string).collect();
    let remedy = match &add {
        Some(add) => facts.edit_words(text, &off.iter().map(String::as_str).collect::<Vec<_>>(), &[add]),
        None => facts.update_loader(text),
    };
    let asked = words.words.iter().filter(|word| word.key.starts_with("rd.md")).map(|word| words.evidence_of(word));
    let finding = broken(raid, why.to_owned())
        .evidence(Evidence::new(format!("{}!{script}", image.path), "assembles only what the command line asks for"))
        .evidences(asked)
        .remedy(remedy);
    Ok(Some(finding))
}

/// The module of a level.
pub(super) fn module_of(level: &str) -> Option<&'static str> {
    Some(match level {
        "linear" => "linear",
        "raid0" => "raid0",
        "raid1" => "raid1",
        "raid10" => "raid10",
        "raid4" | "raid5" | "raid6" => "raid456",
        _ => return None,
    })
}

/// The module of the array's level; of a level that is not known, those of all must be there.
fn module_missing(facts: &Analysis<'_>, raid: &Raid) -> Result<Option<Finding>, Outcome> {
    let Some(level) = &raid.level else {
        return match lacking(facts, &["raid0", "raid1", "raid10", "raid456"], |why| broken(raid, why))? {
            None => Ok(None),
            Some(_) => Err(Outcome::unknown(format!(
                "the level of {} is not known, and the initramfs has not the modules of all",
                raid.device
            ))),
        };
    };
    let Some(module) = module_of(level) else {
        return Err(Outcome::unknown(format!("{} is of the level {level}: its module is not known", raid.device)));
    };
    lacking(facts, &[module], |why| broken(raid, why))
}

/// That mdadm.conf in the image lets the array come up by its name.
fn named(image: &Initramfs, raid: &Raid) -> Result<(), Outcome> {
    let is_this = |array: &MdArray| array.uuid.is_some() && array.uuid == raid.uuid;
    if let Some(line) = image.md_arrays.iter().find(|array| array.value.ignored && is_this(&array.value)) {
        return Err(Outcome::Unknown {
            reason: format!("mdadm.conf in {} has mdadm leave {} alone", image.name(), raid.device),
            evidence: vec![Evidence::at(&line.at, "ARRAY <ignore>")],
        });
    }
    let is_listed = image
        .md_arrays
        .iter()
        .any(|array| array.value.device.as_deref() == Some(raid.device.as_str()) || is_this(&array.value));
    if is_listed {
        return Ok(());
    }
    let lines = || {
        image.md_arrays.iter().map(|array| {
            Evidence::at(&array.at, format!("ARRAY {}", array.value.device.as_deref().unwrap_or_default()))
        })
    };
    if let Some(only) = &image.md_named_only {
        return Err(Outcome::Unknown {
            reason: format!(
                "{} assembles only arrays that mdadm.conf names, and no line is known to be that of {}",
                only.at, raid.device
            ),
            evidence: std::iter::once(Evidence::from(only)).chain(lines()).collect(),
        });
    }
    if raid.by_name {
        return Err(Outcome::Unknown {
            reason: format!(
                "root= names {}, and mdadm.conf in {} has no line for it: the array may come up by another name",
                raid.device,
                image.name()
            ),
            evidence: std::iter::once(raid.seen.clone()).chain(lines()).collect(),
        });
    }
    Ok(())
}
