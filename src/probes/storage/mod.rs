//! Mounts, volumes and filters: fstab, the device that the root lies on with what lies below it, and what
//! LVM may look at.

mod awaited;
pub(crate) mod beside;
pub(crate) mod contents;
pub(crate) mod mounts;
mod settings;
pub(crate) mod sysfs;

use super::disk::DiskRoot;
use crate::formats::storage::{crypttab, fstab};
use crate::formats::text::harmless::is_plain;
use crate::formats::text::names;
use crate::system::Root;
use crate::system::disk::Disk;
use crate::system::mounted::device_of_mount;
use isctpl_checks::facts::{BlockDevice, Fact, Problem, Source, Storage};
use mounts::MountEntry;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use sysfs::Sysfs;

/// The most block devices of a running system that are listed.
const DEVICE_LIMIT: usize = 1024;

/// Where a root is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// It is the running system's `/`.
    Running,
    /// A directory. Its device is a fact only where something is mounted on it; of a plain directory nothing outside it
    /// is touched.
    Mounted,
    /// A disk that is mounted nowhere.
    Disk(&'a DiskRoot),
}

/// Reads what is known of storage; of a mounted root without the devices beside its own.
pub(crate) fn read(root: &Root, place: Place<'_>) -> Storage {
    let mut problems = Vec::new();
    let fstab = settings::text(root, "/etc/fstab", &mut problems).map(|text| fstab::parse(&text, "/etc/fstab"));
    let (fstab, trouble) = fstab.unwrap_or_default();
    problems.extend(trouble);
    Source::Fstab.name(&mut problems);
    let crypttab = settings::text(root, "/etc/crypttab", &mut problems);
    let (mut crypttab, trouble) = crypttab.map(|text| crypttab::parse(&text, "/etc/crypttab")).unwrap_or_default();
    problems.extend(trouble);
    Source::Crypttab.name(&mut problems);
    awaited::keys(root, &mut crypttab);
    let lvm = settings::lvm_config(root, &mut problems);
    let mut storage = Storage::default();
    settings::volume_groups(root, &mut storage, &mut problems);
    Source::Lvm.name(&mut problems);
    let mut storage = Storage {
        fstab,
        crypttab,
        lvm,
        overlayroot: settings::overlayroot(root, &mut problems),
        md_arrays: settings::md_arrays(root, &mut problems),
        resume: settings::resume(root, &mut problems),
        lvm_installed: settings::first(
            root,
            &["/usr/sbin/lvm", "/sbin/lvm", "/usr/bin/lvm", "/bin/lvm"],
            &mut problems,
        ),
        multipath: settings::multipath(root, &mut problems),
        ..storage
    };
    if let Place::Running = place {
        running(&root.kernel(), &mut storage, &mut problems);
    } else {
        storage.mounts =
            Fact::NotApplicable("the mounts of the running kernel do not belong to the mounted root".to_owned());
        match place {
            Place::Disk(disk) => on_disk(disk, &mut storage),
            _ => mounted(root, &mut storage),
        }
        awaited::mounted(root, &mut storage.fstab);
    }
    Source::Other.name(&mut problems);
    storage.problems = problems;
    storage
}

/// Reads one block of the device below the running `/`, past every cache: nothing when it answers. A disk that
/// is gone may keep this waiting for good.
pub(crate) fn root_silence(root: &Root) -> Fact<Option<Problem>> {
    if !nix::unistd::geteuid().is_root() {
        return Fact::Unknown(Problem::new("/", "must run as root to read the disk of /"));
    }
    match root_stack(root) {
        Ok(stack) => {
            let Some(device) = stack.first() else {
                return Fact::NotApplicable("/ is not on a block device".to_owned());
            };
            // In sysfs `!` stands for the `/` of names such as cciss/c0d0.
            let node = format!("/dev/{}", device.name.replace('!', "/"));
            match root.kind(&node) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    let what = format!("{node}, the device of /, does not exist here, as in a container");
                    return Fact::NotApplicable(what);
                }
                Err(problem) => return Fact::Unknown(problem),
            }
            match Disk::open(Path::new(&node)) {
                Ok(disk) => Fact::Known(disk.read_a_block().err()),
                Err(problem) => Fact::Unknown(problem),
            }
        }
        Err(problem) => Fact::NotApplicable(format!("the device of / is not known: {problem}")),
    }
}

/// What the kernel tells of storage by itself, without a read of any disk: mounts, and the devices below `/`.
pub(crate) fn read_kernel(root: &Root, unread: &Problem) -> Storage {
    let stack = root_stack(root).map(|mut stack| {
        stack.iter_mut().for_each(|device| device.signature = Fact::Unknown(unread.clone()));
        stack
    });
    Storage {
        mounts: mounts::mounts(root).map(|(entries, _)| entries.into_iter().map(|entry| entry.mount).collect()).into(),
        devices: stack.clone().into(),
        root_device: stack.map(|stack| stack.into_iter().next()).into(),
        problems: vec![unread.clone()],
        ..Storage::default()
    }
}

/// The device that `/` lies on, and those below it, as sysfs shows them.
fn root_stack(root: &Root) -> Result<Vec<BlockDevice>, Problem> {
    let (entries, _) = mounts::mounts(root)?;
    match mounts::at(&entries, "/").map(|entry| below_overlay(&entries, entry)) {
        Some(entry) => stack_of(entry, root),
        None => Err(Problem::new("/proc/self/mountinfo", "has no mount at /")),
    }
}

/// Fills in what the running kernel knows.
fn running(root: &Root, storage: &mut Storage, problems: &mut Vec<Problem>) {
    let entries = match mounts::mounts(root) {
        Ok((entries, trouble)) => {
            problems.extend(trouble);
            entries
        }
        Err(problem) => {
            storage.mounts = Fact::Unknown(problem.clone());
            storage.root_device = Fact::Unknown(problem);
            storage.devices = all_devices(root, &[], problems).into();
            return;
        }
    };
    awaited::running(root, &entries, &mut storage.fstab, &mut storage.crypttab);
    let stack = match mounts::at(&entries, "/").map(|entry| below_overlay(&entries, entry)) {
        Some(entry) => {
            storage.root_subvolume = subvolume(entry);
            stack_of(entry, root)
        }
        None => Err(Problem::new("/proc/self/mountinfo", "has no mount at /")),
    };
    let stack = stack.map(|stack| filled(root, stack));
    let below = stack.as_deref().unwrap_or_default();
    storage.devices = all_devices(root, below, problems).into();
    storage.root_device = stack.map(|stack| stack.into_iter().next()).into();
    storage.mounts = Fact::Known(entries.into_iter().map(|entry| entry.mount).collect());
}

/// Fills in the devices of a disk that is mounted nowhere.
fn on_disk(disk: &DiskRoot, storage: &mut Storage) {
    storage.root_subvolume = disk.subvolume.clone();
    storage.root_device = Fact::Known(disk.stack.first().cloned());
    storage.devices = Fact::Known(disk.stack.clone());
    storage.beside = Fact::Known(disk.beside.clone());
}

/// Fills in the device below a root that something is mounted on.
fn mounted(root: &Root, storage: &mut Storage) {
    match device_of_mount(root) {
        Ok(Some(number)) => match devices_below(root, number) {
            Ok(Some((stack, subvolume))) => {
                storage.root_subvolume = subvolume;
                storage.root_device = Fact::Known(stack.first().cloned());
                storage.devices = Fact::Known(stack);
            }
            Ok(None) => {
                no_device(storage, "the root is a directory or overlay on another filesystem; its own disk is not here")
            }
            Err(problem) => {
                storage.root_device = Fact::Unknown(problem.clone());
                storage.devices = Fact::Unknown(problem);
            }
        },
        Ok(None) => no_device(storage, "the root is a plain directory, not a mounted device"),
        Err(problem) => {
            storage.root_device = Fact::Unknown(problem.clone());
            storage.devices = Fact::Unknown(problem);
        }
    }
}

fn no_device(storage: &mut Storage, why: &str) {
    storage.root_device = Fact::Known(None);
    storage.devices = Fact::NotApplicable(why.to_owned());
}

/// A device with those below it, and the subvolume that a mount of it shows.
type Mounted = (Vec<BlockDevice>, Option<String>);

/// The device that a root is mounted from, and those below it, as this host sees them, with the subvolume that is
/// mounted. `None` for a tree without its disk.
fn devices_below(root: &Root, number: (u32, u32)) -> Result<Option<Mounted>, Problem> {
    let host = Root::running()?;
    let entry = entry_of(root, &host, number)?;
    if !is_whole(&entry) {
        return Ok(None);
    }
    let subvolume = subvolume(&entry);
    stack_of(&entry, &host).map(|stack| Some((filled(&host, stack), subvolume)))
}

/// The subvolume that a mount of a btrfs shows.
fn subvolume(entry: &MountEntry) -> Option<String> {
    (entry.mount.kind == "btrfs" && is_plain(&entry.shows.replace('@', ""))).then(|| entry.shows.clone())
}

/// The same as sysfs shows them, without a read of any block; nothing where no disk is known.
pub(crate) fn devices_of_mount(root: &Root) -> Option<Vec<BlockDevice>> {
    let number = device_of_mount(root).ok().flatten()?;
    let host = Root::running().ok()?;
    let entry = entry_of(root, &host, number).ok().filter(is_whole)?;
    stack_of(&entry, &host).ok()
}

/// The line of mountinfo of a root that is mounted.
fn entry_of(root: &Root, host: &Root, (major, minor): (u32, u32)) -> Result<MountEntry, Problem> {
    let place = std::fs::canonicalize(root.path()).unwrap_or_else(|_| root.path().to_owned());
    let place = names::decode(place.as_os_str().as_bytes());
    let (entries, _) = mounts::mounts(host)?;
    // Of several at one place the last one lies on top.
    entries.into_iter().rev().find(|entry| entry.mount.target == place).ok_or_else(|| {
        Problem::new(place, format!("is mounted from device {major}:{minor}, but mountinfo does not list it"))
    })
}

/// Whether a mount shows a filesystem with its disk: no directory of another filesystem, which may be this host's
/// own, and no overlay or container's tree. A subvolume of btrfs is a root of its own.
fn is_whole(entry: &MountEntry) -> bool {
    (entry.shows == "/" || entry.mount.kind == "btrfs") && !mounts::has_no_disk(&entry.mount)
}

/// Below an overlay the mount that its lower directory is, as overlayroot makes it; else the mount itself.
fn below_overlay<'a>(entries: &'a [MountEntry], entry: &'a MountEntry) -> &'a MountEntry {
    let lower = entry.mount.options.iter().find_map(|option| option.strip_prefix("lowerdir="));
    let below = lower.filter(|_| entry.mount.kind == "overlay").and_then(|lower| mounts::at(entries, lower));
    below.unwrap_or(entry)
}

fn stack_of(entry: &MountEntry, host: &Root) -> Result<Vec<BlockDevice>, Problem> {
    let sysfs = Sysfs::of(host);
    sysfs.stack(&mounts::device_directory(&entry.mount, host, sysfs)?)
}

fn filled(host: &Root, mut stack: Vec<BlockDevice>) -> Vec<BlockDevice> {
    for device in &mut stack {
        contents::fill(host, device, true);
    }
    contents::name_groups(&mut stack);
    stack
}

/// Every block device but those that hold nothing: RAM disks and loop devices without a file. Those below the
/// root were read already.
fn all_devices(root: &Root, below: &[BlockDevice], problems: &mut Vec<Problem>) -> Result<Vec<BlockDevice>, Problem> {
    let sysfs = Sysfs::of(root);
    let names = sysfs.names()?;
    let mut devices = Vec::new();
    for name in names.iter().filter(|name| !name.starts_with("ram")) {
        if devices.len() == DEVICE_LIMIT {
            problems.push(Problem::new(
                "/sys/class/block",
                format!("has more than {DEVICE_LIMIT} devices; the rest was not read"),
            ));
            break;
        }
        if let Some(known) = below.iter().find(|device| device.name == *name) {
            devices.push(known.clone());
            continue;
        }
        let device = sysfs.by_name(name).and_then(|directory| directory.map(|path| sysfs.device(&path)).transpose());
        match device {
            Ok(Some(device)) if device.name.starts_with("loop") && device.size == 0 => {}
            Ok(Some(mut device)) => {
                contents::fill(root, &mut device, false);
                devices.push(device);
            }
            // Gone since it was listed.
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    contents::name_groups(&mut devices);
    Ok(devices)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
