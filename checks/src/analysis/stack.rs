//! The devices that the root lies on, one on the other.

use super::Analysis;

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
