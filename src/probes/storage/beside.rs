//! The devices beside those that a mounted root lies on.

use super::{all_devices, contents, devices_of_mount, sysfs::Sysfs};
use crate::system::Root;
use isctpl_checks::facts::{BlockDevice, Fact, Problem};
use std::path::PathBuf;

/// The other partitions and volumes of the root's disk. On the instance's own machine those of every disk of this
/// host.
pub(crate) fn read(root: &Root, same_machine: bool) -> Fact<Vec<BlockDevice>> {
    let Some(stack) = devices_of_mount(root) else {
        return Fact::NotApplicable(
            "the root is not mounted from a disk, whose other partitions could be seen".to_owned(),
        );
    };
    let is_below = |device: &BlockDevice| stack.iter().any(|known| known.name == device.name);
    let read = || -> Result<Vec<BlockDevice>, Problem> {
        let host = Root::running()?;
        let mut beside = on_disk(&host, &stack)?;
        beside.retain(|device| !is_below(device));
        beside.iter_mut().for_each(|device| contents::fill(&host, device, true));
        contents::name_groups(&mut beside);
        if same_machine {
            let others = all_devices(&host, &stack, &mut Vec::new())?;
            let new = |device: &BlockDevice| !is_below(device) && beside.iter().all(|known| known.name != device.name);
            let others: Vec<_> = others.into_iter().filter(new).collect();
            beside.extend(others);
        }
        Ok(beside)
    };
    read().into()
}

/// The nodes of the devices that are read of a mounted root: those that it lies on, and what else lies on their disks.
pub(crate) fn nodes(root: &Root) -> Vec<PathBuf> {
    let stack = devices_of_mount(root).unwrap_or_default();
    let beside = Root::running().and_then(|host| on_disk(&host, &stack)).unwrap_or_default();
    stack.iter().chain(&beside).map(|device| contents::node(device).into()).collect()
}

/// What lies on the disks at the bottom of a stack.
fn on_disk(host: &Root, stack: &[BlockDevice]) -> Result<Vec<BlockDevice>, Problem> {
    let sysfs = Sysfs::of(host);
    let mut found: Vec<BlockDevice> = Vec::new();
    for disk in stack.iter().filter(|device| device.slaves.is_empty() && device.parent.is_none()) {
        let Some(directory) = sysfs.by_name(&disk.name)? else { continue };
        for device in sysfs.above(&directory)? {
            if found.iter().all(|known| known.name != device.name) {
                found.push(device);
            }
        }
    }
    Ok(found)
}
