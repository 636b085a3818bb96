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

/// The most partitions that are looked at; the kernel makes no more of one disk without a limit of its own.
const PARTITIONS: usize = 256;

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
                devices.extend(found.iter().take(PARTITIONS).map(|one| partition(disk, one, &mut physical)));
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
    let mut groups: BTreeMap<&str, (&[String], &Layout)> = BTreeMap::new();
    for (name, volumes, layout) in physical.iter().filter_map(|one| one.group.as_ref()) {
        groups.entry(name).or_insert((volumes, layout));
    }
    for one in physical.iter().filter(|one| one.group.is_none()) {
        problem(format!("/dev/{}", one.name), "the metadata of its volume group could not be read".to_owned());
    }
    let volumes = groups
        .iter()
        .flat_map(|(group, (volumes, layout))| volumes.iter().map(move |volume| (*group, volume.as_str(), *layout)));
    let mut devices: Vec<Device> = Vec::new();
    let mut nested = Vec::new();
    for (number, (group, volume, layout)) in volumes.take(VOLUMES).enumerate() {
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
