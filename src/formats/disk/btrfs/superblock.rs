//! The superblock: what kind of filesystem it is, and where its trees begin (`struct btrfs_super_block`).

use super::super::{Disk, DiskError, Result};
use super::bytes::{array, size_at, u8_at, u16_at, u32_at, u64_at};
use super::checksum::{Checksum, FIELD};
use super::features;

/// Where the one lies that the kernel mounts by; it never takes another one (`btrfs_read_disk_super`).
pub(super) const PLACE: u64 = 0x1_0000;
/// Where its copies lie, on devices which reach so far (`btrfs_sb_offset`).
const MIRRORS: [u64; 2] = [0x400_0000, 0x40_0000_0000];
/// Bytes (`BTRFS_SUPER_INFO_SIZE`).
const SIZE: usize = 4096;
const MAGIC: &[u8; 8] = b"_BHRfS_M";
/// Where the first chunks are told, and how much room they have.
const SYS_CHUNKS: usize = 0x32b;
const SYS_CHUNKS_ROOM: usize = 2048;
/// The most levels that a tree has (`BTRFS_MAX_LEVEL`).
pub(super) const LEVELS: u8 = 8;

/// Where a tree begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RootPointer {
    /// Logical address of its root node.
    pub(super) bytenr: u64,
    /// The level of that node.
    pub(super) level: u8,
    /// The transaction that wrote it.
    pub(super) generation: u64,
}

/// What is taken from it.
#[derive(Debug, Clone)]
pub(super) struct Superblock {
    pub(super) checksum: Checksum,
    /// What the headers of its nodes carry: the `metadata_uuid`, where the filesystem has one.
    pub(super) metadata_uuid: [u8; 16],
    pub(super) root: RootPointer,
    pub(super) chunk_root: RootPointer,
    /// The tree that says what has been fsynced since the last commit; 0: there is none.
    pub(super) log_root: u64,
    /// The directory of the root tree that names the default subvolume.
    pub(super) root_dir: u64,
    /// How many devices the filesystem has.
    pub(super) devices: u64,
    /// The number of this device.
    pub(super) device: u64,
    /// How many bytes of this device it has.
    device_size: u64,
    /// The identity of this device.
    pub(super) device_uuid: [u8; 16],
    /// Bytes of a sector, by which data is checksummed.
    pub(super) sector: u32,
    /// Bytes of a tree node.
    pub(super) node: u32,
    /// Keys and chunks, one behind the other: the chunks that hold the chunk tree.
    pub(super) sys_chunks: Vec<u8>,
}

impl Superblock {
    /// Reads it from a device.
    ///
    /// # Errors
    /// When it is damaged, which says whether a mirror is whole, or has what is not read.
    pub(super) fn read(disk: &Disk) -> Result<Self> {
        let bytes = disk.metadata(PLACE, SIZE)?;
        let superblock = Self::parse(&bytes, PLACE).map_err(|error| with_mirrors(disk, error))?;
        let flags = |at| u64_at(&bytes, at).unwrap_or_default();
        features::check(flags(188), flags(56))?;
        // What the kernel asks of it (`read_one_dev`).
        let (wanted, there) = (superblock.device_size, disk.metadata.size());
        if wanted > there {
            let what = format!("it says that its device has {wanted} bytes, and this one has {there}");
            return Err(DiskError::damaged("the superblock", what));
        }
        Ok(superblock)
    }

    fn parse(bytes: &[u8], place: u64) -> Result<Self> {
        let damaged = |what: &str| DiskError::damaged("the superblock", what);
        if array(bytes, 64).as_ref() != Some(MAGIC) {
            return Err(damaged("it has no magic number"));
        }
        let short = || damaged("it is too short");
        let kind = u16_at(bytes, 196).ok_or_else(short)?;
        let checksum = Checksum::of_type(kind)
            .ok_or_else(|| DiskError::Unsupported(format!("the btrfs has checksums of type {kind}")))?;
        let (stored, summed) = bytes.split_at_checked(FIELD).ok_or_else(short)?;
        if !checksum.matches(summed, stored) {
            return Err(damaged("its checksum is wrong"));
        }
        if u64_at(bytes, 48) != Some(place) {
            return Err(damaged("it lies in another place than it says"));
        }
        let superblock = Self::fields(bytes, checksum).ok_or_else(short)?;
        superblock.check().map_err(|what| damaged(&what))?;
        Ok(superblock)
    }

    fn fields(bytes: &[u8], checksum: Checksum) -> Option<Self> {
        let generation = u64_at(bytes, 72)?;
        let root = RootPointer { bytenr: u64_at(bytes, 80)?, level: u8_at(bytes, 198)?, generation };
        let (bytenr, level) = (u64_at(bytes, 88)?, u8_at(bytes, 199)?);
        let chunk_root = RootPointer { bytenr, level, generation: u64_at(bytes, 164)? };
        let separate = u64_at(bytes, 188)? & features::METADATA_UUID != 0;
        let length = size_at(bytes, 160)?.min(SYS_CHUNKS_ROOM + 1);
        Some(Self {
            checksum,
            metadata_uuid: array(bytes, if separate { 571 } else { 32 })?,
            root,
            chunk_root,
            log_root: u64_at(bytes, 96)?,
            root_dir: u64_at(bytes, 128)?,
            devices: u64_at(bytes, 136)?,
            device: u64_at(bytes, 201)?,
            device_size: u64_at(bytes, 209)?,
            device_uuid: array(bytes, 201 + 66)?,
            sector: u32_at(bytes, 144)?,
            node: u32_at(bytes, 148)?,
            sys_chunks: bytes.get(SYS_CHUNKS..SYS_CHUNKS + length)?.to_vec(),
        })
    }

    /// The limits that `btrfs_validate_super` has.
    fn check(&self) -> std::result::Result<(), String> {
        let size = |bytes: u32| bytes.is_power_of_two() && (4096..=65536).contains(&bytes);
        if !size(self.sector) || !size(self.node) || self.node < self.sector {
            return Err(format!("nodes of {} bytes, and sectors of {}", self.node, self.sector));
        }
        if self.root.level >= LEVELS || self.chunk_root.level >= LEVELS {
            return Err("a tree has more levels than there can be".to_owned());
        }
        if self.sys_chunks.len() > SYS_CHUNKS_ROOM {
            return Err("its chunks have no room in it".to_owned());
        }
        Ok(())
    }
}

/// Adds to why the superblock is not used what its mirrors are like. Only those of the same device are looked at.
fn with_mirrors(disk: &Disk, error: DiskError) -> DiskError {
    let DiskError::Damaged { place, what } = error else { return error };
    let whole = |at: &u64| disk.metadata(*at, SIZE).is_ok_and(|bytes| Superblock::parse(&bytes, *at).is_ok());
    match MIRRORS.iter().find(|at| whole(at)) {
        Some(at) => DiskError::damaged(place, format!("{what}; its mirror at byte {at} is whole")),
        None => DiskError::Damaged { place, what },
    }
}
