//! `/proc/self/mountinfo` (proc_pid_mountinfo(5)), and the device that a mount's filesystem lies on.

use super::sysfs::Sysfs;
use crate::formats::storage::fstab::unescape;
use crate::formats::text::harmless::mount::{self, source};
use crate::system::Root;
use isctpl_checks::facts::{Mount, Problem};
use procfs::process::MountInfo;

const MOUNTINFO: &str = "/proc/self/mountinfo";

/// A mount, and which directory of the filesystem it shows.
pub(crate) struct MountEntry {
    /// The mount itself.
    pub(crate) mount: Mount,
    /// The directory of the filesystem that is seen there: `/` for all of it.
    pub(crate) shows: String,
}

/// Every mount that this process sees, in the kernel's order, and the lines that could not be read.
///
/// # Errors
/// When there is no mountinfo, as without `/proc`.
pub(crate) fn mounts(root: &Root) -> Result<(Vec<MountEntry>, Vec<Problem>), Problem> {
    let text = root.text(MOUNTINFO)?.ok_or_else(|| Problem::new(root.name(MOUNTINFO), "does not exist"))?;
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
        match MountInfo::from_line(line) {
            Ok(info) => entries.push(entry(info)),
            Err(_) => {
                problems.push(Problem::new(format!("{}:{number}", root.name(MOUNTINFO)), "is not a line of mountinfo"));
            }
        }
    }
    Ok((entries, problems))
}

fn entry(info: MountInfo) -> MountEntry {
    let written = info.mount_options.into_iter().chain(info.super_options);
    let mut options = mount::options(written.map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => name,
    }));
    options.sort();
    options.dedup();
    let mount = Mount {
        target: unescape(&info.mount_point.to_string_lossy()),
        source: source(&unescape(&info.mount_source.unwrap_or_default())),
        kind: info.fs_type,
        device: info.majmin,
        options,
    };
    MountEntry { mount, shows: unescape(&info.root) }
}

/// The mount that is seen at a place: of several at one place the last one lies on top.
pub(crate) fn at<'a>(entries: &'a [MountEntry], target: &str) -> Option<&'a MountEntry> {
    entries.iter().rev().find(|entry| entry.mount.target == target)
}

/// The sysfs directory of the device that a filesystem lies on.
///
/// # Errors
/// When it lies on none that can be named, with the reason.
pub(crate) fn device_directory(mount: &Mount, root: &Root, sysfs: Sysfs<'_>) -> Result<String, Problem> {
    let problem = |what: String| Problem::new(mount.target.clone(), what);
    if !sysfs.is_there()? {
        return Err(problem("sysfs, which shows its block device, is not mounted".to_owned()));
    }
    let found = if mount.device.starts_with("0:") {
        // btrfs has a number of its own kind; its source is one of its devices, under a name that may be gone.
        match by_source(mount, root, sysfs)? {
            None if mount.kind == "btrfs" => {
                root.filesystem_id(&mount.target)?.map_or(Ok(None), |id| sysfs.by_btrfs(id))?
            }
            found => found,
        }
    } else {
        sysfs.by_number(&mount.device)?
    };
    found.ok_or_else(|| problem(format!("the block device of {} ({}) is not known", mount.source, mount.kind)))
}

/// Whether a filesystem lies on no disk that could be the instance's: it is made of directories, of memory, or of
/// another machine's files. btrfs, bcachefs and ZFS have no device number of their own either, but disks.
pub(crate) fn has_no_disk(mount: &Mount) -> bool {
    mount.device.starts_with("0:") && !matches!(mount.kind.as_str(), "btrfs" | "bcachefs" | "zfs" | "ubifs" | "jffs2")
}

fn by_source(mount: &Mount, root: &Root, sysfs: Sysfs<'_>) -> Result<Option<String>, Problem> {
    let Some(name) = mount.source.strip_prefix("/dev/") else { return Ok(None) };
    if let Some(dm_name) = name.strip_prefix("mapper/") {
        return sysfs.by_dm_name(dm_name);
    }
    // In sysfs `!` stands for the `/` of names such as cciss/c0d0.
    if let Some(directory) = sysfs.by_name(&name.replace('/', "!"))? {
        return Ok(Some(directory));
    }
    match root.stat(&mount.source)? {
        Some(meta) if meta.rdev != 0 => {
            let (major, minor) = (nix::sys::stat::major(meta.rdev), nix::sys::stat::minor(meta.rdev));
            sysfs.by_number(&format!("{major}:{minor}"))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_directories_or_memory_has_no_disk() {
        let of = |kind: &str, device: &str| {
            has_no_disk(&Mount {
                target: "/x".to_owned(),
                source: kind.to_owned(),
                kind: kind.to_owned(),
                device: device.to_owned(),
                options: Vec::new(),
            })
        };
        for kind in ["overlay", "tmpfs", "9p", "virtiofs", "nfs4", "fuse.fuse-overlayfs", "aufs"] {
            assert!(of(kind, "0:44"), "{kind}");
        }
        assert!(!of("btrfs", "0:44") && !of("zfs", "0:44") && !of("ext4", "254:0"));
    }

    #[test]
    fn reads_mounts_and_the_topmost_one() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("proc/self")).unwrap();
        let text = "1 0 0:2 / / rw - rootfs rootfs rw\n26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/mapper/a\\040b rw\n\
                    nonsense\n27 26 0:39 /@ /x\\040y rw - btrfs /dev/sda rw,subvol=/@\n";
        std::fs::write(directory.path().join("proc/self/mountinfo"), text).unwrap();
        let (entries, problems) = mounts(&Root::open(directory.path()).unwrap()).unwrap();
        assert_eq!(problems[0].place, "/proc/self/mountinfo:3");
        let root = at(&entries, "/").unwrap();
        assert_eq!((root.mount.device.as_str(), root.mount.source.as_str()), ("254:0", "/dev/mapper/a b"));
        assert_eq!(root.mount.options, ["relatime", "rw"]);
        assert_eq!(at(&entries, "/x y").unwrap().shows, "/@");
    }
}
