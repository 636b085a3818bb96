//! What steps that mount have in common.

use crate::formats::text::names;
use crate::probes::lun::contents::Filesystem;
use crate::probes::storage::mounts;
use crate::procedures::rescue::context::Context;
use crate::procedures::rescue::host::{holders, session};
use crate::procedures::{Failure, Log, Planned};
use crate::system::command::Invocation;
use crate::system::{Root, mount};
use isctpl_checks::facts::BlockDevice;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long mounting and unmounting may take. A LUN that does not answer is given up by the kernel after
/// `replacement_timeout`, 120 s unless somebody has set another one; only then can a program be ended.
const LIMIT: Duration = Duration::from_secs(150);

/// A mount of a filesystem of the LUN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mounted {
    /// Its mount point, as this machine names it.
    pub(crate) at: PathBuf,
}

/// The device's path that people know it by.
pub(crate) fn node(filesystem: &Filesystem) -> String {
    match &filesystem.device.dm_name {
        Some(name) => format!("/dev/mapper/{name}"),
        None => format!("/dev/{}", filesystem.device.name.replace('!', "/")),
    }
}

/// Options with which nothing is written to a filesystem, not even its journal replayed (ext4, XFS, btrfs:
/// `Documentation/filesystems`), and with which it cannot panic this machine.
pub(crate) fn looking_options(kind: &str) -> Vec<&'static str> {
    let looking: &[&str] = match kind {
        "ext3" | "ext4" => &["noload"],
        "xfs" => &["norecovery", "nouuid"],
        "btrfs" => &["nologreplay"],
        _ => &[],
    };
    looking.iter().copied().chain(calm(kind)).collect()
}

/// What keeps a damaged filesystem from a panic of this machine, which the superblock of these can ask for
/// (`tune2fs -e panic`). XFS panics by a setting of this machine's alone, btrfs by an option that is not taken
/// from fstab.
fn calm(kind: &str) -> Option<&'static str> {
    matches!(kind, "ext2" | "ext3" | "ext4" | "nilfs2").then_some("errors=remount-ro")
}

/// Whether an option of the root's fstab is taken: those that say which part of a filesystem is meant, and how names
/// and owners are shown. Others could take back `nosuid`, panic this machine (`fatal_errors=panic`), or name devices
/// of this machine (`journal_path=`, `logdev=`, `device=`).
fn is_taken(option: &str) -> bool {
    let name = option.split('=').next().unwrap_or(option);
    matches!(
        name,
        "subvol"
            | "subvolid"
            | "uid"
            | "gid"
            | "umask"
            | "fmask"
            | "dmask"
            | "codepage"
            | "iocharset"
            | "shortname"
            | "utf8"
            | "compress"
            | "compress-force"
            | "noatime"
            | "relatime"
            | "noexec"
    )
}

/// The invocation that mounts a filesystem. A LUN may hold anything: no program of it gives anyone rights, and no device
/// node of it is one. Root can do without both in a chroot, and `/dev` is bound there from this system.
pub(crate) fn mount_invocation(filesystem: &Filesystem, at: &Path, options: &[String], read_only: bool) -> Invocation {
    let kind = filesystem.kind.as_str();
    let mut all: Vec<&str> = vec![if read_only { "ro" } else { "rw" }];
    // A name that holds a comma would be read as several options.
    all.extend(options.iter().flat_map(|option| option.split(',')).filter(|option| is_taken(option)));
    all.extend(["nosuid", "nodev"]);
    if read_only {
        all.extend(looking_options(kind));
    } else {
        // A clone of it may be mounted on this system.
        all.extend((kind == "xfs").then_some("nouuid"));
        all.extend(calm(kind));
    }
    let (options, node, at) = (all.join(","), node(filesystem), at.display().to_string());
    Invocation::new("mount", LIMIT).args(["-t", kind, "-o", &options, &node, &at])
}

/// Mounts a filesystem of the LUN.
pub(crate) fn mount_one(
    cx: &Context,
    log: &mut Log<'_, Mounted>,
    filesystem: &Filesystem,
    at: &Path,
    options: &[String],
) -> Result<(), Failure> {
    let invocation = mount_invocation(filesystem, at, options, cx.request.read_only);
    log.guarded(Mounted { at: at.to_owned() }, || cx.run(&invocation).map(drop))
}

/// Mount points at and below a path, in the order of mounting.
pub(crate) fn targets_below(host: &Root, top: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (entries, _) = mounts::mounts(host)?;
    let all = entries.into_iter().map(|entry| names::path(&entry.mount.target));
    Ok(all.filter(|target| target.starts_with(top)).collect())
}

/// Whether something is mounted at a place.
pub(crate) fn is_mount_point(cx: &Context, at: &Path) -> Result<bool, Failure> {
    Ok(targets_below(&cx.host, at)?.iter().any(|target| target == at))
}

/// Unmounts what was bound at a place, with all below it.
pub(crate) fn unbind(cx: &Context, at: &Path) -> Result<(), Failure> {
    Ok(mount::unmount_tree(at, &targets_below(&cx.host, at)?)?)
}

/// The mount of a filesystem that is not known yet, for a person to read.
pub(crate) fn planned_mount(cx: &Context, name: &str, kind: &str, at: &Path) -> Planned {
    let device = BlockDevice { name: name.to_owned(), ..BlockDevice::default() };
    let filesystem = Filesystem { device, kind: kind.to_owned(), uuid: None, label: None };
    Planned::command(&mount_invocation(&filesystem, at, &[], cx.request.read_only))
}

/// Unmounts what was mounted at a place.
pub(crate) fn unmount(cx: &Context, mounted: &Mounted) -> Result<(), Failure> {
    if !is_mount_point(cx, &mounted.at)? {
        return Ok(());
    }
    let at = mounted.at.display().to_string();
    let invocation = Invocation::new("umount", LIMIT).args([&at]);
    match cx.run(&invocation) {
        Ok(_) => Ok(()),
        Err(_) if !is_mount_point(cx, &mounted.at)? => Ok(()),
        Err(mut failure) => {
            if let Some(disk) = session::disk(cx, None) {
                let mut held = holders::of(&disk.name);
                held.mounts.retain(|mount| Path::new(&mount.target) != mounted.at);
                failure.advice.extend(holders::describe(&held));
            }
            Err(failure)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn options(kind: &str, of_fstab: &str, read_only: bool) -> String {
        let device = BlockDevice { name: "sda1".to_owned(), ..BlockDevice::default() };
        let filesystem = Filesystem { device, kind: kind.to_owned(), uuid: None, label: None };
        let of_fstab: Vec<String> = of_fstab.split(' ').map(str::to_owned).collect();
        let invocation = mount_invocation(&filesystem, Path::new("/target"), &of_fstab, read_only).to_string();
        invocation.split(' ').nth(4).unwrap().to_owned()
    }

    #[test]
    fn no_program_gives_rights_and_no_filesystem_panics() {
        assert_eq!(options("ext4", "defaults errors=panic", false), "rw,nosuid,nodev,errors=remount-ro");
        assert_eq!(options("ext4", "", true), "ro,nosuid,nodev,noload,errors=remount-ro");
        assert_eq!(options("xfs", "suid dev logdev=/dev/sda1", false), "rw,nosuid,nodev,nouuid");
        assert_eq!(options("vfat", "umask=0077 shortname=winnt", false), "rw,umask=0077,shortname=winnt,nosuid,nodev");
        assert_eq!(
            options("btrfs", "subvol=@,suid fatal_errors=panic device=/dev/sdb discard", false),
            "rw,subvol=@,nosuid,nodev"
        );
        assert_eq!(options("btrfs", "subvol=@", true), "ro,subvol=@,nosuid,nodev,nologreplay");
        assert!(looking_options("ext4").contains(&"errors=remount-ro"));
    }
}
