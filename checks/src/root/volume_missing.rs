//! `root-volume-missing`: the disks do not hold what root= names.

use crate::analysis::DeviceSpec;
use crate::facts::{BlockDevice, BootEntry, Signature};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand, analysis};

pub(crate) static CHECK: Check = Check {
    id: "root-volume-missing",
    link: Link::Root,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "no disk has the volume or filesystem that root= names",
    doc: Doc {
        finds: "The volume group that root= names is on none of the physical volumes that were read, lacks the \
                logical volume, or lacks some of its physical volumes; or no filesystem has the UUID or label. Only \
                what the disks themselves state counts. If a disk could not be read, the answer is `unknown`.",
        breaks: "The session is up, but the root does not appear. LVM activates a volume group automatically only if \
                 all of its physical volumes are present: a volume group that extends to a local disk waits for that \
                 disk.",
        fix: "Correct root=, rename the volume back, or move the volume group onto the root LUN alone (pvmove, \
              vgreduce).",
        references: &[
            "lvmautoactivation(7)",
            "https://github.com/lvmteam/lvm2/issues/174",
            "vgs(8), vg_missing_pv_count",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let Some(spec) = facts.root_spec() else {
        return Err(Outcome::not_applicable("the loader entry that boots has no root="));
    };
    let devices = facts.storage.devices.needed()?;
    if devices.is_empty() {
        return Err(Outcome::not_applicable("not checked: no block device was read"));
    }
    if let Some(Some(root)) = facts.storage.root_device.known()
        && spec.names(root) == Some(false)
    {
        return Err(Outcome::not_applicable("not checked: root= names another device (see loader-root-unresolved)"));
    }
    if let Some(Some(root)) = facts.storage.root_device.known()
        && analysis::is_stand_in(&root.name)
        && spec.names(root).is_none()
    {
        return Err(Outcome::not_applicable(format!(
            "not checked: the root is mounted from {}, which does not show the names of volumes and partitions",
            root.name
        )));
    }
    if let Some((above, gone)) = facts.gone_below_root() {
        return Err(Outcome::unknown(format!("{gone}, below {above}, is gone, so its contents are not known")));
    }
    Ok(match &spec {
        DeviceSpec::Volume { vg, lv } => volume(facts, devices, vg, lv),
        DeviceSpec::Uuid(_) | DeviceSpec::Label(_) | DeviceSpec::PartUuid(_) | DeviceSpec::PartLabel(_) => {
            filesystem(facts, devices, &spec)
        }
        DeviceSpec::Mapper(_) | DeviceSpec::Kernel(_) | DeviceSpec::Other(_) => {
            Outcome::not_applicable(format!("root={spec} names neither a volume nor a filesystem"))
        }
    })
}

fn volume(facts: &Analysis<'_>, devices: &[BlockDevice], vg: &str, lv: &str) -> Outcome {
    let volumes: Vec<_> = devices
        .iter()
        .filter_map(|device| match device.signature.known() {
            Some(Some(Signature::LvmPv { vg: Some(name), lvs, pv_count, .. })) => Some((device, name, lvs, *pv_count)),
            _ => None,
        })
        .collect();
    let of_group: Vec<_> = volumes.iter().filter(|(_, name, _, _)| *name == vg).collect();
    let seen = || {
        volumes.iter().map(|(device, name, lvs, _)| {
            Evidence::new(format!("/dev/{}", device.name), format!("volume group {name}: {}", lvs.join(", ")))
        })
    };
    let Some((device, _, lvs, pv_count)) = of_group.first() else {
        if let Some(outcome) = unread(devices) {
            return outcome;
        }
        return missing(facts, format!("no disk has the volume group {vg}, which root= names"), seen().collect());
    };
    if !lvs.is_empty() && !lvs.iter().any(|name| name == lv) {
        return missing(
            facts,
            format!("the volume group {vg} has no logical volume {lv}, which root= names"),
            seen().collect(),
        );
    }
    let wanted = *pv_count as usize;
    if of_group.len() < wanted {
        if let Some(outcome) = unread(devices) {
            return outcome;
        }
        let summary = format!(
            "the volume group {vg} has {wanted} physical volumes, but only {} of them exist here",
            of_group.len()
        );
        return missing(facts, summary, seen().collect());
    }
    let disk = disk_of(devices, device);
    let lun = disk.and_then(|disk| Some(format!(", LUN {} ({})", disk.lun?, disk.name))).unwrap_or_default();
    Outcome::pass(format!("{vg}/{lv} is complete on {}{lun}", device.name))
}

fn filesystem(facts: &Analysis<'_>, devices: &[BlockDevice], spec: &DeviceSpec) -> Outcome {
    if let Some(device) = devices.iter().find(|device| spec.names(device) == Some(true)) {
        let name = device.dm_name.as_deref().unwrap_or(&device.name);
        return Outcome::pass(format!("{spec} is on {name}"));
    }
    if let Some(outcome) = unread(devices) {
        return outcome;
    }
    let seen = devices
        .iter()
        .filter_map(|device| match device.signature.known() {
            Some(Some(Signature::Filesystem { kind, uuid, label })) => {
                let uuid = uuid.as_deref().unwrap_or("none");
                let label = label.as_deref().map(|label| format!(", label {label}")).unwrap_or_default();
                Some(Evidence::new(format!("/dev/{}", device.name), format!("{kind}, UUID {uuid}{label}")))
            }
            _ => None,
        })
        .collect();
    missing(facts, format!("no device has {spec}, which root= names"), seen)
}

/// What to say when a device that may be the one could not be read.
fn unread(devices: &[BlockDevice]) -> Option<Outcome> {
    devices.iter().find_map(|device| device.signature.problem()).map(Outcome::unread)
}

fn missing(facts: &Analysis<'_>, summary: String, seen: Vec<Evidence>) -> Outcome {
    let line = facts.loader.default_entry().map(BootEntry::root_evidence);
    Finding::critical(summary)
        .evidences(line)
        .evidences(seen)
        .remedy(
            Remedy::new(
                "List the volumes and filesystems of the disks, then correct root= or restore the missing volume.",
            )
            .command(ShellCommand::new(&["pvs", "-o", "+vg_missing_pv_count"]))
            .command(ShellCommand::new(&["lvs"]))
            .command(ShellCommand::new(&["blkid"])),
        )
        .into()
}

/// The disk that a device lies on.
fn disk_of<'a>(devices: &'a [BlockDevice], device: &'a BlockDevice) -> Option<&'a BlockDevice> {
    match &device.parent {
        Some(parent) => devices.iter().find(|candidate| candidate.name == *parent),
        None => Some(device),
    }
}
