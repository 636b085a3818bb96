//! Devices that lie on a device: partitions, device-mapper and md (`holders` in
//! `Documentation/ABI/stable/sysfs-block`), and loop devices, which the kernel does not list there.

use super::found::{Backing, StackedDevice};
use super::mounts::Table;
use super::ours::Ours;
use crate::system::errno::in_words;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use nix::libc::O_EXCL;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

/// Every block device by its kernel name.
pub(super) const CLASS: &str = "/sys/class/block";

/// The most devices of one stack; a real one has a handful.
const STACK_LIMIT: usize = 1024;

/// The node of a device. In sysfs `!` stands for the `/` of names such as cciss/c0d0.
pub(super) fn node(name: &str) -> String {
    format!("/dev/{}", name.replace('!', "/"))
}

/// A device with everything that lies on it, bottom up.
pub(super) fn above(host: &Root, name: &str, backing: Backing) -> Result<Vec<StackedDevice>, Problem> {
    let mut found: Vec<StackedDevice> = Vec::new();
    let mut open = std::collections::VecDeque::from([(name.to_owned(), backing)]);
    while let Some((name, backing)) = open.pop_front() {
        if found.iter().any(|device| device.name == name) {
            continue;
        }
        let directory = format!("{CLASS}/{name}");
        if found.len() == STACK_LIMIT {
            return Err(Problem::new(directory, format!("more than {STACK_LIMIT} devices are stacked")));
        }
        if name.is_empty() || name.contains('/') || host.kind(&directory)? != Some(FileKind::Directory) {
            return Err(Problem::new(directory, "there is no such block device"));
        }
        let number = host.line(&format!("{directory}/dev"))?;
        let number = number
            .as_deref()
            .and_then(super::mounts::number)
            .ok_or_else(|| Problem::new(format!("{directory}/dev"), "does not hold a device number"))?;
        for (entry, kind) in host.list(&directory)?.unwrap_or_default() {
            if kind == FileKind::Directory && host.kind(&format!("{directory}/{entry}/partition"))?.is_some() {
                open.push_back((entry, Backing::Disk(name.clone())));
            }
        }
        for holder in host.names(&format!("{directory}/holders"))? {
            open.push_back((holder, Backing::Device(name.clone())));
        }
        let dm_name = host.line(&format!("{directory}/dm/name"))?;
        found.push(StackedDevice { name, number, dm_name, backing });
    }
    Ok(found)
}

/// Loop devices, with what lies on them, that are of a file on one of our mounts or of one of our devices, and
/// that are not known yet.
pub(super) fn loops(
    host: &Root,
    table: &Table,
    ours: &Ours,
    known: &[StackedDevice],
) -> Result<Vec<StackedDevice>, Problem> {
    let mut found: Vec<StackedDevice> = Vec::new();
    for name in host.names(CLASS)?.into_iter().filter(|name| name.starts_with("loop")) {
        if known.iter().chain(&found).any(|device| device.name == name) {
            continue;
        }
        // Only a loop device in use has a file.
        let Some(file) = host.line(&format!("{CLASS}/{name}/loop/backing_file"))? else { continue };
        let path = file.strip_suffix(" (deleted)").unwrap_or(&file);
        if ours.lies(table, path) {
            found.extend(above(host, &name, Backing::File(file))?);
        }
    }
    Ok(found)
}

/// Whether something claims a device, or a partition of it, for itself alone: asked by such a claim (open(2),
/// `O_EXCL` of a block device), given back at once.
pub(super) fn claimed(name: &str) -> Result<bool, Problem> {
    let node = node(name);
    match OpenOptions::new().read(true).custom_flags(O_EXCL).open(&node) {
        Ok(_) => Ok(false),
        Err(error) => match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EBUSY) => Ok(true),
            Some(errno) => Err(Problem::new(node, in_words(errno))),
            None => Err(Problem::new(node, error.to_string())),
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_device_that_cannot_be_looked_at_is_not_gone() {
        let directory = tempfile::tempdir().unwrap();
        let class = directory.path().join(CLASS.trim_start_matches('/'));
        fs::create_dir_all(class.join("sda/sda1")).unwrap();
        fs::write(class.join("sda/dev"), "8:0\n").unwrap();
        symlink("sdb", class.join("sdb")).unwrap();
        symlink("partition", class.join("sda/sda1/partition")).unwrap();
        let why = |name: &str| {
            let host = Root::open(directory.path()).unwrap();
            above(&host, name, Backing::Disk("sda".to_owned())).err().unwrap()
        };
        let there_is_none = "there is no such block device";
        assert_eq!(why("sdc").what, there_is_none);
        assert_ne!(why("sdb").what, there_is_none);
        assert_eq!(why("sda").place, format!("{CLASS}/sda/sda1/partition"));
    }
}
