//! `root-lvm-filtered`: LVM is told not to look at the LUN.

use crate::facts::{BlockDevice, Located, LvmConfig, Signature, Source};
use crate::readers::lvm_filter::{self, Ruling};
use crate::{
    Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Remedy, Repair, Scope, Severity,
    ShellCommand, WordMatch, analysis,
};

pub(crate) static CHECK: Check = Check {
    id: "root-lvm-filtered",
    link: Link::Root,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[Source::Lvm],
    title: "LVM's configuration excludes the root's disk or volume",
    doc: Doc {
        finds: "The root is a logical volume, and LVM does not see it or does not activate it: a filter or \
                global_filter in lvm.conf, in the root or in the initramfs, rejects every known name of its disk; or \
                the devices file is in use and does not list its physical volume; or volume_list or \
                auto_activation_volume_list omits its volume group; or dracut is told rd.lvm=0, or rd.lvm.vg= and \
                rd.lvm.lv= name other volumes only. A filter that accepts links below /dev/disk is `unknown`, because \
                not all of these links are known. A filter that is only in the root, not in the initramfs, is a \
                warning: the initramfs activates the root.",
        breaks: "The disk is there, but LVM does not see it, never activates the volume, and the boot waits for it. \
                 The devices file, the default on Red Hat 9, does not list a disk that was cloned or has another \
                 WWID.",
        fix: "Accept the disk in the filter, or list it with lvmdevices or vgimportdevices; then rebuild the \
              initramfs, which has a copy of the configuration.",
        references: &[
            "lvm.conf(5), devices/filter, devices/global_filter",
            "lvmdevices(8)",
            "dracut.cmdline(7), rd.lvm.vg",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let Some((vg, lv)) = facts.root_volume() else {
        return Err(Outcome::not_applicable("the root is not known to be a logical volume"));
    };
    let volumes = physical_volumes(facts, &vg);
    // What a disk that is mounted nowhere is called on the instance is not known.
    let named: &[&BlockDevice] = if facts.scope.from_disk { &[] } else { &volumes };
    let candidates: Vec<Vec<String>> = match named.is_empty() {
        false => named.iter().map(|device| names(facts, device)).collect(),
        // An iSCSI disk is a SCSI disk: which one it is, is not known.
        true => {
            ["/dev/sda", "/dev/sda3", "/dev/sdb", "/dev/sdb2"].iter().map(|name| vec![(*name).to_owned()]).collect()
        }
    };
    let lvm = &facts.storage.lvm;
    let image = facts.judged_image().ok().filter(|image| !image.incomplete);
    let inside = image.map(|image| [image.lvm_filters.as_slice(), image.lvm_global_filters.as_slice()]);
    let outside = [lvm.filter.as_slice(), lvm.global_filter.as_slice()];
    let all = || inside.into_iter().flatten().chain(outside);
    let device = named.first().map_or("every SCSI disk", |device| device.name.as_str());
    let mut findings = Vec::new();
    let known = !named.is_empty();
    match (inside.map(|filters| objection(filters, &candidates, known)), objection(outside, &candidates, known)) {
        (Some(Some(Ruling::Rejected(pattern))), _) | (None, Some(Ruling::Rejected(pattern))) => {
            findings.push(hidden_by(facts, &vg, device, pattern, accepted(lvm, &candidates, known)));
        }
        (Some(None), Some(Ruling::Rejected(pattern))) => {
            findings.push(hidden_later(device, pattern, accepted(lvm, &candidates, known)));
        }
        (Some(Some(Ruling::Unclear(pattern))), _) | (None, Some(Ruling::Unclear(pattern))) => {
            return Err(Outcome::Unknown {
                reason: format!("it is not known whether LVM's filter {} accepts the root's disk", pattern.value),
                evidence: vec![Evidence::from(pattern)],
            });
        }
        _ => {}
    }
    findings.extend(unlisted(facts, &vg, &volumes));
    findings.extend(not_activated(facts, &vg, &lv));
    findings.extend(not_asked_of_dracut(facts, &vg, &lv));
    if findings.is_empty() {
        image.map_or(Ok(()), |image| image.was_read(Source::Lvm))?;
    }
    Ok(Outcome::from_findings(findings, || match all().map(<[_]>::len).sum::<usize>() {
        0 => format!("no LVM filter excludes {vg}"),
        count => format!("LVM's filters ({count} patterns) do not exclude {vg}"),
    }))
}

/// What stands against the root's disks in `filter` or `global_filter`: a disk must pass both.
fn objection<'a>(filters: [&'a [Located<String>]; 2], candidates: &[Vec<String>], known: bool) -> Option<Ruling<'a>> {
    filters
        .into_iter()
        .map(|filter| ruling(filter, candidates, known))
        .filter(|ruling| *ruling != Ruling::Accepted)
        .max_by_key(|ruling| matches!(ruling, Ruling::Rejected(_)))
}

/// What a filter makes of the root's disks: all of them must be seen, and of those that it may be, one.
fn ruling<'a>(filter: &'a [Located<String>], candidates: &[Vec<String>], known: bool) -> Ruling<'a> {
    let rulings: Vec<_> = candidates.iter().map(|names| lvm_filter::judge(filter, names)).collect();
    let rejected = |ruling: &&Ruling<'_>| matches!(ruling, Ruling::Rejected(_));
    let unclear = |ruling: &&Ruling<'_>| matches!(ruling, Ruling::Unclear(_));
    let decisive = match known {
        true => rulings.iter().find(rejected).or_else(|| rulings.iter().find(unclear)),
        false if rulings.iter().all(|ruling| rejected(&ruling)) => rulings.first(),
        false if rulings.contains(&Ruling::Accepted) => None,
        false => rulings.iter().find(unclear),
    };
    decisive.cloned().unwrap_or(Ruling::Accepted)
}

fn physical_volumes<'a>(facts: &'a Analysis<'_>, vg: &str) -> Vec<&'a BlockDevice> {
    let devices = facts.storage.devices.known().into_iter().flatten();
    devices
        .filter(|device| {
            matches!(device.signature.known(), Some(Some(Signature::LvmPv { vg: Some(name), .. })) if name == vg)
        })
        .collect()
}

/// The paths of a device that are known: its own, and that of its portal, as udev's `path_id` has it.
fn names(facts: &Analysis<'_>, device: &BlockDevice) -> Vec<String> {
    let mut names = vec![format!("/dev/{}", device.name)];
    names.extend(device.dm_name.iter().map(|name| format!("/dev/mapper/{name}")));
    let devices = facts.storage.devices.known();
    let disk = device
        .parent
        .as_ref()
        .and_then(|parent| devices?.iter().find(|candidate| candidate.name == *parent))
        .unwrap_or(device);
    let session = disk
        .iscsi_session
        .as_ref()
        .and_then(|name| facts.iscsi.sessions.known()?.iter().find(|session| session.name == *name));
    if let (Some(session), Some(lun)) = (session, disk.lun)
        && let (Some(ip), Some(port)) = (session.address, session.port)
    {
        let part = device.name.strip_prefix(&disk.name).filter(|part| !part.is_empty());
        let part = part.map(|part| format!("-part{part}")).unwrap_or_default();
        names.push(format!("/dev/disk/by-path/ip-{ip}:{port}-iscsi-{}-lun-{lun}{part}", session.target));
    }
    names
}

/// What lets the disk in to each filter of the root that rejects it. A name of the kernel's may be another disk's at
/// the next boot, so every SCSI disk is let in.
fn accepted(lvm: &LvmConfig, candidates: &[Vec<String>], known: bool) -> Vec<Repair> {
    let named = candidates.first().and_then(|names| names.first()).map_or("/dev/sd", String::as_str);
    let add = if named.starts_with("/dev/sd") { "a|^/dev/sd|".to_owned() } else { format!("a|^{named}$|") };
    let rejects = |filter: &[Located<String>]| match ruling(filter, candidates, known) {
        Ruling::Rejected(pattern) => Some(pattern.at.path.clone()),
        _ => None,
    };
    [("devices/filter", &lvm.filter), ("devices/global_filter", &lvm.global_filter)]
        .into_iter()
        .filter_map(|(setting, filter)| {
            let path = rejects(filter)?;
            Some(Repair::AcceptVolume { path, setting: setting.to_owned(), add: add.clone() })
        })
        .collect()
}

fn hidden_by(
    facts: &Analysis<'_>,
    vg: &str,
    device: &str,
    pattern: &Located<String>,
    accepted: Vec<Repair>,
) -> Finding {
    let contents = ImageContents { lvm: true, ..ImageContents::default() };
    let remedy = facts.rebuild_holding(
        contents,
        "Accept the disk in front of the pattern that rejects it (\"a|^/dev/sd|\"), and rebuild the initramfs.",
    );
    let accepted = if remedy.repairs().is_empty() { Vec::new() } else { accepted };
    Finding::critical(format!("LVM's filter {} excludes {device}, so LVM never finds {vg}", pattern.value))
        .evidence(Evidence::from(pattern))
        .remedy(remedy.repairs_by(accepted))
}

/// A filter that stands in the root alone: the image activates the root, and LVM finds it gone after.
fn hidden_later(device: &str, pattern: &Located<String>, accepted: Vec<Repair>) -> Finding {
    Finding::warning(format!(
        "LVM's filter {} excludes {device}; the initramfs has no copy of it now, but may get one when it is rebuilt",
        pattern.value
    ))
    .evidence(Evidence::from(pattern))
    .remedy(
        Remedy::new("Accept the disk in front of the pattern that rejects it (\"a|^/dev/sd|\").").repairs_by(accepted),
    )
}

/// A devices file that does not list the physical volume.
fn unlisted(facts: &Analysis<'_>, vg: &str, volumes: &[&BlockDevice]) -> Option<Finding> {
    let lvm = &facts.storage.lvm;
    let listed = lvm.devices_file.as_ref().filter(|listed| !listed.is_empty())?;
    let switch = lvm.use_devicesfile.as_ref();
    // A line that was not understood may list it.
    if switch.is_some_and(|switch| !switch.value) || facts.unread(Source::Lvm).is_some() {
        return None;
    }
    let absent = volumes.iter().find(|device| match device.signature.known() {
        Some(Some(Signature::LvmPv { uuid, .. })) => {
            let plain = uuid.replace('-', "");
            !listed.iter().any(|entry| entry.value.pvid.replace('-', "") == plain)
        }
        _ => false,
    })?;
    let summary = format!("LVM's devices file does not list {}, a physical volume of {vg}", absent.name);
    // Whether the file is used when lvm.conf says nothing was decided when LVM was built.
    let finding = if switch.is_some() { Finding::critical(summary) } else { Finding::warning(summary) };
    Some(
        finding
            .evidences(listed.iter().map(|entry| {
                Evidence::at(
                    &entry.at,
                    format!("{} {} PVID={}", entry.value.id_type, entry.value.id_name, entry.value.pvid),
                )
            }))
            .evidences(switch.map(|switch| Evidence::at(&switch.at, "use_devicesfile = 1")))
            .remedy(
                facts
                    .rebuild("List the disk in the devices file, and rebuild the initramfs.")
                    .without_repairs()
                    .first(ShellCommand::new(&["vgimportdevices"]).operand(vg)),
            ),
    )
}

/// An activation list that leaves the volume out. What a tag selects is not known here.
fn not_activated(facts: &Analysis<'_>, vg: &str, lv: &str) -> Option<Finding> {
    let list = facts.storage.lvm.activation_list.as_ref()?;
    let volume = format!("{vg}/{lv}");
    let selects = |entry: &String| entry.starts_with('@') || *entry == vg || *entry == volume;
    if list.value.iter().any(selects) {
        return None;
    }
    let contents = ImageContents { lvm: true, ..ImageContents::default() };
    let remedy = facts.rebuild_holding(contents, format!("Add {vg} to the list, and rebuild the initramfs."));
    let remedy = match facts.storage.lvm.activation_setting.clone() {
        Some(setting) if !remedy.repairs().is_empty() => {
            remedy.repair(Repair::AcceptVolume { path: list.at.path.clone(), setting, add: vg.to_owned() })
        }
        _ => remedy.without_repairs(),
    };
    Some(
        Finding::critical(format!("LVM's activation list does not include {volume}"))
            .evidence(Evidence::at(&list.at, format!("[ {} ]", list.value.join(", "))))
            .remedy(remedy),
    )
}

/// dracut's own words: `rd.lvm=0`, and lists that leave the root out.
fn not_asked_of_dracut(facts: &Analysis<'_>, vg: &str, lv: &str) -> Option<Finding> {
    let image = facts.default_image().filter(|image| image.family() == analysis::Family::Dracut)?;
    let words = facts.boot_words();
    let volume = format!("{vg}/{lv}");
    let off = words.has("rd.lvm") && !words.is_on("rd.lvm");
    let groups: Vec<_> = words.all("rd.lvm.vg").collect();
    let volumes: Vec<_> = words.all("rd.lvm.lv").collect();
    let listed = groups.is_empty() && volumes.is_empty()
        || groups.contains(&vg)
        || volumes.iter().any(|name| name.trim_start_matches("/dev/") == volume);
    let summary = match (off, listed) {
        (true, _) => "rd.lvm=0 stops dracut from activating the root's volume group".to_owned(),
        (false, false) => format!("rd.lvm.vg= and rd.lvm.lv= limit dracut to other volumes than {volume}"),
        (false, true) => return None,
    };
    let asked = words.words.iter().filter(|word| word.key == "rd.lvm" || word.key.starts_with("rd.lvm."));
    Some(
        Finding::critical(summary)
            .evidences(asked.map(|word| words.evidence_of(word)))
            .evidence(Evidence::new(&image.path, "was built by dracut"))
            .remedy(
                facts
                    .update_loader(format!(
                        "Set rd.lvm.lv={volume} on the kernel command line, or remove the rd.lvm words."
                    ))
                    .repairs_by(
                        facts.change_words(
                            vec![WordMatch::Key("rd.lvm".to_owned())],
                            vec![format!("rd.lvm.lv={volume}")],
                        ),
                    ),
            ),
    )
}
