//! The layers between the disk and the root's filesystem, beside logical volumes: encryption, software RAID, multipath.
//!
//! Where the root is mounted from a device, the kernel's own stack tells them. Else they follow from names: root= and
//! fstab name a map, crypttab tells what it lies on, and LVM's backup on which devices a group was seen.

use super::Analysis;
use super::rootspec::{is_stand_in, mapper_name, split_mapper_name};
use crate::facts::{BlockDevice, BootEntry, CrypttabEntry, Initramfs, Layer, Location, Signature, VolumeLayers};
use crate::{Evidence, Outcome};
use std::collections::BTreeMap;

/// The most names that are followed from one to the next.
const STEPS: usize = 64;

/// The layers below the root's filesystem.
#[derive(Debug, Default)]
pub(crate) struct RootLayers {
    /// Encrypted devices.
    pub(crate) crypt: Vec<Crypt>,
    /// Arrays of Linux's software RAID.
    pub(crate) raid: Vec<Raid>,
    /// Maps of several paths.
    pub(crate) multipath: Vec<Multipath>,
    /// What is not known, in words, and what shows it.
    pub(crate) unknown: Vec<(String, Evidence)>,
    /// Whether the kernel's own stack of devices told, and no names alone.
    pub(crate) of_stack: bool,
}

/// An encrypted device.
#[derive(Debug)]
pub(crate) struct Crypt {
    /// Its name below `/dev/mapper`.
    pub(crate) name: String,
    /// The LUKS header's UUID, 32 digits; `None` where it is not known.
    pub(crate) uuid: Option<String>,
    /// Such as `aes-xts-plain64`, where its header was read.
    pub(crate) cipher: Option<String>,
    /// Whether what needs it does so by this name.
    pub(crate) by_name: bool,
    /// What shows it.
    pub(crate) seen: Evidence,
}

/// An array of Linux's software RAID.
#[derive(Debug)]
pub(crate) struct Raid {
    /// Its device.
    pub(crate) device: String,
    /// Such as `raid1`.
    pub(crate) level: Option<String>,
    /// 32 digits.
    pub(crate) uuid: Option<String>,
    /// Whether what needs it does so by the name of its device.
    pub(crate) by_name: bool,
    /// What shows it.
    pub(crate) seen: Evidence,
}

/// A map of several paths.
#[derive(Debug)]
pub(crate) struct Multipath {
    /// Its name below `/dev/mapper`.
    pub(crate) name: String,
    /// Whether what needs it does so by this name.
    pub(crate) by_name: bool,
    /// Whether a partition of it is meant.
    pub(crate) is_partition: bool,
    /// What shows it.
    pub(crate) seen: Evidence,
}

impl Analysis<'_> {
    /// The layers below the root's filesystem, as far as anything tells.
    pub(crate) fn root_layers(&self) -> RootLayers {
        match self.root_stack() {
            Some(stack) => self.layers_of_stack(&stack),
            None => self.layers_of_names(),
        }
    }

    /// The devices below the root, itself first; `None` where the root is mounted from none that tells, such as a loop
    /// device that shows a part of a disk.
    fn root_stack(&self) -> Option<Vec<&BlockDevice>> {
        let root = self.storage.root_device.known()?.as_ref().filter(|root| !is_stand_in(&root.name))?;
        let devices = self.storage.devices.known()?;
        let mut stack: Vec<&BlockDevice> = Vec::new();
        let mut open = vec![root];
        while let Some(device) = open.pop() {
            if stack.iter().all(|known| known.name != device.name) {
                stack.push(device);
                let below = device.slaves.iter().chain(&device.parent);
                open.extend(below.filter_map(|name| devices.iter().find(|device| device.name == *name)));
            }
        }
        Some(stack)
    }

    fn layers_of_stack(&self, stack: &[&BlockDevice]) -> RootLayers {
        let mut layers = RootLayers { of_stack: true, ..RootLayers::default() };
        let root = stack.first().copied();
        let named = self.device_named_for_root();
        for device in stack.iter().copied() {
            let node = format!("/dev/{}", device.name);
            let is_root = root.is_some_and(|root| root.name == device.name);
            let name = device.dm_name.clone().unwrap_or_else(|| device.name.clone());
            let by_name = is_root && named.as_deref().is_some_and(|named| is_of_device(named, &name));
            match device.dm_uuid.as_deref() {
                Some(uuid) if uuid.starts_with("LVM-") => {}
                Some(uuid) if uuid.starts_with("CRYPT-LUKS") || uuid.starts_with("CRYPT-PLAIN") => {
                    let is_below = |below: &&&BlockDevice| device.slaves.contains(&below.name);
                    let below = || stack.iter().filter(is_below);
                    let of_header = below().find_map(|below| luks_uuid(below));
                    let cipher = below().find_map(|below| below.luks.as_ref()?.cipher.clone());
                    let of_map = uuid.split('-').nth(2).filter(|uuid| uuid.len() == 32).map(str::to_owned);
                    let seen = Evidence::new(node, format!("the map {name}, {}", shortened(uuid)));
                    layers.crypt.push(Crypt { uuid: of_map.or(of_header), name, cipher, by_name, seen });
                }
                Some(uuid) if uuid.starts_with("mpath-") || uuid.starts_with("part") && uuid.contains("-mpath-") => {
                    let is_partition = uuid.starts_with("part");
                    let seen = Evidence::new(node, format!("the map {name}, {}", shortened(uuid)));
                    layers.multipath.push(Multipath { name, by_name, is_partition, seen });
                }
                Some(uuid) => {
                    let what = format!("the map {name} of the device mapper, {}", shortened(uuid));
                    layers.unknown.push((what.clone(), Evidence::new(node, what)));
                }
                None if device.dm_name.is_some() => {
                    let what = format!("the map {name} of the device mapper, which has no UUID");
                    layers.unknown.push((what.clone(), Evidence::new(node, what)));
                }
                None if is_array(&device.name) && device.parent.is_none() => {
                    let raid = device.raid.clone().unwrap_or_default();
                    let of_member = device
                        .slaves
                        .iter()
                        .find_map(|slave| stack.iter().find(|below| below.name == *slave)?.raid.as_ref()?.uuid.clone());
                    // Its partition is named by its name, too.
                    let of_root = root.filter(|root| root.parent.as_deref() == Some(device.name.as_str()));
                    let by_name = by_name
                        || of_root.zip(named.as_deref()).is_some_and(|(root, named)| is_of_device(named, &root.name));
                    let level = raid.level.as_deref().unwrap_or("of an unknown level");
                    let seen = Evidence::new(&node, format!("an array, {level}"));
                    layers.raid.push(Raid {
                        device: node,
                        uuid: raid.uuid.or(of_member),
                        level: raid.level,
                        by_name,
                        seen,
                    });
                }
                None if !device.slaves.is_empty() => {
                    let what = format!("{}, a device that lies on {}", device.name, device.slaves.join(" and "));
                    layers.unknown.push((what.clone(), Evidence::new(node, what)));
                }
                None => {}
            }
        }
        // A partition of a map is a map of its own, over that of the whole disk, which its name begins with.
        let parts: Vec<String> =
            layers.multipath.iter().filter(|map| map.is_partition).map(|map| map.name.clone()).collect();
        layers.multipath.retain(|map| map.is_partition || !parts.iter().any(|part| part.starts_with(&map.name)));
        layers
    }

    /// The device that root= names by a path, or fstab where there is no root=.
    fn device_named_for_root(&self) -> Option<String> {
        let of_entry = self.loader.default_entry().and_then(|entry| entry.cmdline.last("root"));
        let of_fstab = || self.storage.fstab.iter().find(|entry| entry.target == "/").map(|entry| entry.spec.as_str());
        of_entry.or_else(of_fstab).map(str::to_owned)
    }

    fn layers_of_names(&self) -> RootLayers {
        let mut layers = RootLayers::default();
        let line = self.storage.fstab.iter().find(|entry| entry.target == "/");
        let of_fstab =
            line.map(|line| (line.spec.clone(), Evidence::at(&line.at, format!("{} {}", line.spec, line.target))));
        let of_entry = self
            .loader
            .default_entry()
            .and_then(|entry| Some((entry.cmdline.last("root")?.to_owned(), BootEntry::root_evidence(entry))));
        let mut open: Vec<(String, Evidence, bool)> =
            of_entry.into_iter().chain(of_fstab).map(|(spec, seen)| (spec, seen, true)).collect();
        let mut done: Vec<String> = Vec::new();
        while let Some((spec, seen, by_name)) = open.pop() {
            if done.contains(&spec) || done.len() == STEPS {
                continue;
            }
            done.push(spec.clone());
            let Some(path) = spec.strip_prefix("/dev/") else { continue };
            if let Some(name) = path.strip_prefix("mapper/").or_else(|| path.strip_prefix("disk/by-id/dm-name-")) {
                if let Some(entry) = self.crypttab_entry(name) {
                    let at = entry.at.clone().unwrap_or_else(|| Location::file("/etc/crypttab"));
                    let line = Evidence::at(&at, format!("{} {}", entry.name, entry.device));
                    let uuid = tagged_uuid(&entry.device);
                    layers.crypt.push(Crypt { name: name.to_owned(), uuid, cipher: None, by_name, seen });
                    open.push((entry.device.clone(), line, true));
                } else if let Some(is_partition) = multipath_name(name) {
                    layers.multipath.push(Multipath { name: name.to_owned(), by_name, is_partition, seen });
                } else if let Some((vg, _)) = split_mapper_name(name) {
                    open.extend(self.disks_of_group(&vg));
                } else {
                    layers.unknown.push((spec, seen));
                }
            } else if is_array(path) || path.starts_with("md/") {
                let array =
                    self.storage.md_arrays.iter().find(|array| array.value.device.as_deref() == Some(spec.as_str()));
                let uuid = array.and_then(|array| array.value.uuid.clone());
                layers.raid.push(Raid { device: spec, level: None, uuid, by_name, seen });
            } else if let Some((vg, _)) = path.split_once('/').filter(|(vg, lv)| !lv.contains('/') && *vg != "disk") {
                open.extend(self.disks_of_group(vg));
            } else if path.starts_with("zvol/")
                || ["bcache", "drbd", "zd"].iter().any(|kind| starts_with_number(path, kind))
            {
                layers.unknown.push((spec, seen));
            }
        }
        layers
    }

    /// The devices on which LVM saw a group. Their names are hints of the time of the backup.
    fn disks_of_group(&self, vg: &str) -> Vec<(String, Evidence, bool)> {
        let disks = self.storage.volume_disks.get(vg).into_iter().flatten();
        let place = format!("/etc/lvm/backup/{vg}");
        disks.map(|disk| (disk.clone(), Evidence::new(&place, format!("device = \"{disk}\"")), false)).collect()
    }

    /// The line of crypttab of a map: of the root, or of the image.
    pub(crate) fn crypttab_entry(&self, name: &str) -> Option<&CrypttabEntry> {
        let of_image = self.default_image().into_iter().flat_map(|image| &image.crypttab);
        self.storage.crypttab.iter().chain(of_image).find(|entry| entry.name == name)
    }

    /// Whether `VG/LV` is a map's name that crypttab has: `/dev/mapper/crypt-root` may be either.
    pub(super) fn is_crypt_name(&self, vg: &str, lv: &str) -> bool {
        self.crypttab_entry(&mapper_name(vg, lv)).is_some()
    }

    /// What the volumes of a group are made of, and what tells: the metadata on a disk, or else LVM's backup in the root.
    pub(crate) fn group_layers(&self, vg: &str) -> Option<(&BTreeMap<String, VolumeLayers>, Location)> {
        let devices = self.storage.devices.known().into_iter().chain(self.storage.beside.known()).flatten();
        let of_group = |device: &&BlockDevice| {
            let signature = device.signature.known().and_then(Option::as_ref);
            matches!(signature, Some(Signature::LvmPv { vg: Some(name), .. }) if name == vg)
                && !device.volumes.is_empty()
        };
        let on_disk = devices.into_iter().find(of_group);
        let on_disk = on_disk.map(|device| (&device.volumes, Location::file(format!("/dev/{}", device.name))));
        on_disk.or_else(|| self.storage.volume_groups.get(vg).map(|group| (&group.value, group.at.clone())))
    }
}

impl Initramfs {
    /// What sets up a layer when the image runs; `None` where nothing does.
    ///
    /// # Errors
    /// The outcome of a check where a snapshot of an earlier version does not tell.
    pub(crate) fn sets_up(&self, layer: Layer) -> Result<Option<&Location>, Outcome> {
        let Some(starters) = &self.starters else {
            return Err(Outcome::not_applicable(
                "not checked: this snapshot does not tell what the initramfs does about the layers below the root",
            ));
        };
        Ok(starters.iter().find(|starter| starter.layer == layer).map(|starter| &starter.at))
    }

    /// Whether it has a file, by its path in the running image.
    pub(crate) fn has_file(&self, path: &str) -> bool {
        let path = path.trim_start_matches('/');
        let merged = path.strip_prefix("usr/").map_or_else(|| format!("usr/{path}"), str::to_owned);
        self.files.contains_key(path) || self.files.contains_key(&merged)
    }
}

/// The UUID of a LUKS header, 32 digits.
fn luks_uuid(device: &BlockDevice) -> Option<String> {
    match device.signature.known()?.as_ref()? {
        Signature::Luks { uuid, .. } => uuid.as_deref().and_then(plain_uuid),
        _ => None,
    }
}

/// The UUID in `UUID=`, or in a link by it.
fn tagged_uuid(spec: &str) -> Option<String> {
    plain_uuid(spec.strip_prefix("UUID=").or_else(|| spec.strip_prefix("/dev/disk/by-uuid/"))?.trim_matches('"'))
}

/// The 32 digits of a UUID.
pub(crate) fn plain_uuid(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    (digits.len() == 32 && digits.bytes().all(|c| c.is_ascii_hexdigit())).then(|| digits.to_ascii_lowercase())
}

/// Whether a path names a device by this name.
fn is_of_device(spec: &str, name: &str) -> bool {
    spec.strip_prefix("/dev/").is_some_and(|path| {
        path == name
            || path.strip_prefix("mapper/") == Some(name)
            || path.strip_prefix("disk/by-id/dm-name-") == Some(name)
            || path.starts_with("md/") && is_array(name)
    })
}

/// A kernel name such as `md0` or `md_d0`, with or without a partition.
fn is_array(name: &str) -> bool {
    starts_with_number(name, "md") || starts_with_number(name, "md_d")
}

fn starts_with_number(name: &str, kind: &str) -> bool {
    name.strip_prefix(kind).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a name is one that multipath gives, and then whether it is a partition's: `mpatha`, or a disk's own number.
fn multipath_name(name: &str) -> Option<bool> {
    let (whole, is_partition) = match name.rsplit_once("-part") {
        Some((whole, number)) if number.parse::<u8>().is_ok() => (whole, true),
        _ => (name, false),
    };
    if let Some(rest) = whole.strip_prefix("mpath") {
        let letters = rest.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'p');
        let numbered = rest.ends_with(|c: char| c.is_ascii_digit());
        let is_friendly = !rest.is_empty() && letters.bytes().all(|c| c.is_ascii_lowercase());
        return is_friendly.then_some(is_partition || numbered);
    }
    let is_number =
        whole.starts_with('3') && matches!(whole.len(), 17 | 33) && whole.bytes().all(|c| c.is_ascii_hexdigit());
    is_number.then_some(is_partition)
}

/// The beginning of a UUID of the device mapper: the rest of a volume's is of no use.
fn shortened(uuid: &str) -> String {
    uuid.chars().take(50).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multipath_gives_names() {
        for (name, is) in [
            ("mpatha", Some(false)),
            ("mpathab", Some(false)),
            ("mpatha-part2", Some(true)),
            ("mpatha2", Some(true)),
            ("mpathap2", Some(true)),
            ("360000000000000000e00000000010001", Some(false)),
            ("360000000000000000e00000000010001-part3", Some(true)),
            ("mpath", None),
            ("mpath-x", None),
            ("cryptroot", None),
            ("vg-lv", None),
        ] {
            assert_eq!(multipath_name(name), is, "{name}");
        }
    }

    #[test]
    fn arrays_have_numbers() {
        assert!(is_array("md0") && is_array("md127p1") && is_array("md_d0"));
        assert!(!is_array("mdadm") && !is_array("md"));
        assert_eq!(
            plain_uuid("B1A2c3d4:e5f60718:293a4b5c:6d7e8f90").as_deref(),
            Some("b1a2c3d4e5f60718293a4b5c6d7e8f90")
        );
        assert_eq!(plain_uuid("b1a2"), None);
    }
}
