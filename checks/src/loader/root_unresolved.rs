//! `loader-root-unresolved`: `root=` is missing, or means another device than the root.

use crate::analysis::DeviceSpec;
use crate::facts::{BootEntry, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, WordMatch};

pub(crate) static CHECK: Check = Check {
    id: "loader-root-unresolved",
    link: Link::Loader,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "root= is missing or names another device than this root",
    doc: Doc {
        finds: "The loader entry that will boot has no root=, or one with a variable that the loader does not expand, or one \
                that names another device than the one this root is mounted from. Where that device is not known, \
                root= is compared with the line for / in /etc/fstab. /dev/ubuntu-vg/ubuntu-lv and \
                /dev/mapper/ubuntu--vg-ubuntu--lv are the same volume: the mapper's name doubles every hyphen.",
        breaks: "The initramfs waits for a device that never appears and drops to a shell (`ALERT! … does not exist`, \
                 or dracut's emergency mode), or mounts another system than the intended one. Typical \
                 of a disk on which the filesystem was recreated or copied, and so has another UUID.",
        fix: "Regenerate the loader's configuration from inside the root, with /boot mounted; for entries in \
               loader/entries, set root= with grubby.",
        references: &[
            "Linux Documentation/admin-guide/kernel-parameters.txt, root=",
            "libdevmapper, dm_build_dm_name",
            "GRUB manual, Root Identification Heuristics",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let entry = facts.booting_entry()?;
    let Some(text) = entry.cmdline.last("root").filter(|text| !text.is_empty()) else {
        if let Some(problem) = entry.rest_not_read() {
            return Err(Outcome::unread(problem));
        }
        if let Some(variable) = entry.unresolved.first() {
            return Err(Outcome::unknown(format!(
                "the loader entry's command line contains ${variable}, which could not be expanded"
            )));
        }
        return Ok(broken(facts, entry, format!("the loader entry {:?} has no root=", entry.title), None));
    };
    if text.contains('$') {
        let summary = format!("the loader entry {:?} has root={text}, a variable that is not expanded", entry.title);
        return Ok(broken(facts, entry, summary, None));
    }
    let spec = DeviceSpec::parse(text);
    if let Some(Some(device)) = facts.storage.root_device.known() {
        let name = device.dm_name.as_deref().unwrap_or(&device.name);
        match spec.names(device) {
            Some(true) => return Ok(Outcome::pass(format!("root={text} is {name}, the device of this root"))),
            Some(false) => {
                let summary = format!("root={text} is not {name}, the device of this root");
                let seen = match device.signature.known().and_then(Option::as_ref) {
                    Some(crate::facts::Signature::Filesystem { kind, uuid: Some(uuid), .. }) => {
                        format!("{name}: {kind}, UUID {uuid}")
                    }
                    _ => name.to_owned(),
                };
                return Ok(broken(facts, entry, summary, Some(Evidence::new(format!("/dev/{}", device.name), seen))));
            }
            None => {}
        }
    }
    let line = facts.storage.fstab.iter().find(|line| line.target == "/");
    Ok(match line.and_then(|line| Some((line, spec.same_as(&DeviceSpec::parse(&line.spec))?))) {
        Some((_, true)) => Outcome::pass(format!("root={text} is the device that /etc/fstab mounts at /")),
        Some((line, false)) => {
            let summary = format!("root={text} is not {}, which /etc/fstab mounts at /", line.spec);
            broken(facts, entry, summary, Some(Evidence::at(&line.at, format!("{} / {}", line.spec, line.kind))))
        }
        None => {
            facts.was_read(Source::Fstab)?;
            Outcome::pass(format!("root={text} contradicts neither /etc/fstab nor any device that was read"))
        }
    })
}

fn broken(facts: &Analysis<'_>, entry: &BootEntry, summary: String, against: Option<Evidence>) -> Outcome {
    // What the defaults say of it comes after what the generator writes, and wins.
    let defaults = &facts.loader.defaults;
    let lines = [&defaults.cmdline_linux, &defaults.cmdline_linux_default];
    let told: Vec<WordMatch> = lines
        .into_iter()
        .flatten()
        .flat_map(|line| line.value.words.iter().filter(|word| word.key == "root"))
        .map(|word| WordMatch::Word(word.to_string()))
        .collect();
    let remedy = facts
        .write_loader("Regenerate the loader's configuration from inside the root, so that root= names its device.");
    let untell = (!told.is_empty() && facts.loader_can_be_written()).then(|| facts.change_words(told, Vec::new()));
    Finding::critical(summary)
        .evidence(entry.cmdline_evidence())
        .evidences(against)
        .remedy(remedy.repairs_by(untell.flatten()))
        .into()
}
