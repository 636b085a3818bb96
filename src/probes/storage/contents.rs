//! What a device's first blocks say: of udev's database where udev has looked, else of the device itself.

use super::sysfs::Sysfs;
use crate::formats::storage::signature::{self, Contents, gpt_partitions};
use crate::system::Root;
use isctpl_checks::facts::{BlockDevice, Fact, Problem, Signature};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;

/// Fills in signature and partition names of one device. Only a device `below_root` is read: others may hang,
/// and udev's word is enough for them.
pub(crate) fn fill(host: &Root, device: &mut BlockDevice, below_root: bool) {
    let udev = match udev_properties(host, &device.number) {
        Ok(properties) => properties,
        Err(problem) => {
            device.signature = Fact::Unknown(problem);
            return;
        }
    };
    if let Some(properties) = &udev {
        let property = |key: &str| properties.get(key).cloned();
        device.part_uuid =
            device.part_uuid.take().or_else(|| property("ID_PART_ENTRY_UUID")).map(|uuid| uuid.to_ascii_lowercase());
        device.part_label = device.part_label.take().or_else(|| property("ID_PART_ENTRY_NAME"));
    }
    let told = udev.as_ref().and_then(of_properties);
    // A btrfs may lie on more devices than this one, of which udev says nothing.
    let is_plain = matches!(&told, Some(Signature::Filesystem { kind, .. }) if kind != "btrfs");
    let to_read = below_root && !is_plain;
    device.signature = if to_read {
        match (read(host, device), told) {
            (Ok(mut read), told) => {
                read.signature = read.signature.or(told);
                take(device, read)
            }
            // What udev saw outlives a device that does not answer or must not be opened.
            (Err(_), Some(told)) => Fact::Known(Some(told)),
            (Err(problem), None) => Fact::Unknown(problem),
        }
    } else {
        match udev {
            Some(_) => Fact::Known(told),
            None => Fact::Unknown(Problem::new(
                node(device),
                "was not read: udev has no data on it, and the root is not on it",
            )),
        }
    };
    if below_root && device.parent.is_some() && device.part_uuid.is_none() {
        partition_of_table(host, device);
    }
}

/// Fills in what a device's first blocks say, but for the signature, which is handed back.
pub(crate) fn take(device: &mut BlockDevice, read: Contents) -> Fact<Option<Signature>> {
    device.volumes = read.volumes;
    device.raid = device.raid.take().or(read.raid);
    device.btrfs_devices = read.btrfs_devices;
    device.btrfs_checksum = read.btrfs_checksum.map(str::to_owned);
    device.luks = read.luks;
    Fact::Known(read.signature)
}

/// Where a physical volume's metadata was not read, the logical volumes that lie on it tell its group.
pub(crate) fn name_groups(devices: &mut [BlockDevice]) {
    let volumes: Vec<(Vec<String>, String, String)> = devices
        .iter()
        .filter(|device| device.dm_uuid.as_deref().is_some_and(|uuid| uuid.starts_with("LVM-")))
        .filter_map(|device| {
            let (group, volume) = split_dm_name(device.dm_name.as_deref()?)?;
            Some((device.slaves.clone(), group, volume))
        })
        .collect();
    for device in devices {
        let Fact::Known(Some(Signature::LvmPv { vg, lvs, .. })) = &mut device.signature else { continue };
        if vg.is_some() {
            continue;
        }
        for (_, group, volume) in volumes.iter().filter(|(slaves, ..)| slaves.contains(&device.name)) {
            *vg = Some(group.clone());
            lvs.push(volume.clone());
        }
    }
}

/// Takes apart the name that LVM gives a map: group and volume, joined by `-`, their own dashes doubled.
fn split_dm_name(name: &str) -> Option<(String, String)> {
    let bytes = name.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'-', Some(b'-')) => at += 2,
            (b'-', _) => {
                let (group, volume) = (name.get(..at)?, name.get(at + 1..)?);
                return Some((group.replace("--", "-"), volume.replace("--", "-")));
            }
            _ => at += 1,
        }
    }
    None
}

/// Its node below /dev. In sysfs `!` stands for the `/` of names such as cciss/c0d0.
pub(super) fn node(device: &BlockDevice) -> String {
    format!("/dev/{}", device.name.replace('!', "/"))
}

/// The properties of a device in udev's database; `None` when udev has not seen it.
fn udev_properties(host: &Root, number: &str) -> Result<Option<BTreeMap<String, String>>, Problem> {
    let text = host.text(&format!("/run/udev/data/b{number}"))?;
    Ok(text.map(|text| {
        let lines = text.lines().filter_map(|line| line.strip_prefix("E:")?.split_once('='));
        lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }))
}

/// What udev's blkid saw.
fn of_properties(properties: &BTreeMap<String, String>) -> Option<Signature> {
    let property = |key: &str| properties.get(key).filter(|value| !value.is_empty()).cloned();
    let uuid = property("ID_FS_UUID");
    let Some(kind) = property("ID_FS_TYPE") else {
        // A partition carries the table of its disk as a property too.
        let is_disk = !properties.contains_key("ID_PART_ENTRY_NUMBER");
        return property("ID_PART_TABLE_TYPE").filter(|_| is_disk).map(Signature::PartitionTable);
    };
    Some(match (kind.as_str(), property("ID_FS_USAGE").as_deref()) {
        ("LVM2_member", _) => {
            Signature::LvmPv { uuid: uuid.unwrap_or_default(), vg: None, lvs: Vec::new(), pv_count: 0 }
        }
        ("crypto_LUKS", _) => Signature::Luks { uuid },
        ("swap", _) | (_, Some("filesystem")) => {
            let label = property("ID_FS_LABEL_ENC").map(|label| unescape(&label));
            Signature::Filesystem { kind, uuid, label }
        }
        _ => Signature::Other(kind),
    })
}

/// Decodes the `\x20` of udev's `…_ENC` properties.
fn unescape(text: &str) -> String {
    let mut pieces = text.split("\\x");
    let mut decoded: Vec<u8> = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                decoded.extend(piece.bytes().skip(2));
            }
            None => decoded.extend(b"\\x".iter().copied().chain(piece.bytes())),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// Opens a device for reading its first blocks, after looking whether it will answer.
fn open(host: &Root, device: &BlockDevice) -> Result<File, Problem> {
    let problem = |what: &str| Problem::new(node(device), what);
    if !Sysfs::of(host).answers(device)? {
        return Err(problem("does not answer: its disk is not running or its session is not logged in"));
    }
    let file = host.open_block(&node(device))?.ok_or_else(|| problem("does not exist"))?;
    let rdev = file.metadata().map_err(|error| problem(&error.to_string()))?.rdev();
    if format!("{}:{}", nix::sys::stat::major(rdev), nix::sys::stat::minor(rdev)) != device.number {
        return Err(problem("is not the device of that name"));
    }
    Ok(file)
}

fn read(host: &Root, device: &BlockDevice) -> Result<Contents, Problem> {
    let mut file = open(host, device)?;
    signature::read(&mut file).map_err(|error| Problem::new(node(device), error.to_string()))
}

/// Looks a partition up in its disk's table, by its first block and, failing that, its number.
fn partition_of_table(host: &Root, device: &mut BlockDevice) {
    let sysfs = Sysfs::of(host);
    let Some(parent) = device.parent.clone() else { return };
    let disk = || -> Result<Option<Vec<u8>>, Problem> {
        let Some(directory) = sysfs.by_name(&parent)? else { return Ok(None) };
        let disk = sysfs.device(&directory)?;
        let head = signature::head(&mut open(host, &disk)?);
        head.map(Some).map_err(|error| Problem::new(node(&disk), error.to_string()))
    };
    let number = || -> Result<Option<u32>, Problem> {
        let Some(directory) = sysfs.by_name(&device.name)? else { return Ok(None) };
        Ok(host.line(&format!("{directory}/partition"))?.and_then(|number| number.trim().parse().ok()))
    };
    // A name that cannot be had is one that is not known: nothing else hangs on it.
    let (Ok(Some(head)), Ok(Some(number))) = (disk(), number()) else { return };
    if let Some(partition) = gpt_partitions(&head).into_iter().find(|partition| partition.number == number) {
        device.part_uuid = Some(partition.uuid);
        device.part_label = device.part_label.take().or(Some(partition.name).filter(|name| !name.is_empty()));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn takes_udevs_word() {
        let ext4 = properties(&[
            ("ID_FS_TYPE", "ext4"),
            ("ID_FS_USAGE", "filesystem"),
            ("ID_FS_UUID", "1-2"),
            ("ID_FS_LABEL_ENC", "my\\x20root"),
        ]);
        let expected = Signature::Filesystem {
            kind: "ext4".to_owned(),
            uuid: Some("1-2".to_owned()),
            label: Some("my root".to_owned()),
        };
        assert_eq!(of_properties(&ext4), Some(expected));
        let disk = properties(&[("ID_PART_TABLE_TYPE", "gpt")]);
        assert_eq!(of_properties(&disk), Some(Signature::PartitionTable("gpt".to_owned())));
        let empty = properties(&[("ID_PART_TABLE_TYPE", "gpt"), ("ID_PART_ENTRY_NUMBER", "1")]);
        assert_eq!(of_properties(&empty), None);
        let member = properties(&[("ID_FS_TYPE", "mpath_member"), ("ID_FS_USAGE", "other")]);
        assert_eq!(of_properties(&member), Some(Signature::Other("mpath_member".to_owned())));
    }

    #[test]
    fn a_volume_names_the_group_of_what_lies_below() {
        assert_eq!(split_dm_name("ubuntu--vg-ubuntu--lv"), Some(("ubuntu-vg".to_owned(), "ubuntu-lv".to_owned())));
        assert_eq!(split_dm_name("vg--only"), None);
        let mut devices = [
            BlockDevice {
                name: "dm-0".to_owned(),
                dm_name: Some("vg-root".to_owned()),
                dm_uuid: Some("LVM-x".to_owned()),
                slaves: vec!["sda3".to_owned()],
                ..BlockDevice::default()
            },
            BlockDevice {
                name: "sda3".to_owned(),
                signature: Fact::Known(Some(Signature::LvmPv {
                    uuid: "u".to_owned(),
                    vg: None,
                    lvs: Vec::new(),
                    pv_count: 0,
                })),
                ..BlockDevice::default()
            },
        ];
        name_groups(&mut devices);
        let expected = Signature::LvmPv {
            uuid: "u".to_owned(),
            vg: Some("vg".to_owned()),
            lvs: vec!["root".to_owned()],
            pv_count: 0,
        };
        assert_eq!(devices[1].signature, Fact::Known(Some(expected)));
    }

    #[test]
    fn broken_escapes_stay() {
        assert_eq!(unescape("a\\xzz\\x4"), "a\\xzz\\x4");
        assert_eq!(unescape("\\xc3\\xa9"), "é");
    }
}
