//! `handover-mount-device-missing`: fstab needs a filesystem that the machine does not have.

use super::awaited::{Failing, failing, other_type, sight_of};
use super::device_seen::Sight;
use crate::facts::{FstabEntry, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "handover-mount-device-missing",
    link: Link::Handover,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[Source::Fstab],
    title: "fstab needs a filesystem that the machine does not have",
    doc: Doc {
        finds: "A line of /etc/fstab that systemd must mount before it goes on (neither noauto, nofail, _netdev, \
                x-systemd.automount nor a network filesystem) names a device that no disk of the machine has, a volume \
                that its volume group does not have, an image file that is not there, or a device with a filesystem of \
                another type. A device of swap counts if systemd is told to wait for it without an end. On a mounted \
                root only the root's disk is seen, and all disks where the root belongs to this machine \
                (--same-machine): what may be on another disk is `unknown`.",
        breaks: "The root is mounted and systemd of the real root starts. It waits 90 seconds for the device \
                 (DefaultDeviceTimeoutSec=), or as long as x-systemd.device-timeout= says; then the mount fails, and \
                 with it local-fs.target, whose OnFailure= is emergency.target: the machine stops at a prompt for the \
                 root password, with neither network nor ssh. The same line with _netdev belongs to remote-fs.target, \
                 and the machine comes up without it.",
        fix: "Take the line out of /etc/fstab, correct its device, or add nofail, so that the start goes on without \
              it; _netdev for a disk that is reached over the network.",
        references: &[
            "systemd-fstab-generator(8)",
            "systemd.mount(5), nofail, _netdev, x-systemd.device-timeout=",
            "systemd units/local-fs.target (OnFailure=emergency.target)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    if facts.boot_words().last("fstab").is_some_and(|value| matches!(value, "0" | "no" | "off" | "false")) {
        return Err(Outcome::not_applicable("the kernel command line says fstab=no: systemd reads no fstab"));
    }
    let mut findings = Vec::new();
    let mut doubts: Vec<(&FstabEntry, String)> = Vec::new();
    let mut mounted = 0;
    for entry in &facts.storage.fstab {
        let Some(failing) = failing(entry).filter(|failing| *failing != Failing::Delay) else { continue };
        match sight_of(facts, entry) {
            Sight::There(_) => match other_type(facts, entry) {
                Some(kind) => findings.push(of_another_type(entry, &kind)),
                None => mounted += 1,
            },
            Sight::Gone(_) if failing == Failing::Elsewhere => {
                doubts.push((
                    entry,
                    "which units x-systemd.required-by= and wanted-by= stop was not followed".to_owned(),
                ));
            }
            Sight::Gone(seen) => findings.push(missing(entry, failing, seen)),
            // What is needed of /boot is found by the links loader and kernel.
            Sight::Unclear(_) if is_of_boot(entry) && facts.storage.beside.known().is_none_or(Vec::is_empty) => {}
            Sight::Unclear(why) => doubts.push((entry, why)),
        }
    }
    if findings.is_empty()
        && let Some((entry, why)) = doubts.first()
    {
        return Err(Outcome::Unknown {
            reason: format!(
                "the start ends in emergency mode unless the machine has {}, for {}: {why}",
                entry.spec, entry.target
            ),
            evidence: doubts.iter().map(|(entry, _)| Evidence::at(&entry.at, line(entry))).collect(),
        });
    }
    Ok(Outcome::from_findings(findings, || match mounted {
        0 => "fstab needs no filesystem besides the root's to go on".to_owned(),
        1 => "the filesystem that fstab needs besides the root's is there".to_owned(),
        count => format!("the {count} filesystems that fstab needs besides the root's are there"),
    }))
}

fn is_of_boot(entry: &FstabEntry) -> bool {
    ["/boot", "/efi"]
        .iter()
        .any(|place| entry.target.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

pub(super) fn line(entry: &FstabEntry) -> String {
    format!("{} {} {} {}", entry.spec, entry.target, entry.kind, entry.options.join(","))
}

fn missing(entry: &FstabEntry, failing: Failing, seen: String) -> Finding {
    let what = match failing {
        Failing::WaitForEver => "systemd waits for it without an end",
        _ => "the start ends in emergency mode",
    };
    let place = if entry.kind == "swap" { "swap" } else { &entry.target };
    let remedy = Remedy::new(format!(
        "Add nofail to the options of {place} in /etc/fstab, so that the start goes on without it, or take the line out."
    ));
    let can = entry.kind != "swap" && entry.target != "/usr";
    let repair = Repair::MountOption { mount_point: entry.target.clone(), option: "nofail".to_owned() };
    Finding::critical(format!("fstab needs {} for {place}, which does not exist: {what}", entry.spec))
        .evidence(Evidence::at(&entry.at, line(entry)))
        .evidence(Evidence::new("block devices", seen))
        .remedy(remedy.repairs_by(can.then_some(repair)))
}

fn of_another_type(entry: &FstabEntry, kind: &str) -> Finding {
    Finding::critical(format!(
        "fstab mounts {} at {} as {}, and it is {kind}: the start ends in emergency mode",
        entry.spec, entry.target, entry.kind
    ))
    .evidence(Evidence::at(&entry.at, line(entry)))
    .evidence(Evidence::new(entry.spec.clone(), format!("superblock of {kind}")))
    .remedy(Remedy::new(format!("Write {kind} as the type of {} in /etc/fstab.", entry.target)))
}
