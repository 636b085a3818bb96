//! The devices that Linux would show of a disk: itself, its partitions, and the logical volumes on them.
//!
//! They are called as on a machine that has no other disk: `sda`, `sda3`, `dm-0`.

use crate::formats::disk::partitions::{Partition, partitions};
use crate::formats::disk::{Blocks, DiskError, LogicalVolume, Stream, Window};
use crate::formats::storage::lvm::Layout;
use crate::formats::storage::signature;
use crate::probes::storage::contents::take;
use isctpl_checks::facts::{BlockDevice, Fact, Problem, Signature};
use isctpl_checks::mapper_name;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the only disk of a machine.
const DISK: &str = "sda";

/// Partitions are looked at up to this number, without it: the kernel shows no others (`DISK_MAX_PARTS` in
/// `include/linux/blkdev.h`, which counts the disk itself).
const PARTITIONS: u32 = 256;

/// The most logical volumes that are looked at.
const VOLUMES: usize = 512;

/// A device.
#[derive(Debug)]
pub(super) struct Device {
    /// What is known of it.
    pub(super) facts: BlockDevice,
    /// Its bytes; `None` where they cannot be read from this disk, which its signature says.
    pub(super) blocks: Option<Arc<dyn Blocks>>,
}

/// A physical volume with the group's layout, where its metadata was read.
struct Physical {
    name: String,
    uuid: String,
    blocks: Arc<dyn Blocks>,
    group: Option<(String, Vec<String>, Layout)>,
}

/// Reads what is on a disk. `problem` is told what could not be read, and where.
pub(super) fn read(disk: &Arc<dyn Blocks>, problem: &mut dyn FnMut(String, String)) -> Vec<Device> {
    let mut physical = Vec::new();
    let facts = BlockDevice { name: DISK.to_owned(), number: "8:0".to_owned(), ..BlockDevice::default() };
    let whole = looked_at(facts, Arc::clone(disk), &mut physical);
    // A filesystem or volume on the disk itself leaves no room for a table, and a boot sector may look like one.
    let has_room = matches!(whole.facts.signature, Fact::Known(None | Some(Signature::PartitionTable(_))));
    let mut devices = vec![whole];
    if has_room {
        match partitions(&**disk) {
            Ok(found) => {
                let found = found.unwrap_or_default();
                let shown = found.iter().filter(|one| one.number < PARTITIONS);
                devices.extend(shown.map(|one| partition(disk, one, &mut physical)));
            }
            Err(error) => problem(format!("/dev/{DISK}"), error.to_string()),
        }
    }
    let volumes = logical_volumes(&physical, problem);
    devices.extend(volumes);
    devices
}

fn partition(disk: &Arc<dyn Blocks>, partition: &Partition, physical: &mut Vec<Physical>) -> Device {
    let facts = BlockDevice {
        name: format!("{DISK}{}", partition.number),
        number: format!("8:{}", partition.number),
        size: partition.size,
        parent: Some(DISK.to_owned()),
        part_uuid: Some(partition.uuid.clone()),
        part_label: partition.label.clone(),
        ..BlockDevice::default()
    };
    match Window::new(Arc::clone(disk), partition.start, partition.size) {
        Ok(window) => looked_at(facts, Arc::new(window), physical),
        Err(error) => unread(facts, &error),
    }
}

fn unread(facts: BlockDevice, error: &DiskError) -> Device {
    let place =
        facts.dm_name.as_ref().map_or_else(|| format!("/dev/{}", facts.name), |name| format!("/dev/mapper/{name}"));
    let signature = Fact::Unknown(Problem::new(place, error.to_string()));
    Device { facts: BlockDevice { signature, ..facts }, blocks: None }
}

/// Reads what a device says of itself.
fn looked_at(facts: BlockDevice, blocks: Arc<dyn Blocks>, physical: &mut Vec<Physical>) -> Device {
    let mut facts = BlockDevice { size: blocks.size(), ..facts };
    match signature::read(&mut Stream::of(&*blocks)) {
        Ok(mut contents) => {
            let layout = contents.layout.take();
            if let Some(Signature::LvmPv { uuid, vg, lvs, .. }) = &contents.signature {
                let group = vg.clone().zip(layout).map(|(name, layout)| (name, lvs.clone(), layout));
                let (name, uuid, blocks) = (facts.name.clone(), uuid.clone(), Arc::clone(&blocks));
                physical.push(Physical { name, uuid, blocks, group });
            }
            facts.signature = take(&mut facts, contents);
            Device { facts, blocks: Some(blocks) }
        }
        Err(error) => unread(facts, &DiskError::Read(error.to_string())),
    }
}

/// The volumes of every group whose metadata is on the disk.
fn logical_volumes(physical: &[Physical], problem: &mut dyn FnMut(String, String)) -> Vec<Device> {
    let by_uuid: BTreeMap<&str, &Physical> = physical.iter().map(|one| (one.uuid.as_str(), one)).collect();
    // By their UUIDs: two groups may have one name, and the volumes of neither are the other's.
    let mut groups: BTreeMap<&str, &(String, Vec<String>, Layout)> = BTreeMap::new();
    for group in physical.iter().filter_map(|one| one.group.as_ref()) {
        groups.entry(&group.2.uuid).or_insert(group);
    }
    for one in physical.iter().filter(|one| one.group.is_none()) {
        problem(format!("/dev/{}", one.name), "the metadata of its volume group could not be read".to_owned());
    }
    let volumes: Vec<(&str, &str, &Layout)> = groups
        .values()
        .flat_map(|(name, volumes, layout)| volumes.iter().map(move |volume| (name.as_str(), volume.as_str(), layout)))
        .collect();
    if volumes.len() > VOLUMES {
        problem(format!("/dev/{DISK}"), format!("has more than {VOLUMES} logical volumes; the rest was not read"));
    }
    let mut devices: Vec<Device> = Vec::new();
    let mut nested = Vec::new();
    for (number, (group, volume, layout)) in volumes.into_iter().take(VOLUMES).enumerate() {
        let below = layout.physical_volumes(volume);
        let facts = BlockDevice {
            name: format!("dm-{number}"),
            number: format!("253:{number}"),
            dm_name: Some(mapper_name(group, volume)),
            dm_uuid: Some(layout.dm_uuid(volume)),
            slaves: below.into_iter().filter_map(|uuid| by_uuid.get(uuid)).map(|one| one.name.clone()).collect(),
            ..BlockDevice::default()
        };
        let device = |uuid: &str| by_uuid.get(uuid).map(|one| Arc::clone(&one.blocks));
        devices.push(match LogicalVolume::new(layout, volume, &device) {
            Ok(volume) => looked_at(facts, Arc::new(volume), &mut nested),
            Err(error) => unread(facts, &error),
        });
    }
    for one in nested {
        problem(
            format!("/dev/{}", one.name),
            "is a physical volume on a logical volume, which isctpl does not read".to_owned(),
        );
    }
    devices
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::formats::storage::lvm::layout;
    use std::fs::{self, File};
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// A physical volume with a group of two volumes, one of them thin.
    fn physical(number: u8, group: &str) -> Physical {
        let text = format!(
            "{group} {{\nid = \"group{number}\"\nextent_size = 1\nphysical_volumes {{\npv0 {{\nid = \"pv{number}\"\npe_start = 0\n}}\n\
             }}\nlogical_volumes {{\nroot {{\nid = \"lv\"\nsegment1 {{\nstart_extent = 0\nextent_count = 2\ntype = \"striped\"\n\
             stripes = [ \"pv0\", 0 ]\n}}\n}}\nthin {{\nsegment1 {{\nstart_extent = 0\nextent_count = 1\ntype = \"thin\"\n}}\n}}\n\
             }}\n}}\n"
        );
        let volumes = vec!["root".to_owned(), "thin".to_owned()];
        Physical {
            name: format!("sda{number}"),
            uuid: format!("pv{number}"),
            blocks: Arc::new(vec![number; 4096]),
            group: Some((group.to_owned(), volumes, layout(&text).unwrap())),
        }
    }

    /// A partition's number decides, and not how many there are before it.
    #[test]
    fn partitions_have_numbers_up_to_255() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disk");
        File::create(&path).unwrap().set_len(8 << 20).unwrap();
        let table = "label: gpt\ntable-length: 300\n2: start=2048, size=8\n255: start=4096, size=8\n\
             256: start=4104, size=8\n257: start=4112, size=8\n";
        let sfdisk = Command::new("sfdisk").arg("-q").arg(&path).stdin(Stdio::piped()).spawn();
        let mut sfdisk = sfdisk.expect("needs sfdisk (package fdisk)");
        sfdisk.stdin.take().unwrap().write_all(table.as_bytes()).unwrap();
        assert!(sfdisk.wait().unwrap().success());
        let disk: Arc<dyn Blocks> = Arc::new(fs::read(path).unwrap());
        assert_eq!(partitions(&*disk).unwrap().unwrap().len(), 4);
        let devices = read(&disk, &mut |place, what| panic!("{place}: {what}"));
        let names: Vec<&str> = devices.iter().map(|device| device.facts.name.as_str()).collect();
        assert_eq!(names, ["sda", "sda2", "sda255"]);
    }

    #[test]
    fn groups_of_one_name_are_two() {
        let devices = logical_volumes(&[physical(1, "vg"), physical(2, "vg")], &mut |_, what| panic!("{what}"));
        let told = |device: &Device| {
            (device.facts.dm_uuid.clone().unwrap(), device.facts.slaves.clone(), device.blocks.is_some())
        };
        let told: Vec<_> = devices.iter().map(told).collect();
        let expected = [("LVM-group1lv", "sda1", true), ("LVM-group1", "sda1", false), ("LVM-group2lv", "sda2", true)];
        for ((uuid, slave, read), told) in expected.into_iter().zip(&told) {
            let slaves = if read { vec![slave.to_owned()] } else { Vec::new() };
            assert_eq!(*told, (uuid.to_owned(), slaves, read));
        }
        assert_eq!(told.len(), 4);
        let mut bytes = [0];
        devices[2].blocks.as_ref().unwrap().read_at(0, &mut bytes).unwrap();
        assert_eq!(bytes, [2]);
    }

    #[test]
    fn what_is_not_read_is_told() {
        let mut told = Vec::new();
        let bare = Physical { group: None, ..physical(3, "vg") };
        let devices = logical_volumes(&[physical(1, "vg"), bare], &mut |place, what| told.push((place, what)));
        assert_eq!(told, [("/dev/sda3".to_owned(), "the metadata of its volume group could not be read".to_owned())]);
        let Fact::Unknown(problem) = &devices[1].facts.signature else { panic!("{devices:?}") };
        assert_eq!(
            problem.to_string(),
            "/dev/mapper/vg-thin: the volume thin is of type thin, which isctpl does not read"
        );
    }
}
