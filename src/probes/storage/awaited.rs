//! What fstab and crypttab wait for, and whether it is there: nodes below `/dev` of the running system, image files
//! in the root, and mounts that are made already.

use crate::probes::storage::mounts::MountEntry;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{CrypttabEntry, FstabEntry};

/// Directories of udev's links by the tags of libblkid.
const TAGS: [(&str, &str); 4] =
    [("UUID=", "by-uuid"), ("LABEL=", "by-label"), ("PARTUUID=", "by-partuuid"), ("PARTLABEL=", "by-partlabel")];

/// Fills in what is there of the running system.
pub(super) fn running(root: &Root, mounts: &[MountEntry], fstab: &mut [FstabEntry], crypttab: &mut [CrypttabEntry]) {
    for entry in fstab {
        let is_mounted = mounts.iter().any(|mount| mount.mount.target == entry.target);
        entry.present = if is_mounted { Some(true) } else { node(root, &entry.spec).or_else(|| file(root, entry)) };
    }
    for entry in crypttab {
        entry.present = node(root, &entry.device);
    }
}

/// Fills in what is there of a mounted root: what is mounted in it, and image files.
pub(super) fn mounted(root: &Root, fstab: &mut [FstabEntry]) {
    let Ok(Some(top)) = root.stat("/") else { return };
    for entry in fstab.iter_mut().filter(|entry| entry.target.starts_with('/') && entry.target != "/") {
        let is_mounted = root.stat(&entry.target).ok().flatten().is_some_and(|meta| meta.dev != top.dev);
        entry.present = if is_mounted { Some(true) } else { file(root, entry) };
    }
}

/// Whether a key file is in the root. What lies on another filesystem is not known.
pub(super) fn keys(root: &Root, crypttab: &mut [CrypttabEntry]) {
    for entry in crypttab {
        entry.key_present = match entry.key.as_deref() {
            Some(key) if key.starts_with("/dev/") => Some(true),
            Some(key) if key.starts_with('/') && !key.contains(':') => root.stat(key).ok().map(|meta| meta.is_some()),
            _ => None,
        };
    }
}

/// Whether the running system has the node that systemd waits for; `None` for what is no device, and where udev
/// has made no links, as in a container.
fn node(root: &Root, spec: &str) -> Option<bool> {
    if root.kind("/dev/disk").ok()? != Some(FileKind::Directory) {
        return None;
    }
    let tag = TAGS.iter().find_map(|(tag, directory)| Some((directory, spec.strip_prefix(tag)?)));
    let path = match tag {
        Some((directory, value)) => format!("/dev/disk/{directory}/{}", encoded(value)),
        None if spec.starts_with("/dev/") => spec.to_owned(),
        None => return None,
    };
    root.kind(&path).ok().map(|kind| kind.is_some())
}

/// Whether the file that is mounted by a loop device is there.
fn file(root: &Root, entry: &FstabEntry) -> Option<bool> {
    let is_bind = entry.options.iter().any(|option| matches!(option.as_str(), "bind" | "rbind"));
    if is_bind || !entry.spec.starts_with('/') || entry.spec.starts_with("/dev/") || entry.spec.starts_with("//") {
        return None;
    }
    root.stat(&entry.spec).ok().map(|meta| meta.is_some())
}

/// A value as udev writes it in the name of a link (`encode_devnode_name`).
fn encoded(value: &str) -> String {
    let mut name = String::new();
    for c in value.chars() {
        if c.is_ascii_alphanumeric() || "#+-.:=@_".contains(c) || !c.is_ascii() {
            name.push(c);
        } else {
            name.push_str(&format!("\\x{:02x}", u32::from(c)));
        }
    }
    name
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formats::storage::fstab;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn nodes_files_and_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        fs::create_dir_all(at("dev/disk/by-label")).unwrap();
        fs::create_dir_all(at("dev/disk/by-uuid")).unwrap();
        fs::write(at("dev/sda1"), "").unwrap();
        symlink("../../sda1", at("dev/disk/by-label/my\\x20data")).unwrap();
        symlink("../../sda1", at("dev/disk/by-uuid/ab-1")).unwrap();
        fs::write(at("disk.img"), "").unwrap();
        let text = "LABEL=my\\040data /a ext4\nUUID=ab-1 /b ext4\nUUID=AB-1 /c ext4\n/dev/sda1 /d ext4\n\
                    /dev/sdb1 /e ext4\n/disk.img /f ext4 loop\n/gone.img /g ext4 loop\n/x /h none bind\nnas:/x /i nfs\n";
        let (mut entries, _) = fstab::parse(text, "/etc/fstab");
        let root = Root::open(directory.path()).unwrap();
        running(&root, &[], &mut entries, &mut []);
        let present: Vec<_> = entries.iter().map(|entry| entry.present).collect();
        let (yes, no) = (Some(true), Some(false));
        // udev's link is named as blkid prints the UUID: in another case it is no link (systemd 252, by its
        // generator: What=/dev/disk/by-uuid/ABCDEF00-… for UUID=ABCDEF00-…).
        assert_eq!(present, [yes, yes, no, yes, no, yes, no, None, None]);
        let (mut entries, _) = fstab::parse(text, "/etc/fstab");
        mounted(&root, &mut entries);
        let present: Vec<_> = entries.iter().map(|entry| entry.present).collect();
        assert_eq!(present, [None, None, None, None, None, yes, no, None, None]);
        fs::remove_dir_all(at("dev/disk")).unwrap();
        let (mut entries, _) = fstab::parse("UUID=ab-1 /b ext4\n", "/etc/fstab");
        running(&root, &[], &mut entries, &mut []);
        assert_eq!(entries[0].present, None);
    }
}
