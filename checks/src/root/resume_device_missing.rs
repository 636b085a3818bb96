//! `root-resume-device-missing`: the image waits for a hibernation device that is not there.

use crate::facts::{BlockDevice, Facts, Signature};
use crate::view::{DeviceSpec, Family};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand, view};

/// What systemd resumes by: its generator writes `JobTimeoutSec=infinity` for the device since version 245,
/// and wants one of these units, by version.
const GENERATOR: &str = "systemd/system-generators/systemd-hibernate-resume-generator";
const UNITS: [&str; 2] =
    ["systemd/system/systemd-hibernate-resume@.service", "systemd/system/systemd-hibernate-resume.service"];

pub(crate) static CHECK: Check = Check {
    id: "root-resume-device-missing",
    link: Link::Root,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs waits for a hibernation device that is not there",
    doc: Doc {
        finds: "RESUME= of initramfs-tools, in the image or in the root, or resume= on the command line names a \
                device, and none of the block devices that were read is it, nor may it lie behind one of them: in a \
                volume that is not active, or encrypted.",
        breaks: "In an image with systemd that resumes, as dracut makes them, systemd waits for the device of \
                 resume= for ever, and the root is never mounted (critical). The script of initramfs-tools waits \
                 before it mounts the root, too: thirty seconds, or rootdelay= if that is longer (a warning). The \
                 word is left behind when a disk with a swap partition was made into a template without one.",
        fix: "Set RESUME=none in /etc/initramfs-tools/conf.d/resume, take resume= off the command line, and build \
               the image anew.",
        references: &[
            "initramfs-tools(7), resume",
            "initramfs-tools scripts/local-premount/resume and scripts/local (local_device_setup)",
            "dracut.cmdline(7), resume=",
            "https://github.com/systemd/systemd/pull/14241",
            "https://github.com/systemd/systemd/issues/35180",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let Some(asked) = asked(facts) else {
        return Outcome::pass("the image waits for no hibernation device");
    };
    let spec = DeviceSpec::parse(&asked.device);
    let Some(devices) = facts.storage.devices.known().filter(|devices| !devices.is_empty()) else {
        return unseen(&asked, "no block device was looked at");
    };
    // A file or another machine's disk shows the root alone, and not the partitions beside it.
    if let Some(Some(root)) = facts.storage.root_device.known()
        && view::is_stand_in(&root.name)
        && spec.names(root) != Some(true)
    {
        return unseen(&asked, format!("what else is on the disk of the root is not seen behind {}", root.name));
    }
    if let Some((above, gone)) = view::gone_below_root(facts) {
        return unseen(&asked, format!("{gone} below {above} is gone, and with it whatever was beside it"));
    }
    if matches!(spec, DeviceSpec::Kernel(_) | DeviceSpec::Other(_)) {
        return Outcome::not_applicable(format!("{} is a name that is given anew at every boot", asked.device));
    }
    if let Some(device) = devices.iter().find(|device| spec.names(device) == Some(true)) {
        return Outcome::pass(format!("the hibernation device {} is {}", asked.device, device.name));
    }
    if let Some(problem) = devices.iter().find_map(|device| device.signature.problem()) {
        return unseen(&asked, problem.to_string());
    }
    let inactive = inactive_volumes(devices);
    if let DeviceSpec::Volume { vg, lv } = &spec
        && let Some((device, ..)) = inactive.iter().find(|(_, group, volume)| (*group, *volume) == (vg, lv))
    {
        return Outcome::pass(format!("the hibernation device {} is a volume on {}", asked.device, device.name));
    }
    if let (DeviceSpec::Uuid(_) | DeviceSpec::Label(_), Some((_, vg, lv))) = (&spec, inactive.first()) {
        return unseen(&asked, format!("{vg}/{lv} is not active, and what is on it not seen"));
    }
    if let Some(device) =
        devices.iter().find(|device| matches!(device.signature.known(), Some(Some(Signature::Luks { .. }))))
    {
        return unseen(&asked, format!("{} is encrypted, and what is in it not seen", device.name));
    }
    let devices_seen = Evidence::new("block devices", format!("{} read, none is {}", devices.len(), asked.device));
    let summary = match asked.for_ever {
        true => format!("the boot waits for the hibernation device {} for ever, and it is not there", asked.device),
        false => format!("the boot waits for the hibernation device {}, which is not there", asked.device),
    };
    let finding = if asked.for_ever { Finding::critical(summary) } else { Finding::warning(summary) };
    let remedy = remedy(facts, &asked);
    finding.evidence(asked.evidence).evidence(devices_seen).evidences(swaps(devices)).remedy(remedy).into()
}

/// Whether the device is there cannot be told. A boot that waits half a minute at worst is no worse for that.
fn unseen(asked: &Asked, reason: impl Into<String>) -> Outcome {
    let reason = reason.into();
    match asked.for_ever {
        true => Outcome::unknown(format!(
            "the boot waits for the hibernation device {} for ever where it is not there: {reason}",
            asked.device
        )),
        false => Outcome::not_applicable(reason),
    }
}

/// Volumes that the disks tell of and that no device shows, such as those beside the root in a rescue system,
/// with the disk, the group and their own names.
fn inactive_volumes(devices: &[BlockDevice]) -> Vec<(&BlockDevice, &String, &String)> {
    let mut found = Vec::new();
    for device in devices {
        let Some(Some(Signature::LvmPv { vg: Some(vg), lvs, .. })) = device.signature.known() else { continue };
        let is_active = |lv: &&String| {
            let name = view::mapper_name(vg, lv);
            devices.iter().any(|device| device.dm_name.as_ref() == Some(&name))
        };
        found.extend(lvs.iter().filter(|lv| !is_active(lv)).map(|lv| (device, vg, lv)));
    }
    found
}

/// Swap that there is: what may have been meant.
fn swaps(devices: &[BlockDevice]) -> Vec<Evidence> {
    let swap = |device: &BlockDevice| match device.signature.known() {
        Some(Some(Signature::Filesystem { kind, uuid, .. })) if kind == "swap" => {
            Some(Evidence::new(format!("/dev/{}", device.name), format!("swap, UUID {}", uuid.as_deref()?)))
        }
        _ => None,
    };
    devices.iter().filter_map(swap).collect()
}

fn remedy(facts: &Facts, asked: &Asked) -> Remedy {
    if let Some(word) = &asked.word {
        return view::edit_words(facts, "Take the word off the command line.", &[word], &[]);
    }
    let mut remedy = view::rebuild(facts, "Wait for no hibernation device, and build the image anew.");
    if view::default_image(facts).is_some_and(|image| view::family(image) == Family::InitramfsTools) {
        remedy = remedy.first(ShellCommand::write_line("/etc/initramfs-tools/conf.d/resume", "RESUME=none", &[]));
    }
    remedy
}

/// What the image is asked to wait for.
struct Asked {
    device: String,
    evidence: Evidence,
    /// The word of the command line that asks, where one does.
    word: Option<String>,
    /// Nothing ends the wait but the device.
    for_ever: bool,
}

/// The command line wins over the image's configuration, and that over the root's. systemd knows the command
/// line alone.
fn asked(facts: &Facts) -> Option<Asked> {
    let words = view::boot_words(facts);
    if words.has("noresume") {
        return None;
    }
    let image = view::default_image(facts);
    let has = |end: &str| image.is_some_and(|image| image.files.keys().any(|path| path.ends_with(end)));
    let by_systemd = has(GENERATOR) && UNITS.iter().any(|unit| has(unit));
    // What dracut adds to the command line in the image is not there for systemd.
    let told = facts.loader.default_entry().is_some_and(|entry| entry.cmdline.has("resume"));
    let asked = match words.words.iter().rev().find(|word| word.key == "resume") {
        Some(word) => {
            let limited = words.all("resumeflags").any(|flags| flags.contains("x-systemd.device-timeout="));
            Asked {
                device: word.value.clone()?,
                evidence: view::word_evidence(&words, word),
                word: Some(word.to_string()),
                for_ever: by_systemd && told && !limited,
            }
        }
        None if by_systemd => return None,
        None => {
            let configured = image.and_then(|image| image.resume.as_ref()).or(facts.storage.resume.as_ref())?;
            let evidence = Evidence::from(configured);
            Asked { device: configured.value.clone(), evidence, word: None, for_ever: false }
        }
    };
    (!matches!(asked.device.as_str(), "" | "none" | "auto")).then_some(asked)
}
