//! The EFI system partition.

use super::disk::Disk;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Esp, Fact, Problem};

/// Where an ESP is mounted, the commonest first.
const MOUNT_POINTS: [&str; 4] = ["/boot/efi", "/efi", "/boot", "/boot/esp"];

/// Removable-media loaders by machine type (UEFI 2.10, section 3.5.1.1).
const FALLBACK: [&str; 6] =
    ["BOOTX64.EFI", "BOOTAA64.EFI", "BOOTIA32.EFI", "BOOTARM.EFI", "BOOTRISCV64.EFI", "BOOTLOONGARCH64.EFI"];

/// Finds the ESP by fstab or by what lies there, and the loaders on it.
pub(super) fn read(disk: &Disk<'_>) -> Fact<Esp> {
    look(disk).into()
}

fn look(disk: &Disk<'_>) -> Result<Esp, Problem> {
    let by_fstab = MOUNT_POINTS
        .iter()
        .copied()
        .chain(disk.fstab.iter().map(|entry| entry.target.as_str()).filter(|target| target.contains("efi")))
        .filter(|target| disk.mount(target).is_some_and(|entry| is_fat(&entry.kind) || entry.kind == "auto"));
    let mut unreadable = None;
    let mut mount_point = None;
    for target in by_fstab.chain(MOUNT_POINTS) {
        match efi_directory(disk, target) {
            Ok(Some(efi)) => return loaders(disk.root, target, &efi),
            Ok(None) => {
                if disk.mount(target).is_some_and(|entry| is_fat(&entry.kind)) {
                    mount_point.get_or_insert_with(|| target.to_owned());
                }
            }
            Err(problem) => {
                unreadable.get_or_insert(problem);
            }
        }
    }
    match unreadable {
        Some(problem) => Err(problem),
        None => Ok(Esp { mount_point, ..Esp::default() }),
    }
}

fn loaders(root: &Root, target: &str, efi: &str) -> Result<Esp, Problem> {
    let mut esp = Esp { mount_point: Some(target.to_owned()), ..Esp::default() };
    let efi_path = format!("{}/{efi}", target.trim_end_matches('/'));
    for (vendor, kind) in root.list(&efi_path)?.unwrap_or_default() {
        esp.visible = true;
        if kind != FileKind::Directory {
            continue;
        }
        for (name, kind) in root.list(&format!("{efi_path}/{vendor}"))?.unwrap_or_default() {
            if kind != FileKind::File || !name.to_ascii_lowercase().ends_with(".efi") {
                continue;
            }
            let path = format!("{efi}/{vendor}/{name}");
            let is_fallback = vendor.eq_ignore_ascii_case("boot")
                && FALLBACK.iter().any(|fallback| name.eq_ignore_ascii_case(fallback));
            if is_fallback { esp.fallback.push(path) } else { esp.loaders.push(path) }
        }
    }
    Ok(esp)
}

/// The name of the directory `EFI` of an ESP that is mounted at a directory.
pub(super) fn efi_directory(disk: &Disk<'_>, target: &str) -> Result<Option<String>, Problem> {
    let name = child(disk.root, target, "EFI")?;
    // A mount point for an ESP, `/boot/efi`, is no `EFI` of one at /boot.
    Ok(name.filter(|name| {
        let is_mount_point = disk.mount(&format!("{target}/{name}")).is_some();
        let is_fat = disk.mount(target).is_some_and(|entry| is_fat(&entry.kind));
        !is_mount_point && (name != "efi" || target != "/boot" || is_fat)
    }))
}

fn is_fat(kind: &str) -> bool {
    matches!(kind, "vfat" | "msdos" | "fat")
}

/// The name of a directory's entry, in whatever case FAT or a copy of it has it.
pub(super) fn child(root: &Root, directory: &str, wanted: &str) -> Result<Option<String>, Problem> {
    // A file in place of the directory holds no ESP.
    match root.stat(directory)? {
        Some(found) if found.kind == FileKind::Directory => {}
        _ => return Ok(None),
    }
    Ok(root.names(directory)?.into_iter().find(|name| name.eq_ignore_ascii_case(wanted)))
}
