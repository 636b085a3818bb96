//! Block devices as sysfs shows them (`Documentation/ABI/stable/sysfs-block`).

use crate::formats::storage::vpd;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{BlockDevice, MdRaid, Problem};

/// The most devices below one that are followed; a real stack has a handful.
const STACK_LIMIT: usize = 256;

/// The most bytes of a page of vital product data: its length is a number of two bytes.
const VPD_LIMIT: u64 = 4 + 0xffff;

/// The numbers of a btrfs's subvolumes: that of the top, and the lowest of the others (`BTRFS_FS_TREE_OBJECTID` and
/// `BTRFS_FIRST_FREE_OBJECTID` of `include/uapi/linux/btrfs_tree.h`).
const TOP: u32 = 5;
const FIRST_SUBVOLUME: u32 = 256;

/// A sysfs tree: a root opened at it, or the directory `/sys` of a root.
#[derive(Clone, Copy)]
pub(crate) struct Sysfs<'a> {
    root: &'a Root,
    prefix: &'static str,
}

impl<'a> Sysfs<'a> {
    /// The tree that a root was opened at.
    pub(crate) fn at(root: &'a Root) -> Self {
        Self { root, prefix: "" }
    }

    /// The tree at `/sys` of a root.
    pub(crate) fn of(root: &'a Root) -> Self {
        Self { root, prefix: "/sys" }
    }

    fn inside(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// The directory of a device by its number, `MAJOR:MINOR`; `None` when there is no such device.
    pub(crate) fn by_number(&self, number: &str) -> Result<Option<String>, Problem> {
        self.followed(&self.inside("/dev/block"), number)
    }

    /// The directory of a device by its kernel name.
    pub(crate) fn by_name(&self, name: &str) -> Result<Option<String>, Problem> {
        self.followed(&self.inside("/class/block"), name)
    }

    /// The directory of a device-mapper device by its name in `/dev/mapper`.
    pub(crate) fn by_dm_name(&self, dm_name: &str) -> Result<Option<String>, Problem> {
        for name in self.names()? {
            if name.starts_with("dm-")
                && let Some(directory) = self.by_name(&name)?
                && self.root.line(&format!("{directory}/dm/name"))?.as_deref() == Some(dm_name)
            {
                return Ok(Some(directory));
            }
        }
        Ok(None)
    }

    /// The directory of a device of a mounted btrfs, of which statfs(2) tells this number.
    pub(crate) fn by_btrfs(&self, filesystem_id: u64) -> Result<Option<String>, Problem> {
        let mounted = self.inside("/fs/btrfs");
        for uuid in self.root.names(&mounted)?.iter().filter(|uuid| is_btrfs(uuid, filesystem_id)) {
            for device in self.root.names(&format!("{mounted}/{uuid}/devices"))? {
                if let Some(directory) = self.by_name(&device)? {
                    return Ok(Some(directory));
                }
            }
        }
        Ok(None)
    }

    /// Kernel names of every block device, partitions included.
    pub(crate) fn names(&self) -> Result<Vec<String>, Problem> {
        self.root.names(&self.inside("/class/block"))
    }

    /// Whether there is a tree of devices at all; a container may have none.
    pub(crate) fn is_there(&self) -> Result<bool, Problem> {
        Ok(self.root.kind(&self.inside("/dev/block"))? == Some(FileKind::Directory))
    }

    fn followed(&self, directory: &str, name: &str) -> Result<Option<String>, Problem> {
        let target = self.root.read_link(&format!("{directory}/{name}"))?;
        Ok(target.map(|target| joined(directory, &target)))
    }

    /// Reads what sysfs tells of the device whose directory this is. What its blocks hold is read elsewhere.
    pub(crate) fn device(&self, directory: &str) -> Result<BlockDevice, Problem> {
        let line = |name: &str| self.root.line(&format!("{directory}/{name}"));
        let (above, name) = directory.rsplit_once('/').unwrap_or(("", directory));
        let partition = self.root.kind(&format!("{directory}/partition"))?.is_some();
        let disk = if partition { above } else { directory };
        // A disk without such a description answers with an error (ENXIO of a DVD drive's wwid): it has none.
        let of_disk = |name: &str| -> Option<String> {
            let line = self.root.line(&format!("{disk}/device/{name}")).ok().flatten()?;
            Some(line.trim().to_owned()).filter(|line| !line.is_empty())
        };
        let sectors = line("size")?.and_then(|sectors| sectors.trim().parse::<u64>().ok()).unwrap_or(0);
        let event = self.root.text(&format!("{directory}/uevent"))?.unwrap_or_default();
        let of_event = |key: &str| {
            let values = event.lines().filter_map(|line| line.split_once('='));
            values.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value.to_owned())
        };
        // A virtio disk's vendor is a PCI number, which tells a person nothing.
        // Not every kernel tells the UUID.
        let raid = line("md/level")?.filter(|level| !level.is_empty()).map(|level| MdRaid {
            level: Some(level),
            uuid: line("md/uuid").ok().flatten().map(|uuid| uuid.trim().replace('-', "")),
        });
        let names = [of_disk("vendor"), of_disk("model")].into_iter().flatten();
        let model: Vec<String> = names.filter(|name| !name.starts_with("0x")).collect();
        Ok(BlockDevice {
            name: name.to_owned(),
            number: line("dev")?.unwrap_or_default(),
            // The unit of `size` is 512 bytes, whatever the device's blocks are.
            size: sectors.saturating_mul(512),
            dm_name: line("dm/name")?,
            dm_uuid: line("dm/uuid")?.filter(|uuid| !uuid.is_empty()),
            slaves: self.root.names(&format!("{directory}/slaves"))?,
            parent: partition.then(|| above.rsplit('/').next().unwrap_or_default().to_owned()),
            part_uuid: of_event("PARTUUID").map(|uuid| uuid.to_ascii_lowercase()),
            part_label: of_event("PARTNAME"),
            iscsi_session: session_of(directory),
            wwid: of_disk("wwid"),
            lun: lun_of(directory),
            model: (!model.is_empty()).then(|| model.join(" ")),
            raid,
            ..BlockDevice::default()
        })
    }

    /// A device with everything below it: slaves of device-mapper and md, and the disk of a partition.
    /// The device itself comes first. What is gone is left out, and its name stays with whatever lies on it: a
    /// map outlives the disk of a session that was logged out.
    pub(crate) fn stack(&self, directory: &str) -> Result<Vec<BlockDevice>, Problem> {
        let mut devices: Vec<BlockDevice> = Vec::new();
        let mut open = vec![directory.to_owned()];
        while let Some(directory) = open.pop() {
            let device = self.device(&directory)?;
            if devices.iter().any(|known| known.name == device.name) {
                continue;
            }
            if devices.len() == STACK_LIMIT {
                return Err(Problem::new(directory, format!("is on more than {STACK_LIMIT} devices")));
            }
            for below in device.slaves.iter().chain(&device.parent) {
                open.extend(self.by_name(below)?);
            }
            devices.push(device);
        }
        Ok(devices)
    }

    /// What lies on a device, bottom up, the device itself left out: its partitions, and maps and arrays on it or
    /// on one of them (`holders`).
    pub(crate) fn above(&self, directory: &str) -> Result<Vec<BlockDevice>, Problem> {
        let mut devices: Vec<BlockDevice> = Vec::new();
        let mut open = std::collections::VecDeque::from([directory.to_owned()]);
        while let Some(below) = open.pop_front() {
            if below != directory {
                let device = self.device(&below)?;
                if devices.iter().any(|known| known.name == device.name) {
                    continue;
                }
                if devices.len() == STACK_LIMIT {
                    return Err(Problem::new(directory, format!("more than {STACK_LIMIT} devices are on it")));
                }
                devices.push(device);
            }
            open.extend(self.partitions(&below)?);
            for holder in self.root.names(&format!("{below}/holders"))? {
                let holder = self.by_name(&holder)?;
                open.push_back(holder.ok_or_else(|| Problem::new(below.as_str(), "a device on it is gone"))?);
            }
        }
        Ok(devices)
    }

    /// Directories of the partitions of a disk, by number.
    fn partitions(&self, disk: &str) -> Result<Vec<String>, Problem> {
        let mut partitions = Vec::new();
        for (name, kind) in self.root.list(disk)?.unwrap_or_default() {
            let directory = format!("{disk}/{name}");
            if kind == FileKind::Directory
                && let Some(number) = self.root.line(&format!("{directory}/partition"))?
            {
                partitions.push((number.trim().parse::<u32>().unwrap_or(u32::MAX), directory));
            }
        }
        partitions.sort();
        Ok(partitions.into_iter().map(|(_, directory)| directory).collect())
    }

    /// Whether a device may not be written (`ro`).
    pub(crate) fn read_only(&self, directory: &str) -> Result<bool, Problem> {
        Ok(self.root.line(&format!("{directory}/ro"))?.is_some_and(|flag| flag.trim() != "0"))
    }

    /// What SCSI says of a disk's state, such as `running` or `transport-offline`; `None` of another disk.
    pub(crate) fn scsi_state(&self, disk: &str) -> Result<Option<String>, Problem> {
        self.root.line(&format!("{disk}/device/state"))
    }

    /// The identifiers in a disk's page 83h, most particular first; none when it has no such page. What keeps some of
    /// them from being read is noted.
    pub(crate) fn identifiers(&self, disk: &str, problems: &mut Vec<Problem>) -> Vec<String> {
        let path = format!("{disk}/device/vpd_pg83");
        let (identifiers, unread) = match self.root.read(&path, VPD_LIMIT) {
            Ok(page) => page.map(|page| vpd::identifiers(&page, &self.root.name(&path))).unwrap_or_default(),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        problems.extend(unread);
        identifiers
    }

    /// Whether reads of a device will be answered, as far as the kernel knows: the disk is running and its
    /// session is logged in. Reading another one would wait for the session's recovery.
    pub(crate) fn answers(&self, device: &BlockDevice) -> Result<bool, Problem> {
        let Some(directory) = self.by_name(&device.name)? else { return Ok(false) };
        let disk = match device.parent {
            Some(_) => directory.rsplit_once('/').map_or(directory.as_str(), |(disk, _)| disk),
            None => &directory,
        };
        let state = self.root.line(&format!("{disk}/device/state"))?;
        // NVMe disks say `live`; virtual ones have no state.
        if state.is_some_and(|state| !matches!(state.as_str(), "running" | "live")) {
            return Ok(false);
        }
        let Some(session) = &device.iscsi_session else { return Ok(true) };
        let state = self.root.line(&self.inside(&format!("/class/iscsi_session/{session}/state")))?;
        Ok(state.as_deref() == Some("LOGGED_IN"))
    }
}

/// Joins a relative link to the directory that it stands in.
fn joined(directory: &str, target: &str) -> String {
    let mut parts: Vec<&str> = if target.starts_with('/') {
        Vec::new()
    } else {
        directory.split('/').filter(|part| !part.is_empty()).collect()
    };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The session in a device's path, such as `…/host6/session1/target6:0:0/…`.
fn session_of(directory: &str) -> Option<String> {
    let is_session = |part: &&str| {
        part.strip_prefix("session")
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    directory.split('/').find(is_session).map(str::to_owned)
}

/// The logical unit in a SCSI device's path: the last number of `HOST:CHANNEL:TARGET:LUN`.
fn lun_of(directory: &str) -> Option<u64> {
    directory.split('/').find_map(|part| {
        let numbers: Vec<&str> = part.split(':').collect();
        let all = numbers.iter().all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()));
        match numbers.as_slice() {
            [_, _, _, lun] if all => lun.parse().ok(),
            _ => None,
        }
    })
}

/// Whether a number of statfs(2) is of the btrfs with this UUID: it is made of the UUID and of the number of the subvolume
/// that is mounted (`btrfs_statfs` of `fs/btrfs/super.c`), which has fewer than 32 bits.
fn is_btrfs(uuid: &str, filesystem_id: u64) -> bool {
    let Ok(uuid) = u128::from_str_radix(&uuid.replace('-', ""), 16) else { return false };
    let [first, second, third, fourth] = [96, 64, 32, 0].map(|at| (uuid >> at) as u32);
    let (of_uuid, with_subvolume) = (filesystem_id as u32, (filesystem_id >> 32) as u32);
    let subvolume = with_subvolume ^ second ^ fourth;
    of_uuid == first ^ third && (subvolume == TOP || subvolume >= FIRST_SUBVOLUME)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn links_are_joined_without_leaving_the_tree() {
        assert_eq!(joined("/sys/dev/block", "../../devices/virtual/block/dm-0"), "/sys/devices/virtual/block/dm-0");
        assert_eq!(joined("/class/block", "../../../../etc"), "/etc");
    }

    #[test]
    fn a_path_tells_session_and_unit() {
        let path = "/sys/devices/platform/host6/session12/target6:0:0/6:0:0:47/block/sda/sda3";
        assert_eq!(session_of(path).as_deref(), Some("session12"));
        assert_eq!(lun_of(path), Some(47));
        let local = "/sys/devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0/block/sr0";
        assert_eq!((session_of(local), lun_of(local)), (None, Some(0)));
        assert_eq!(lun_of("/sys/devices/virtual/block/dm-0"), None);
    }
}
