//! What stands on the devices of a LUN: filesystems, volume groups, and what is locked.

use crate::probes::storage::contents;
use crate::system::Root;
use isctpl_checks::facts::{BlockDevice, Fact, Problem, Signature};
use isctpl_checks::mapper_name;

/// Filesystems that a root can be, of those whose header is known.
const ROOT_KINDS: [&str; 5] = ["ext2", "ext3", "ext4", "xfs", "btrfs"];

/// What stands on the devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Filesystems that can be mounted: nothing else lies on their devices.
    pub filesystems: Vec<Filesystem>,
    /// Volume groups with a physical volume among the devices.
    pub volume_groups: Vec<VolumeGroup>,
    /// Kernel names of encrypted devices that nobody has opened.
    pub encrypted: Vec<String>,
    /// Kernel names of devices that are a part of something that is not put together: RAID, or a kind of content
    /// that is named and not read here.
    pub other: Vec<(String, String)>,
    /// Devices whose first blocks could not be read.
    pub unread: Vec<Problem>,
}

/// What the map's name of a volume begins with where another volume on this machine has its own.
pub(crate) const OTHER_NAME: &str = "isctpl-";

/// A filesystem on the LUN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filesystem {
    /// The device that it stands on.
    pub device: BlockDevice,
    /// `ext4`, `xfs`, `btrfs`, `vfat` …
    pub kind: String,
    /// UUID, as blkid prints it.
    pub uuid: Option<String>,
    /// Its label, where it has one.
    pub label: Option<String>,
}

/// A volume group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeGroup {
    /// Name; `None` where the metadata could not be read. It may be that of another group of this host.
    pub name: Option<String>,
    /// Physical volumes among the devices: kernel name, and UUID, which tells the group from others of its name.
    pub physical_volumes: Vec<(String, String)>,
    /// How many physical volumes the group has; 0 when that is not known.
    pub pv_count: u32,
    /// Its logical volumes.
    pub volumes: Vec<String>,
    /// Those of them that are active on these devices.
    pub active: Vec<String>,
}

impl Filesystem {
    /// Whether a root can be on it at all. Swap is none, nor is the ESP.
    pub fn may_be_root(&self) -> bool {
        ROOT_KINDS.contains(&self.kind.as_str())
    }
}

impl VolumeGroup {
    /// Whether every physical volume of it is there; `None` when that cannot be told.
    pub fn is_complete(&self) -> Option<bool> {
        (self.pv_count > 0).then(|| self.physical_volumes.len() >= usize::try_from(self.pv_count).unwrap_or(usize::MAX))
    }

    /// Whether every logical volume of it is active.
    pub fn is_active(&self) -> bool {
        self.active.len() == self.volumes.len()
    }
}

/// Reads the first blocks of devices of this host: what they say, and the names of partitions. A device whose
/// session is not logged in is not read.
pub fn read(host: &Root, devices: &mut [BlockDevice]) {
    for device in devices.iter_mut() {
        contents::fill(host, device, true);
    }
    contents::name_groups(devices);
}

/// Says what stands on devices that were read.
pub fn of(devices: &[BlockDevice]) -> Contents {
    let mut found = Contents::default();
    let lies_below = |name: &str| devices.iter().any(|upper| upper.slaves.iter().any(|slave| slave == name));
    for device in devices {
        match &device.signature {
            // What a map lies on is seen through the map: two names for one filesystem are one too many.
            Fact::Known(Some(Signature::Filesystem { kind, uuid, label })) if !lies_below(&device.name) => {
                found.filesystems.push(Filesystem {
                    device: device.clone(),
                    kind: kind.clone(),
                    uuid: uuid.clone(),
                    label: label.clone(),
                });
            }
            Fact::Known(Some(Signature::LvmPv { uuid, vg, lvs, pv_count })) if !is_path(devices, device) => {
                physical_volume(&mut found.volume_groups, device, uuid, vg.as_deref(), lvs, *pv_count);
            }
            Fact::Known(Some(Signature::Luks { .. })) if !lies_below(&device.name) => {
                found.encrypted.push(device.name.clone());
            }
            Fact::Known(Some(Signature::Other(kind))) if !lies_below(&device.name) => {
                found.other.push((device.name.clone(), kind.clone()));
            }
            Fact::Unknown(problem) => found.unread.push(problem.clone()),
            Fact::Known(_) | Fact::NotApplicable(_) => {}
        }
    }
    for group in &mut found.volume_groups {
        let Some(name) = &group.name else { continue };
        let is_active = |volume: &&String| {
            let wanted = mapper_name(name, volume);
            let is_its = |map: &str| map == wanted || map.strip_prefix(OTHER_NAME) == Some(wanted.as_str());
            devices.iter().any(|device| device.dm_name.as_deref().is_some_and(is_its))
        };
        group.active = group.volumes.iter().filter(is_active).cloned().collect();
    }
    found
}

/// Whether a device is one of the paths below a multipath map.
fn is_path(devices: &[BlockDevice], device: &BlockDevice) -> bool {
    let is_map = |upper: &BlockDevice| upper.dm_uuid.as_deref().is_some_and(|uuid| uuid.starts_with("mpath-"));
    devices.iter().any(|upper| is_map(upper) && upper.slaves.contains(&device.name))
        || device
            .parent
            .as_ref()
            .is_some_and(|parent| devices.iter().any(|upper| is_map(upper) && upper.slaves.contains(parent)))
}

fn physical_volume(
    groups: &mut Vec<VolumeGroup>,
    device: &BlockDevice,
    uuid: &str,
    name: Option<&str>,
    volumes: &[String],
    pv_count: u32,
) {
    let volume = (device.name.clone(), uuid.to_owned());
    // Volumes without a group's name may be of any: they are not put together.
    match groups.iter_mut().find(|group| name.is_some() && group.name.as_deref() == name) {
        Some(group) => {
            // Another path to the same one is not one more.
            if !group.physical_volumes.iter().any(|(_, known)| known == uuid) {
                group.physical_volumes.push(volume);
            }
            group.pv_count = group.pv_count.max(pv_count);
            group
                .volumes
                .extend(volumes.iter().filter(|one| !group.volumes.contains(one)).cloned().collect::<Vec<_>>());
        }
        None => groups.push(VolumeGroup {
            name: name.map(str::to_owned),
            physical_volumes: vec![volume],
            pv_count,
            volumes: volumes.to_vec(),
            active: Vec::new(),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(super) mod tests {
    use super::*;

    /// A device with a filesystem.
    pub(in crate::probes::lun) fn filesystem(name: &str, kind: &str, uuid: &str) -> BlockDevice {
        device(name, Signature::Filesystem { kind: kind.to_owned(), uuid: Some(uuid.to_owned()), label: None })
    }

    fn device(name: &str, signature: Signature) -> BlockDevice {
        BlockDevice { name: name.to_owned(), signature: Fact::Known(Some(signature)), ..BlockDevice::default() }
    }

    fn volume(name: &str, uuid: &str, pv_count: u32) -> BlockDevice {
        let lvs = vec!["ubuntu-lv".to_owned(), "home".to_owned()];
        device(name, Signature::LvmPv { uuid: uuid.to_owned(), vg: Some("ubuntu-vg".to_owned()), lvs, pv_count })
    }

    /// A LUN as Ubuntu's installer makes it: ESP, /boot, and a volume group with the root.
    pub(in crate::probes::lun) fn ubuntu() -> Vec<BlockDevice> {
        let mut root = filesystem("dm-0", "ext4", "1111-root");
        root.dm_name = Some("ubuntu--vg-ubuntu--lv".to_owned());
        root.dm_uuid = Some("LVM-abc".to_owned());
        root.slaves = vec!["sda3".to_owned()];
        let mut devices = vec![
            device("sda", Signature::PartitionTable("gpt".to_owned())),
            filesystem("sda1", "vfat", "AAAA-BBBB"),
            filesystem("sda2", "ext4", "2222-boot"),
            volume("sda3", "pv-1", 1),
            root,
        ];
        for partition in devices.iter_mut().filter(|device| device.name.len() == 4 && device.name.starts_with("sda")) {
            partition.parent = Some("sda".to_owned());
        }
        devices
    }

    fn names(contents: &Contents) -> Vec<&str> {
        contents.filesystems.iter().map(|filesystem| filesystem.device.name.as_str()).collect()
    }

    #[test]
    fn an_installed_lun_is_read() {
        let contents = of(&ubuntu());
        assert_eq!(names(&contents), ["sda1", "sda2", "dm-0"]);
        let may: Vec<_> = contents.filesystems.iter().map(Filesystem::may_be_root).collect();
        assert_eq!(may, [false, true, true]);
        let group = &contents.volume_groups[0];
        assert_eq!((contents.volume_groups.len(), group.name.as_deref()), (1, Some("ubuntu-vg")));
        assert_eq!(group.physical_volumes, [("sda3".to_owned(), "pv-1".to_owned())]);
        assert_eq!(
            (group.active.as_slice(), group.is_active(), group.is_complete()),
            (["ubuntu-lv".to_owned()].as_slice(), false, Some(true))
        );
        assert!(contents.encrypted.is_empty() && contents.unread.is_empty());
    }

    /// Or a second `rescue up` would take its own volumes for inactive ones, and undo them below what is mounted.
    #[test]
    fn a_volume_that_is_mapped_under_another_name_is_active() {
        for (map, expected) in [("isctpl-ubuntu--vg-ubuntu--lv", 1), ("isctpl-ubuntu--vg-other", 0), ("x", 0)] {
            let mut devices = ubuntu();
            devices.last_mut().unwrap().dm_name = Some(map.to_owned());
            assert_eq!(of(&devices).volume_groups[0].active.len(), expected, "{map}");
        }
        // A group may itself be called what such a name begins with.
        let lvs = vec!["root".to_owned()];
        let mut devices = vec![device(
            "sda3",
            Signature::LvmPv { uuid: "pv-1".to_owned(), vg: Some("isctpl".to_owned()), lvs, pv_count: 1 },
        )];
        for (map, expected) in [("isctpl-root", true), ("isctpl-isctpl-root", true), ("root", false)] {
            devices.truncate(1);
            devices.push(BlockDevice {
                name: "dm-0".to_owned(),
                dm_name: Some(map.to_owned()),
                ..BlockDevice::default()
            });
            assert_eq!(of(&devices).volume_groups[0].is_active(), expected, "{map}");
        }
    }

    #[test]
    fn a_group_may_lack_a_volume_or_its_metadata() {
        let whole = of(&[volume("sda1", "pv-1", 2), volume("sda2", "pv-2", 2)]);
        assert_eq!((whole.volume_groups.len(), whole.volume_groups[0].is_complete()), (1, Some(true)));
        assert_eq!(of(&[volume("sda1", "pv-1", 2)]).volume_groups[0].is_complete(), Some(false));
        let bare = |name: &str, uuid: &str| {
            device(name, Signature::LvmPv { uuid: uuid.to_owned(), vg: None, lvs: Vec::new(), pv_count: 0 })
        };
        let contents = of(&[bare("sda1", "a"), bare("sda2", "b")]);
        assert_eq!((contents.volume_groups.len(), contents.volume_groups[0].is_complete()), (2, None));
    }

    #[test]
    fn a_multipath_map_hides_its_paths() {
        let mut map = device("dm-0", Signature::PartitionTable("gpt".to_owned()));
        map.dm_uuid = Some("mpath-3600".to_owned());
        map.slaves = vec!["sda".to_owned(), "sdb".to_owned()];
        let mut part = volume("dm-1", "pv-1", 1);
        part.dm_uuid = Some("part1-mpath-3600".to_owned());
        part.slaves = vec!["dm-0".to_owned()];
        let mut below = volume("sda1", "pv-1", 1);
        below.parent = Some("sda".to_owned());
        let contents = of(&[below, map, part]);
        assert_eq!(contents.volume_groups[0].physical_volumes, [("dm-1".to_owned(), "pv-1".to_owned())]);
        // A whole disk with a filesystem, seen by both paths and the map.
        let mut map = filesystem("dm-0", "xfs", "1");
        map.slaves = vec!["sda".to_owned(), "sdb".to_owned()];
        let contents = of(&[filesystem("sda", "xfs", "1"), filesystem("sdb", "xfs", "1"), map]);
        assert_eq!(names(&contents), ["dm-0"]);
    }

    #[test]
    fn what_is_locked_or_unread_is_told() {
        let locked = device("sda3", Signature::Luks { uuid: None });
        let unread = BlockDevice {
            name: "sda4".to_owned(),
            signature: Fact::Unknown(Problem::new("/dev/sda4", "does not answer")),
            ..BlockDevice::default()
        };
        let contents = of(&[locked.clone(), unread, device("sda5", Signature::Other("linux_raid_member".to_owned()))]);
        assert_eq!(contents.encrypted, ["sda3"]);
        assert_eq!(contents.unread[0].place, "/dev/sda4");
        assert_eq!(contents.other, [("sda5".to_owned(), "linux_raid_member".to_owned())]);
        let mut open = filesystem("dm-0", "ext4", "1");
        open.slaves = vec!["sda3".to_owned()];
        assert!(of(&[locked, open]).encrypted.is_empty());
    }
}
