//! `root-mount-not-netdev`: fstab does not say that the root's disk needs the network.

use crate::analysis::DeviceSpec;
use crate::facts::{BlockDevice, FstabEntry, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "root-mount-not-netdev",
    link: Link::Root,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[Source::Fstab],
    title: "fstab does not mark the filesystems on the SAN with _netdev",
    doc: Doc {
        finds: "A line of /etc/fstab for /, /boot, /boot/efi or /usr has no _netdev, and its device is on an iSCSI \
                disk or not known. A device that is known to be local is not reported.",
        breaks: "Without _netdev, systemd treats the filesystem as local: it orders the mount before the network \
                 instead of after it, and at shutdown the network may stop before the filesystem is unmounted. \
                 _netdev alone is not enough: ext4 does not show it in the list of mounts, so the network \
                 configuration must keep the SAN NIC up as well.",
        fix: "Add _netdev to the options in /etc/fstab.",
        references: &[
            "systemd.mount(5), _netdev",
            "https://github.com/systemd/systemd/issues/35949",
            "https://github.com/systemd/systemd/pull/35040",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let on_san = |entry: &&FstabEntry| {
        matches!(entry.target.as_str(), "/" | "/boot" | "/boot/efi" | "/usr") && !is_local(facts, entry)
    };
    let entries: Vec<_> = facts.storage.fstab.iter().filter(on_san).collect();
    if entries.is_empty() {
        facts.was_read(Source::Fstab)?;
        return Err(Outcome::not_applicable("fstab has no line for a filesystem on the SAN"));
    }
    let unmarked: Vec<_> =
        entries.iter().filter(|entry| !entry.options.iter().any(|option| option == "_netdev")).collect();
    if unmarked.is_empty() {
        let targets: Vec<_> = entries.iter().map(|entry| entry.target.as_str()).collect();
        return Ok(Outcome::pass(format!("fstab marks {} with _netdev", targets.join(" and "))));
    }
    let targets: Vec<_> = unmarked.iter().map(|entry| entry.target.as_str()).collect();
    Finding::warning(format!("fstab does not mark {} with _netdev", targets.join(" and ")))
        .evidences(unmarked.iter().map(|entry| {
            let line = format!("{} {} {} {}", entry.spec, entry.target, entry.kind, entry.options.join(","));
            Evidence::at(&entry.at, line)
        }))
        .remedy(
            Remedy::new("Add _netdev to the options of these lines in /etc/fstab.").repairs_by(
                unmarked.iter().map(|entry| Repair::MountOption {
                    mount_point: entry.target.clone(),
                    option: "_netdev".to_owned(),
                }),
            ),
        )
        .into()
}

/// Whether a line's device is known, and on no iSCSI disk. Of a disk that is mounted nowhere it is not known what it hangs
/// on: it is the LUN that is judged.
fn is_local(facts: &Analysis<'_>, entry: &FstabEntry) -> bool {
    if facts.scope.from_disk {
        return false;
    }
    let Some(devices) = facts.storage.devices.known() else { return false };
    let spec = DeviceSpec::parse(&entry.spec);
    devices.iter().find(|device| spec.names(device) == Some(true)).is_some_and(|device| !on_iscsi(devices, device, 8))
}

/// Whether a device or one below it hangs on a session.
fn on_iscsi(devices: &[BlockDevice], device: &BlockDevice, depth: u8) -> bool {
    let below = device.slaves.iter().chain(&device.parent);
    device.iscsi_session.is_some()
        || depth > 0
            && below
                .filter_map(|name| devices.iter().find(|candidate| candidate.name == *name))
                .any(|below| on_iscsi(devices, below, depth - 1))
}
