//! `root-resume-device-missing`: the image waits for a hibernation device that is not there.

use crate::analysis::{DeviceSpec, Family};
use crate::facts::{BlockDevice, Located, Problem, Signature, Source};
use crate::{
    Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Severity, ShellCommand, analysis,
};

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
    title: "the initramfs waits for a hibernation device that does not exist",
    doc: Doc {
        finds: "RESUME= of initramfs-tools (in the initramfs or in the root), or resume= on the kernel command line, \
                names a device that is not among the block devices that were read. It is `unknown`, or not judged, if \
                the device may be in an inactive logical volume or in an encrypted device.",
        breaks: "If the initramfs uses systemd to resume, as dracut builds it, systemd waits for the device of \
                 resume= for ever and never mounts the root (critical). The script of initramfs-tools waits before it \
                 mounts the root as well, for thirty seconds, or for rootdelay= if that is longer (warning). The \
                 setting is left over if a disk with a swap partition was made into a template without one.",
        fix: "Set RESUME=none in /etc/initramfs-tools/conf.d/resume, remove resume= from the kernel command line, and \
              rebuild the initramfs.",
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

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let Some(asked) = asked(facts)? else {
        return Ok(Outcome::pass("the initramfs waits for no hibernation device"));
    };
    let spec = DeviceSpec::parse(&asked.device);
    let Some(devices) = facts.storage.devices.known().filter(|devices| !devices.is_empty()) else {
        return Ok(unseen(&asked, "no block device was read"));
    };
    // A file or another machine's disk shows the root alone, and not the partitions beside it.
    if let Some(Some(root)) = facts.storage.root_device.known()
        && analysis::is_stand_in(&root.name)
        && spec.names(root) != Some(true)
    {
        return Ok(unseen(
            &asked,
            format!("the root is on {}, which does not show the disk's other partitions", root.name),
        ));
    }
    if let Some((above, gone)) = facts.gone_below_root() {
        return Ok(unseen(&asked, format!("{gone}, below {above}, is gone, and its other partitions are not known")));
    }
    if matches!(spec, DeviceSpec::Kernel(_) | DeviceSpec::Other(_)) {
        return Err(Outcome::not_applicable(format!(
            "not checked: the kernel may give the name {} to another device at every boot",
            asked.device
        )));
    }
    if let Some(device) = devices.iter().find(|device| spec.names(device) == Some(true)) {
        return Ok(Outcome::pass(format!("the hibernation device {} is {}", asked.device, device.name)));
    }
    if let Some(problem) = devices.iter().find_map(|device| device.signature.problem()) {
        return Ok(match unseen(&asked, problem.to_string()) {
            Outcome::Unknown { reason, .. } => Outcome::Unknown { reason, evidence: vec![problem.into()] },
            harmless => harmless,
        });
    }
    let inactive = analysis::inactive_volumes(&devices.iter().collect::<Vec<_>>());
    if let DeviceSpec::Volume { vg, lv } = &spec
        && let Some((device, ..)) =
            inactive.iter().find(|(_, group, volume)| (*group, *volume) == (vg.as_str(), lv.as_str()))
    {
        return Ok(Outcome::pass(format!(
            "the hibernation device {} is a logical volume on {}",
            asked.device, device.name
        )));
    }
    if let (DeviceSpec::Uuid(_) | DeviceSpec::Label(_), Some((_, vg, lv))) = (&spec, inactive.first()) {
        return Ok(unseen(&asked, format!("{vg}/{lv} is not active, so its contents are not known")));
    }
    if let Some(device) =
        devices.iter().find(|device| matches!(device.signature.known(), Some(Some(Signature::Luks { .. }))))
    {
        return Ok(unseen(&asked, format!("{} is encrypted, so its contents are not known", device.name)));
    }
    let devices_seen =
        Evidence::new("block devices", format!("{} read, none of them is {}", devices.len(), asked.device));
    let summary = match asked.for_ever {
        true => format!("the boot waits for ever for the hibernation device {}, which does not exist", asked.device),
        false => format!("the boot waits for the hibernation device {}, which does not exist", asked.device),
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
            "the boot waits for ever if the hibernation device {} does not exist ({reason})",
            asked.device
        )),
        false => Outcome::not_applicable(format!("not checked: {reason}")),
    }
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

fn remedy(facts: &Analysis<'_>, asked: &Asked) -> Remedy {
    if let Some(word) = &asked.word {
        let remedy = facts.edit_words("Remove resume= from the kernel command line.", &[word], &[]);
        return if asked.of_image { remedy.without_repairs() } else { remedy };
    }
    let mut remedy = facts
        .rebuild("Set RESUME=none, so that the initramfs waits for no hibernation device, and rebuild the initramfs.");
    if !remedy.repairs().is_empty() {
        remedy = remedy.repair(Repair::NoResume);
    }
    if facts.default_image().is_some_and(|image| image.family() == Family::InitramfsTools) {
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
    /// The image adds that word by itself.
    of_image: bool,
    /// Nothing ends the wait but the device.
    for_ever: bool,
}

/// The command line wins over the image's configuration, and that over the root's. systemd knows the command
/// line alone.
fn asked(facts: &Analysis<'_>) -> Result<Option<Asked>, Outcome> {
    let words = facts.boot_words();
    if words.has("noresume") {
        return Ok(None);
    }
    let image = facts.default_image();
    let has = |end: &str| image.is_some_and(|image| image.files.keys().any(|path| path.ends_with(end)));
    let by_systemd = has(GENERATOR) && UNITS.iter().any(|unit| has(unit));
    // What dracut adds to the command line in the image is not there for systemd.
    let told = facts.loader.default_entry().is_some_and(|entry| entry.cmdline.has("resume"));
    let asked = match words.words.iter().rev().find(|word| word.key == "resume") {
        Some(word) => {
            let limited = words.all("resumeflags").any(|flags| flags.contains("x-systemd.device-timeout="));
            let Some(device) = word.value.clone() else { return Ok(None) };
            Asked {
                device,
                evidence: words.evidence_of(word),
                word: Some(word.to_string()),
                of_image: !told,
                for_ever: by_systemd && told && !limited,
            }
        }
        None if by_systemd => return Ok(None),
        None => {
            let Some(configured) = configured(facts)? else { return Ok(None) };
            let evidence = Evidence::from(configured);
            Asked { device: configured.value.clone(), evidence, word: None, of_image: false, for_ever: false }
        }
    };
    Ok((!matches!(asked.device.as_str(), "" | "none" | "auto")).then_some(asked))
}

/// `RESUME=` of the image, or else of the root.
fn configured<'a>(facts: &'a Analysis<'_>) -> Result<Option<&'a Located<String>>, Outcome> {
    // A device that is missing here delays the boot by half a minute at worst: too little to call it unknown.
    let unread = |problem: &Problem| Err(Outcome::not_applicable(format!("not checked: {problem}")));
    let image = facts.default_image();
    if let Some(problem) = image.and_then(|image| image.unread(Source::Resume)) {
        return unread(problem);
    }
    match image.and_then(|image| image.resume.as_ref()).or(facts.storage.resume.as_ref()) {
        None => facts.unread(Source::Resume).map_or(Ok(None), unread),
        configured => Ok(configured),
    }
}
