//! What `root=` and the first field of fstab mean, and whether two of them mean the same.

use super::Analysis;
use crate::facts::{BlockDevice, Signature};
use std::fmt;

/// A device, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceSpec {
    /// A logical volume, by `/dev/VG/LV` or `/dev/mapper/VG-LV`.
    Volume {
        /// Volume group.
        vg: String,
        /// Logical volume.
        lv: String,
    },
    /// Another device-mapper name, such as a multipath map.
    Mapper(String),
    /// `UUID=`, or `/dev/disk/by-uuid/`.
    Uuid(String),
    /// `LABEL=`, or `/dev/disk/by-label/`.
    Label(String),
    /// `PARTUUID=`.
    PartUuid(String),
    /// `PARTLABEL=`.
    PartLabel(String),
    /// A kernel name, such as `sda2`.
    Kernel(String),
    /// Something that stands for no device here: `iscsi:…`, `/dev/nfs`, `dhcp`.
    Other(String),
}

impl DeviceSpec {
    /// Reads a specification.
    pub fn parse(text: &str) -> Self {
        let text = text.trim_matches('"');
        if let Some((key, value)) = text.split_once('=') {
            let value = value.trim_matches('"').to_owned();
            return match key {
                "UUID" => Self::Uuid(value),
                "LABEL" => Self::Label(value),
                "PARTUUID" => Self::PartUuid(value),
                "PARTLABEL" => Self::PartLabel(value),
                _ => Self::Other(text.to_owned()),
            };
        }
        let Some(path) = text.strip_prefix("/dev/") else { return Self::Other(text.to_owned()) };
        if let Some(name) = path.strip_prefix("mapper/") {
            return match split_mapper_name(name) {
                Some((vg, lv)) => Self::Volume { vg, lv },
                None => Self::Mapper(name.to_owned()),
            };
        }
        for (directory, make) in [
            ("disk/by-uuid/", Self::Uuid as fn(String) -> Self),
            ("disk/by-label/", Self::Label),
            ("disk/by-partuuid/", Self::PartUuid),
            ("disk/by-partlabel/", Self::PartLabel),
        ] {
            if let Some(value) = path.strip_prefix(directory) {
                return make(value.to_owned());
            }
        }
        match path.split_once('/') {
            None if path == "nfs" || path == "root" || path == "ram0" => Self::Other(text.to_owned()),
            None => Self::Kernel(path.to_owned()),
            Some(("disk" | "block" | "md" | "cciss" | "ida" | "i2o" | "rd", _)) => Self::Other(text.to_owned()),
            Some((vg, lv)) if !lv.contains('/') => Self::Volume { vg: vg.to_owned(), lv: lv.to_owned() },
            Some(_) => Self::Other(text.to_owned()),
        }
    }

    /// Whether it means this device; `None` when that cannot be told from what is known of it.
    pub fn names(&self, device: &BlockDevice) -> Option<bool> {
        let filesystem = match device.signature.known() {
            Some(Some(Signature::Filesystem { uuid, label, .. })) => Some((uuid.as_deref(), label.as_deref())),
            _ => None,
        };
        match self {
            // A loop device or an exported disk shows what is inside a volume, without its name.
            Self::Volume { .. } | Self::Mapper(_) if is_stand_in(&device.name) => None,
            Self::Volume { vg, lv } => match &device.dm_name {
                Some(name) => Some(*name == mapper_name(vg, lv)),
                None => Some(false),
            },
            Self::Mapper(name) => Some(device.dm_name.as_deref() == Some(name)),
            Self::Uuid(wanted) => Some(filesystem?.0?.eq_ignore_ascii_case(wanted)),
            Self::Label(wanted) => Some(filesystem?.1 == Some(wanted)),
            Self::PartUuid(wanted) => Some(device.part_uuid.as_deref()?.eq_ignore_ascii_case(wanted)),
            Self::PartLabel(wanted) => Some(device.part_label.as_deref()? == wanted),
            // A kernel name is given anew at every boot.
            Self::Kernel(_) | Self::Other(_) => None,
        }
    }

    /// Whether both mean the same device; `None` when they are written in ways that cannot be compared.
    pub fn same_as(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Volume { .. }, Self::Volume { .. })
            | (Self::Mapper(_), Self::Mapper(_))
            | (Self::Label(_), Self::Label(_))
            | (Self::PartLabel(_), Self::PartLabel(_)) => Some(self == other),
            (Self::Uuid(one), Self::Uuid(two)) | (Self::PartUuid(one), Self::PartUuid(two)) => {
                Some(one.eq_ignore_ascii_case(two))
            }
            _ => None,
        }
    }
}

/// Whether a device shows a part of a file or of another machine's disk, and so never has the name
/// that it has there.
pub(crate) fn is_stand_in(name: &str) -> bool {
    ["loop", "nbd", "zram", "ram"].iter().any(|kind| name.strip_prefix(kind).is_some_and(|rest| !rest.is_empty()))
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Volume { vg, lv } => write!(f, "{vg}/{lv}"),
            Self::Mapper(name) => write!(f, "/dev/mapper/{name}"),
            Self::Uuid(value) => write!(f, "UUID={value}"),
            Self::Label(value) => write!(f, "LABEL={value}"),
            Self::PartUuid(value) => write!(f, "PARTUUID={value}"),
            Self::PartLabel(value) => write!(f, "PARTLABEL={value}"),
            Self::Kernel(name) => write!(f, "/dev/{name}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl Analysis<'_> {
    /// What `root=` of the entry that will boot means. The last one wins, as in the kernel and in the
    /// scripts of every initramfs.
    pub(crate) fn root_spec(&self) -> Option<DeviceSpec> {
        let spec = self.loader.default_entry()?.cmdline.last("root").filter(|text| !text.is_empty())?;
        Some(self.spec(spec))
    }

    /// What a specification means on this instance: `/dev/mapper/crypt-root` is no volume where crypttab has a map of
    /// that name.
    fn spec(&self, text: &str) -> DeviceSpec {
        match DeviceSpec::parse(text) {
            DeviceSpec::Volume { vg, lv } if self.is_crypt_name(&vg, &lv) => DeviceSpec::Mapper(mapper_name(&vg, &lv)),
            spec => spec,
        }
    }

    /// The volume group and the logical volume that the root lies on: by the device that the root is
    /// mounted from, by `root=`, or by fstab. A device that stands in for another says nothing of it.
    pub(crate) fn root_volume(&self) -> Option<(String, String)> {
        let spec = self.root_spec();
        if let Some(Some(device)) = self.storage.root_device.known()
            && !is_stand_in(&device.name)
            && spec.as_ref().and_then(|spec| spec.names(device)) != Some(false)
        {
            let lvm = device.dm_uuid.as_deref().is_some_and(|uuid| uuid.starts_with("LVM-"));
            return device.dm_name.as_deref().filter(|_| lvm).and_then(split_mapper_name);
        }
        if let Some(DeviceSpec::Volume { vg, lv }) = spec {
            return Some((vg, lv));
        }
        self.storage.fstab.iter().find(|entry| entry.target == "/").and_then(|entry| match self.spec(&entry.spec) {
            DeviceSpec::Volume { vg, lv } => Some((vg, lv)),
            _ => None,
        })
    }

    /// The algorithm of the checksums of the root's btrfs, where its superblock was read.
    pub(crate) fn btrfs_checksum(&self) -> Option<&str> {
        self.storage.root_device.known()?.as_ref()?.btrfs_checksum.as_deref()
    }

    /// The type of the root filesystem and who says so.
    pub(crate) fn root_filesystem(&self) -> Option<(String, String)> {
        if let Some(Some(device)) = self.storage.root_device.known()
            && let Some(Some(Signature::Filesystem { kind, .. })) = device.signature.known()
        {
            return Some((kind.clone(), format!("superblock of /dev/{}", device.name)));
        }
        if let Some(mount) = self.storage.mounts.known().into_iter().flatten().find(|mount| mount.target == "/") {
            return Some((mount.kind.clone(), "/proc/self/mountinfo".to_owned()));
        }
        let entry = self.storage.fstab.iter().find(|entry| entry.target == "/" && entry.kind != "auto")?;
        Some((entry.kind.clone(), entry.at.to_string()))
    }
}
/// The device-mapper name of a logical volume: every `-` of a name is doubled, one joins the two
/// (libdevmapper, `dm_build_dm_name`).
pub fn mapper_name(vg: &str, lv: &str) -> String {
    format!("{}-{}", vg.replace('-', "--"), lv.replace('-', "--"))
}

/// The volume group and logical volume of a device-mapper name; `None` when it is not of that form.
pub(super) fn split_mapper_name(name: &str) -> Option<(String, String)> {
    let bytes = name.as_bytes();
    let mut index = 0;
    let mut split = None;
    while let Some(byte) = bytes.get(index) {
        if *byte != b'-' {
            index += 1;
        } else if bytes.get(index + 1) == Some(&b'-') {
            index += 2;
        } else if split.replace(index).is_some() {
            // A third part is a layer below a volume (`VG-LV-real`), not a volume.
            return None;
        } else {
            index += 1;
        }
    }
    let at = split?;
    let (vg, lv) = (name.get(..at)?.replace("--", "-"), name.get(at + 1..)?.replace("--", "-"));
    // A partition of a multipath map is named so by kpartx.
    let partition = lv.strip_prefix("part").is_some_and(|number| number.parse::<u8>().is_ok());
    (!vg.is_empty() && !lv.is_empty() && !partition).then_some((vg, lv))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(vg: &str, lv: &str) -> DeviceSpec {
        DeviceSpec::Volume { vg: vg.to_owned(), lv: lv.to_owned() }
    }

    #[test]
    fn reads_every_way_to_name_a_device() {
        for (text, spec) in [
            ("/dev/mapper/ubuntu--vg-ubuntu--lv", volume("ubuntu-vg", "ubuntu-lv")),
            ("/dev/ubuntu-vg/ubuntu-lv", volume("ubuntu-vg", "ubuntu-lv")),
            ("/dev/mapper/rl-root", volume("rl", "root")),
            ("/dev/mapper/mpatha", DeviceSpec::Mapper("mpatha".into())),
            ("/dev/mapper/mpatha-part2", DeviceSpec::Mapper("mpatha-part2".into())),
            ("/dev/mapper/vg-lv-real", DeviceSpec::Mapper("vg-lv-real".into())),
            ("UUID=1234", DeviceSpec::Uuid("1234".into())),
            ("/dev/disk/by-uuid/1234", DeviceSpec::Uuid("1234".into())),
            ("LABEL=\"root\"", DeviceSpec::Label("root".into())),
            ("PARTUUID=ab-01", DeviceSpec::PartUuid("ab-01".into())),
            ("/dev/sda2", DeviceSpec::Kernel("sda2".into())),
            ("/dev/disk/by-path/ip-x", DeviceSpec::Other("/dev/disk/by-path/ip-x".into())),
            ("/dev/nfs", DeviceSpec::Other("/dev/nfs".into())),
            ("iscsi:10.0.0.1::::iqn.x", DeviceSpec::Other("iscsi:10.0.0.1::::iqn.x".into())),
        ] {
            assert_eq!(DeviceSpec::parse(text), spec, "{text}");
        }
    }

    #[test]
    fn a_loop_device_contradicts_no_volume() {
        let on = |name: &str| BlockDevice { name: name.to_owned(), ..BlockDevice::default() };
        for text in ["/dev/mapper/ubuntu--vg-ubuntu--lv", "/dev/ubuntu-vg/ubuntu-lv", "/dev/mapper/crypt"] {
            assert_eq!(DeviceSpec::parse(text).names(&on("loop0")), None, "{text}");
            assert_eq!(DeviceSpec::parse(text).names(&on("sda3")), Some(false), "{text}");
        }
    }

    #[test]
    fn names_go_to_and_fro() {
        for (vg, lv) in [("ubuntu-vg", "ubuntu-lv"), ("a", "b"), ("a--b", "c-"), ("vg", "lv--x")] {
            let name = mapper_name(vg, lv);
            assert_eq!(split_mapper_name(&name), Some((vg.to_owned(), lv.to_owned())), "{name}");
        }
        for name in ["", "-", "a", "a-", "-b", "a--b", "a-b-c"] {
            assert_eq!(split_mapper_name(name), None, "{name:?}");
        }
    }
}
