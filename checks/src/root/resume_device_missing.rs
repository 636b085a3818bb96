//! `root-resume-device-missing`: the image waits for a hibernation device that is not there.

use crate::facts::{Facts, Signature};
use crate::view::DeviceSpec;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "root-resume-device-missing",
    link: Link::Root,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs waits for a hibernation device that is not there",
    doc: Doc {
        finds: "RESUME= of initramfs-tools, in the image or in the root, or resume= on the command line names a \
                device, and none of the block devices that were read is it.",
        breaks: "The script of initramfs-tools waits for the device before it mounts the root: thirty seconds, or \
                 rootdelay= if that is longer. It is left behind when a disk \
                 with a swap partition was made into a template without one.",
        mend: "Set RESUME=none in /etc/initramfs-tools/conf.d/resume, take resume= off the command line, and build \
               the image anew.",
        references: &[
            "initramfs-tools(7), resume",
            "initramfs-tools scripts/local-premount/resume and scripts/local (local_device_setup)",
            "dracut.cmdline(7), resume=",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let Some((text, evidence)) = asked(facts) else {
        return Outcome::pass("the image waits for no hibernation device");
    };
    let spec = DeviceSpec::parse(&text);
    let Some(devices) = facts.storage.devices.known().filter(|devices| !devices.is_empty()) else {
        return Outcome::not_applicable("no block device was looked at");
    };
    // A file or another machine's disk shows the root alone, and not the partitions beside it.
    if let Some(Some(root)) = facts.storage.root_device.known()
        && view::is_stand_in(&root.name)
        && spec.names(root) != Some(true)
    {
        return Outcome::not_applicable(format!(
            "what else is on the disk of the root is not seen behind {}",
            root.name
        ));
    }
    if matches!(spec, DeviceSpec::Kernel(_) | DeviceSpec::Other(_)) {
        return Outcome::not_applicable(format!("{text} is a name that is given anew at every boot"));
    }
    if let Some(device) = devices.iter().find(|device| spec.names(device) == Some(true)) {
        return Outcome::pass(format!("the hibernation device {text} is {}", device.name));
    }
    if let Some(problem) = devices.iter().find_map(|device| device.signature.problem()) {
        return Outcome::unread(problem);
    }
    let swaps: Vec<_> = devices
        .iter()
        .filter_map(|device| match device.signature.known() {
            Some(Some(Signature::Filesystem { kind, uuid, .. })) if kind == "swap" => {
                Some(Evidence::new(format!("/dev/{}", device.name), format!("swap, UUID {}", uuid.as_deref()?)))
            }
            _ => None,
        })
        .collect();
    let devices_seen = Evidence::new("block devices", format!("{} read, none is {text}", devices.len()));
    let mut remedy = view::rebuild(facts, "Wait for no hibernation device, and build the image anew.");
    if view::default_image(facts).is_some_and(|image| view::family(image) == view::Family::InitramfsTools) {
        remedy.commands.insert(0, "echo RESUME=none > /etc/initramfs-tools/conf.d/resume".to_owned());
    }
    Finding::warning(format!("the boot waits for the hibernation device {text}, which is not there"))
        .evidence(evidence)
        .evidence(devices_seen)
        .evidences(swaps)
        .remedy(remedy)
        .into()
}

/// What is asked for: the command line wins over the image's configuration, that over the root's.
fn asked(facts: &Facts) -> Option<(String, Evidence)> {
    let words = view::boot_words(facts);
    if words.has("noresume") {
        return None;
    }
    let word = words.words.iter().rev().find(|word| word.key == "resume");
    let image = view::default_image(facts);
    let configured = image.and_then(|image| image.resume.as_ref()).or(facts.storage.resume.as_ref());
    let (text, evidence) = match (word, configured) {
        (Some(word), _) => (word.value.clone()?, view::word_evidence(&words, word)),
        (None, Some(located)) => (located.value.clone(), Evidence::from(located)),
        (None, None) => return None,
    };
    (!matches!(text.as_str(), "" | "none" | "auto")).then_some((text, evidence))
}
