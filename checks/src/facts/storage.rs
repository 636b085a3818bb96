//! Mounts, volumes and filters.

use super::{Fact, Located, Location, Problem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Mounts, volumes and filters.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Storage {
    /// `/etc/fstab`.
    pub fstab: Vec<FstabEntry>,
    /// `/etc/crypttab`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crypttab: Vec<CrypttabEntry>,
    /// Mounts of the running system; live only.
    pub mounts: Fact<Vec<Mount>>,
    /// The device that the judged root is mounted from: a fact of the instance in every mode.
    /// `None` when the root is a plain directory and no mount.
    pub root_device: Fact<Option<BlockDevice>>,
    /// What stood in the way of one read of the root's device, past every cache; nothing where it answered.
    /// Live only.
    pub root_silence: Fact<Option<Problem>>,
    /// Every block device that can be the root or lies below it; live, or below the root's mount.
    pub devices: Fact<Vec<BlockDevice>>,
    /// Devices beside those of a mounted root: the others on its disk, and on the instance's own machine those of
    /// every disk. Of a running system all are in `devices`.
    #[serde(skip_serializing_if = "was_not_asked_for")]
    pub beside: Fact<Vec<BlockDevice>>,
    /// lvm.conf's `filter`, `global_filter`, `use_devicesfile` and drop-ins.
    pub lvm: LvmConfig,
    /// `/etc/initramfs-tools/conf.d/resume` or `RESUME=` elsewhere.
    pub resume: Option<Located<String>>,
    /// Programs in the root that make an image hold LVM.
    pub lvm_installed: Option<String>,
    /// What the logical volumes of each group are made of, by LVM's own backup in the root (`/etc/lvm/backup`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volume_groups: BTreeMap<String, Located<BTreeMap<String, VolumeLayers>>>,
    /// On which devices LVM saw the physical volumes of each group when it wrote its backup: a hint, for names change.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volume_disks: BTreeMap<String, Vec<String>>,
    /// The subvolume of a btrfs that is mounted as the root, such as `/@rootfs`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_subvolume: Option<String>,
    /// What kind of overlay Ubuntu's overlayroot is told to put over the root by its files in the root
    /// (`/etc/overlayroot.conf`), such as `tmpfs` or `disabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlayroot: Option<Located<String>>,
    /// Arrays that the root's mdadm.conf(5) names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub md_arrays: Vec<Located<MdArray>>,
    /// Whether dm-multipath is configured (`/etc/multipath.conf`, `multipathd` enabled).
    pub multipath: Option<Location>,
    /// Files that could not be read or parsed.
    pub problems: Vec<Problem>,
}

/// What a logical volume is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeLayers {
    /// Types of its segments, such as `striped` or `thin`.
    pub types: BTreeSet<String>,
    /// Volumes of its group that it lies on.
    pub on: BTreeSet<String>,
}

/// An `ARRAY` line of mdadm.conf(5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MdArray {
    /// The device, such as `/dev/md0` or `/dev/md/root`; `None` for a line that names none.
    pub device: Option<String>,
    /// `UUID=`, 32 hexadecimal digits in small letters.
    pub uuid: Option<String>,
    /// `<ignore>` stands in place of the device: mdadm leaves the array alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
}

/// What an array of Linux's software RAID says of itself, or one of its members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MdRaid {
    /// Such as `raid1`, as the kernel writes it.
    pub level: Option<String>,
    /// The array's UUID, 32 hexadecimal digits.
    pub uuid: Option<String>,
}

fn was_not_asked_for(beside: &Fact<Vec<BlockDevice>>) -> bool {
    *beside == Fact::default()
}

/// A line of fstab(5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FstabEntry {
    /// First field, escapes decoded.
    pub spec: String,
    /// Mount point.
    pub target: String,
    /// Filesystem type.
    pub kind: String,
    /// Options.
    pub options: Vec<String>,
    /// Whether what is to be mounted is there: the device's node in the running system, an image file in the root, or
    /// the mount itself. `None` where nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
    /// Where.
    pub at: Location,
}

/// A line of crypttab(5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrypttabEntry {
    /// The name below `/dev/mapper`.
    pub name: String,
    /// The encrypted device.
    pub device: String,
    /// The key file; `None` where the passphrase is asked for.
    pub key: Option<String>,
    /// Whether the key file is in the root; `None` where that is not known.
    pub key_present: Option<bool>,
    /// Options that are known, in order.
    pub options: Vec<String>,
    /// Whether the running system has the device's node; `None` where nothing tells.
    pub present: Option<bool>,
    /// Where.
    pub at: Option<Location>,
}

/// A mount of the running system (`/proc/self/mountinfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Mount point.
    pub target: String,
    /// Source as the kernel shows it.
    pub source: String,
    /// Filesystem type.
    pub kind: String,
    /// Device number, `MAJOR:MINOR`.
    pub device: String,
    /// Mount and superblock options.
    pub options: Vec<String>,
}

/// A block device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockDevice {
    /// Kernel name, such as `sda3` or `dm-0`.
    pub name: String,
    /// Device number, `MAJOR:MINOR`.
    pub number: String,
    /// Bytes.
    pub size: u64,
    /// Device-mapper name, such as `ubuntu--vg-ubuntu--lv`.
    pub dm_name: Option<String>,
    /// Device-mapper UUID, such as `LVM-…`.
    pub dm_uuid: Option<String>,
    /// Kernel names of the devices below.
    pub slaves: Vec<String>,
    /// The disk that a partition is of.
    pub parent: Option<String>,
    /// Partition's UUID (GPT), lower case.
    pub part_uuid: Option<String>,
    /// Partition's name (GPT).
    pub part_label: Option<String>,
    /// What its first blocks say.
    pub signature: Fact<Option<Signature>>,
    /// Of a physical volume whose metadata was read: what the logical volumes of its group are made of.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, VolumeLayers>,
    /// Of an array of Linux's software RAID, and of a member of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raid: Option<MdRaid>,
    /// On how many devices a btrfs lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub btrfs_devices: Option<u64>,
    /// The algorithm of a btrfs's checksums, such as `xxhash64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub btrfs_checksum: Option<String>,
    /// Of a LUKS device whose header was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub luks: Option<LuksHeader>,
    /// The session it hangs on, such as `session1`.
    pub iscsi_session: Option<String>,
    /// World-wide id (`device/wwid`), such as `naa.…` or `t10.…`.
    pub wwid: Option<String>,
    /// Logical unit, of `H:C:T:L`.
    pub lun: Option<u64>,
    /// Vendor and model, for people.
    pub model: Option<String>,
}

/// What a LUKS header says of the encryption.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LuksHeader {
    /// 1 or 2.
    pub version: u16,
    /// As the kernel's crypt target takes it, such as `aes-xts-plain64`; `None` where it was not read.
    pub cipher: Option<String>,
}

/// What the first blocks of a device say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// A filesystem.
    Filesystem {
        /// `ext4`, `ext3`, `ext2`, `xfs`, `btrfs`, `vfat`, `swap`.
        kind: String,
        /// UUID, as blkid prints it.
        uuid: Option<String>,
        /// Label.
        label: Option<String>,
    },
    /// An LVM2 physical volume.
    LvmPv {
        /// PV UUID.
        uuid: String,
        /// The volume group, from its metadata.
        vg: Option<String>,
        /// Logical volumes of that group.
        lvs: Vec<String>,
        /// Physical volumes that the group has.
        pv_count: u32,
    },
    /// A partition table: `gpt` or `dos`.
    PartitionTable(String),
    /// LUKS.
    Luks {
        /// UUID.
        uuid: Option<String>,
    },
    /// A part of a multipath map or RAID, or another signature, by name.
    Other(String),
}

/// What LVM may look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LvmConfig {
    /// `devices/filter` patterns, in order.
    pub filter: Vec<Located<String>>,
    /// `devices/global_filter` patterns, in order.
    pub global_filter: Vec<Located<String>>,
    /// `devices/use_devicesfile`.
    pub use_devicesfile: Option<Located<bool>>,
    /// Entries of `/etc/lvm/devices/system.devices`: IDTYPE, IDNAME, PVID; `None` when there is no file.
    pub devices_file: Option<Vec<Located<LvmDevice>>>,
    /// `activation/auto_activation_volume_list` or `volume_list`.
    pub activation_list: Option<Located<Vec<String>>>,
    /// Which of the two that list is, such as `activation/volume_list`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_setting: Option<String>,
}

/// A line of LVM's devices file (lvmdevices(8)).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LvmDevice {
    /// `sys_wwid`, `sys_serial`, `devname` …
    pub id_type: String,
    /// The id.
    pub id_name: String,
    /// PV UUID without dashes.
    pub pvid: String,
    /// Device name when written.
    pub device: String,
}
