//! The devices that the root lies on, one on the other.

use super::Analysis;
use super::rootspec::mapper_name;
use crate::facts::{BlockDevice, Signature};

impl Analysis<'_> {
    /// A device of the root's stack, and one right below it that the kernel has no more: the disk of a session that
    /// was logged out takes its partitions along, and leaves the maps that lie on them.
    pub(crate) fn gone_below_root(&self) -> Option<(&str, &str)> {
        let root = self.storage.root_device.known()?.as_ref()?;
        let devices = self.storage.devices.known()?;
        let mut open = vec![root];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(device) = open.pop() {
            if seen.contains(&device.name.as_str()) {
                continue;
            }
            seen.push(&device.name);
            for below in device.slaves.iter().chain(&device.parent) {
                match devices.iter().find(|device| &device.name == below) {
                    Some(device) => open.push(device),
                    None => return Some((&device.name, below)),
                }
            }
        }
        None
    }
}

/// Volumes that the disks tell of and that no device shows, such as those beside the root in a rescue system,
/// with the disk, the group and their own names.
pub(crate) fn inactive_volumes<'a>(devices: &[&'a BlockDevice]) -> Vec<(&'a BlockDevice, &'a str, &'a str)> {
    let mut found = Vec::new();
    for &device in devices {
        let Some(Some(Signature::LvmPv { vg: Some(vg), lvs, .. })) = device.signature.known() else { continue };
        let is_active = |lv: &&String| {
            let name = mapper_name(vg, lv);
            devices.iter().any(|device| device.dm_name.as_ref() == Some(&name))
        };
        found.extend(lvs.iter().filter(|lv| !is_active(lv)).map(|lv| (device, vg.as_str(), lv.as_str())));
    }
    found
}
