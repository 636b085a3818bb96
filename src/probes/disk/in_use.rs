//! Whether this machine has mounted what is on a disk: then what lies on it may be half of a change.

use crate::probes::storage::mounts;
use crate::probes::storage::sysfs::Sysfs;
use crate::system::Root;
use isctpl_checks::facts::Problem;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Where something of a block device is mounted writable; nothing of an image, and where nothing is.
pub(super) fn mounted_at(path: &Path) -> Result<Option<String>, Problem> {
    let unread = |error: std::io::Error| Problem::new(path.display().to_string(), error.to_string());
    let metadata = fs::metadata(path).map_err(unread)?;
    if !metadata.file_type().is_block_device() {
        return Ok(None);
    }
    let number = format!("{}:{}", nix::sys::stat::major(metadata.rdev()), nix::sys::stat::minor(metadata.rdev()));
    writable(&Root::running()?, &number)
}

/// The same of the device with this number, on this host.
fn writable(host: &Root, number: &str) -> Result<Option<String>, Problem> {
    let sysfs = Sysfs::of(host);
    let Some(directory) = sysfs.by_number(number)? else { return Ok(None) };
    let mut numbers = vec![sysfs.device(&directory)?.number];
    numbers.extend(sysfs.above(&directory)?.into_iter().map(|device| device.number));
    let (entries, _) = mounts::mounts(host)?;
    let is_written = |options: &[String]| options.iter().any(|option| option == "rw");
    let found = entries.iter().filter(|entry| is_written(&entry.mount.options)).find(|entry| {
        // A btrfs has a number of its own, and names its device.
        let of_device = mounts::device_directory(&entry.mount, host, sysfs).and_then(|place| sysfs.device(&place));
        of_device.is_ok_and(|device| numbers.contains(&device.number))
    });
    Ok(found.map(|entry| entry.mount.target.clone()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(root: &Path, path: &str, target: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// A disk with a partition, on which a logical volume lies, and another disk.
    fn host(root: &Path, mountinfo: &str) -> Root {
        for (name, number, place) in [
            ("sda", "8:0", "pci0/sda"),
            ("sda1", "8:1", "pci0/sda/sda1"),
            ("dm-0", "253:0", "virtual/dm-0"),
            ("sdb", "8:16", "pci0/sdb"),
        ] {
            put(root, &format!("sys/devices/{place}/dev"), &format!("{number}\n"));
            put(root, &format!("sys/devices/{place}/size"), "2048\n");
            link(root, &format!("sys/dev/block/{number}"), &format!("../../devices/{place}"));
            link(root, &format!("sys/class/block/{name}"), &format!("../../devices/{place}"));
        }
        put(root, "sys/devices/pci0/sda/sda1/partition", "1\n");
        put(root, "sys/devices/pci0/sda/sda1/holders/dm-0", "");
        put(root, "sys/devices/virtual/dm-0/slaves/sda1", "");
        put(root, "proc/self/mountinfo", mountinfo);
        Root::open(root).unwrap().kernel()
    }

    #[test]
    fn what_is_mounted_writable_on_it_is_told() {
        let line = |number: &str, options: &str| {
            format!("30 1 {number} / /mnt {options},relatime shared:1 - ext4 /dev/x {options}\n")
        };
        for (mountinfo, of, expected) in [
            (line("253:0", "rw"), "8:0", Some("/mnt")),
            (line("8:1", "rw"), "8:0", Some("/mnt")),
            (line("253:0", "rw"), "8:1", Some("/mnt")),
            (line("8:0", "rw"), "8:0", Some("/mnt")),
            (line("253:0", "ro"), "8:0", None),
            (line("253:0", "rw"), "8:16", None),
            (line("8:16", "rw"), "8:0", None),
            (String::new(), "8:0", None),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let found = writable(&host(directory.path(), &mountinfo), of).unwrap();
            assert_eq!(found.as_deref(), expected, "{of} {mountinfo}");
        }
    }
}
