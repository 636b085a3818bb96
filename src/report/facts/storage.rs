//! The root's device and what lies below it, mounts, fstab, and what LVM may look at.

use super::page::{Page, bytes, list, located};
use isctpl_checks::facts::{BlockDevice, Fact, LvmConfig, Signature, Storage};

/// Disks, mounts and filters.
pub(super) fn storage(storage: &Storage, page: &mut Page<'_>) {
    page.heading("Root");
    match &storage.root_device {
        Fact::Known(Some(device)) => page.rows(vec![row(device)]),
        Fact::Known(None) => page.line("a plain directory, not a mounted filesystem"),
        unread => page.unread(unread),
    }
    if let Some(Some(silence)) = storage.root_silence.known() {
        page.line(&format!("its disk does not answer: {silence}"));
    }
    match &storage.devices {
        Fact::Known(devices) if devices.is_empty() => {}
        Fact::Known(devices) => {
            page.heading("Block devices");
            page.rows(devices.iter().map(row).collect());
        }
        unread => {
            page.heading("Block devices");
            page.unread(unread);
        }
    }
    mounts(storage, page);
    if !storage.fstab.is_empty() {
        page.heading("/etc/fstab");
        let rows = storage.fstab.iter().map(|entry| {
            let rest = format!("{} {} ({})", entry.kind, entry.options.join(","), entry.at);
            vec![format!("{} on {}", entry.spec, entry.target), rest]
        });
        page.rows(rows.collect());
    }
    lvm(&storage.lvm, page);
    page.heading("Other settings");
    page.fields([
        ("LVM", storage.lvm_installed.clone().unwrap_or_else(|| "not installed".to_owned())),
        ("resume", located(storage.resume.as_ref())),
        ("subvolume", storage.root_subvolume.clone().unwrap_or_default()),
        ("overlayroot", located(storage.overlayroot.as_ref())),
        ("multipath", storage.multipath.as_ref().map(ToString::to_string).unwrap_or_default()),
    ]);
    page.problems(&storage.problems);
}

/// Mounts that have a disk below them; with `-v` all.
fn mounts(storage: &Storage, page: &mut Page<'_>) {
    let Fact::Known(mounts) = &storage.mounts else { return };
    let shown = mounts.iter().filter(|mount| page.style.verbose || mount.source.starts_with("/dev/"));
    let rows: Vec<Vec<String>> = shown
        .map(|mount| {
            vec![format!("{} on {}", mount.source, mount.target), format!("{} {}", mount.kind, mount.options.join(","))]
        })
        .collect();
    let hidden = mounts.len().saturating_sub(rows.len());
    page.heading("Mounts");
    page.rows(rows);
    if hidden > 0 {
        page.note(&format!("{hidden} more without a disk; -v shows them"));
    }
}

fn row(device: &BlockDevice) -> Vec<String> {
    let name =
        device.dm_name.as_ref().map_or_else(|| format!("/dev/{}", device.name), |name| format!("/dev/mapper/{name}"));
    let mut words = vec![bytes(device.size)];
    words.extend(device.parent.as_ref().map(|disk| format!("partition of {disk}")));
    words.extend((!device.slaves.is_empty()).then(|| format!("on {}", list(&device.slaves))));
    words.push(match &device.signature {
        Fact::Known(Some(signature)) => signature_text(signature),
        Fact::Known(None) => "no known content".to_owned(),
        Fact::Unknown(problem) => format!("unknown content: {problem}"),
        Fact::NotApplicable(_) => String::new(),
    });
    let raid = device.raid.as_ref().and_then(|raid| raid.level.as_ref());
    words.extend(raid.map(|level| format!("software RAID {level}")));
    words.extend(device.luks.as_ref().and_then(|luks| luks.cipher.clone()));
    words.extend(device.btrfs_devices.filter(|count| *count > 1).map(|count| format!("on {count} devices")));
    words.extend(device.iscsi_session.as_ref().map(|session| format!("iSCSI {session}")));
    words.extend(device.lun.map(|lun| format!("LUN {lun}")));
    words.extend(device.model.clone());
    words.extend(device.wwid.clone());
    vec![name, words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")]
}

fn signature_text(signature: &Signature) -> String {
    match signature {
        Signature::Filesystem { kind, uuid, label } => {
            let uuid = uuid.as_ref().map(|uuid| format!(" UUID={uuid}")).unwrap_or_default();
            let label = label.as_ref().map(|label| format!(" LABEL={label}")).unwrap_or_default();
            format!("{kind}{uuid}{label}")
        }
        Signature::LvmPv { vg, lvs, pv_count, .. } => {
            let group = vg
                .as_ref()
                .map_or_else(|| "of an unknown volume group".to_owned(), |vg| format!("of volume group {vg}"));
            let volumes = if lvs.is_empty() { String::new() } else { format!(" with {}", list(lvs)) };
            let of = if *pv_count > 1 { format!(" ({pv_count} physical volumes)") } else { String::new() };
            format!("LVM physical volume {group}{volumes}{of}")
        }
        Signature::PartitionTable(kind) => format!("{kind} partition table"),
        Signature::Luks { uuid } => {
            format!("LUKS{}", uuid.as_ref().map(|uuid| format!(" UUID={uuid}")).unwrap_or_default())
        }
        Signature::Other(kind) => kind.clone(),
    }
}

fn lvm(lvm: &LvmConfig, page: &mut Page<'_>) {
    if *lvm == LvmConfig::default() {
        return;
    }
    page.heading("What LVM may look at");
    let patterns =
        |found: &[isctpl_checks::facts::Located<String>]| list(found.iter().map(|pattern| located(Some(pattern))));
    let devices = lvm.devices_file.as_ref().map(|devices| match devices.is_empty() {
        true => "empty".to_owned(),
        false => list(devices.iter().map(|device| {
            format!("{}={} PVID {} ({})", device.value.id_type, device.value.id_name, device.value.pvid, device.at)
        })),
    });
    page.fields([
        ("filter", patterns(&lvm.filter)),
        ("global_filter", patterns(&lvm.global_filter)),
        (
            "use_devicesfile",
            lvm.use_devicesfile.as_ref().map(|set| format!("{} ({})", u8::from(set.value), set.at)).unwrap_or_default(),
        ),
        ("devices file", devices.unwrap_or_default()),
        (
            "volume list",
            lvm.activation_list.as_ref().map(|set| format!("{} ({})", list(&set.value), set.at)).unwrap_or_default(),
        ),
    ]);
}
