//! Inodes as they lie on the disk (`struct ext4_inode`).

use super::bytes::{le16, le32, part};
use super::superblock::Superblock;
use super::{features, group};
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::{Disk, DiskError, Inode, InodeKind, Result};

/// The top directory's number.
pub(super) const TOP: u32 = 2;
/// Bytes of an inode that every revision has; what is more has its length at this place.
pub(super) const OLD_SIZE: usize = 128;
/// Where the map of its blocks lies in an inode.
pub(super) const MAP: usize = 0x28;
/// Bytes of the map.
pub(super) const MAP_LENGTH: usize = 60;

/// It is encrypted.
const ENCRYPT: u32 = 0x800;
/// It is a directory with an index.
pub(super) const INDEX: u32 = 0x1000;
/// Its number of sectors counts blocks.
const HUGE: u32 = 0x4_0000;
/// Its map is a tree of extents.
pub(super) const EXTENTS: u32 = 0x8_0000;
/// What it holds lies in the inode.
pub(super) const INLINE_DATA: u32 = 0x1000_0000;
/// It is a directory whose names are compared without regard to case.
pub(super) const CASEFOLD: u32 = 0x4000_0000;

const KIND: u16 = 0xF000;
const FILE: u16 = 0x8000;
const DIRECTORY: u16 = 0x4000;
const LINK: u16 = 0xA000;
const CHARACTER_DEVICE: u16 = 0x2000;
const BLOCK_DEVICE: u16 = 0x6000;
const FIFO: u16 = 0x1000;
const SOCKET: u16 = 0xC000;

/// An inode.
#[derive(Debug)]
pub(super) struct RawInode {
    pub(super) number: u32,
    /// Where it lies on the device, in bytes.
    pub(super) place: u64,
    /// All of it.
    pub(super) bytes: Vec<u8>,
    /// What the checksums of its blocks start from; `None`: they have none.
    pub(super) seed: Option<u32>,
    pub(super) kind: InodeKind,
    pub(super) flags: u32,
    /// Bytes.
    pub(super) size: u64,
    mode: u16,
}

impl RawInode {
    /// Reads and checks one.
    ///
    /// # Errors
    /// When there is none of that number, it is not in use, or it is damaged.
    pub(super) fn read(disk: &Disk, superblock: &Superblock, number: u32) -> Result<Self> {
        let outside = || DiskError::damaged(name(number), format!("there are {} inodes", superblock.inodes_count));
        let index = number.checked_sub(1).filter(|_| number <= superblock.inodes_count).ok_or_else(outside)?;
        let table = group::inode_table(disk, superblock, index / superblock.inodes_per_group)?;
        let in_table = u64::from(index % superblock.inodes_per_group) * u64::from(superblock.inode_size);
        let block_size = u64::from(superblock.block_size);
        let block = superblock.place(table.saturating_add(in_table / block_size), || name(number))?;
        let place = block + in_table % block_size;
        let bytes = disk.metadata(place, superblock.inode_size.into())?;
        Self::parse(superblock, number, place, bytes)
    }

    fn parse(superblock: &Superblock, number: u32, place: u64, bytes: Vec<u8>) -> Result<Self> {
        let mode = le16(&bytes, 0x00)?;
        if mode == 0 || le16(&bytes, 0x1A)? == 0 {
            return Err(DiskError::damaged(name(number), "it is not in use"));
        }
        let extra = extra_size(&bytes);
        if OLD_SIZE + extra > bytes.len() || !extra.is_multiple_of(4) {
            return Err(DiskError::damaged(name(number), format!("its additional fields have {extra} bytes")));
        }
        let seed = match superblock.checksum_seed {
            Some(seed) => {
                let own = [&number.to_le_bytes(), part(&bytes, 0x64, 0x68)?].into_iter().fold(seed, crc32c);
                check_checksum(&bytes, own, number)?;
                Some(own)
            }
            None => None,
        };
        let kind = match mode & KIND {
            FILE => InodeKind::File,
            DIRECTORY => InodeKind::Directory,
            LINK => InodeKind::Link,
            CHARACTER_DEVICE | BLOCK_DEVICE | FIFO | SOCKET => InodeKind::Special,
            _ => return Err(DiskError::damaged(name(number), format!("it has the mode {mode:o}"))),
        };
        let low = u64::from(le32(&bytes, 0x04)?);
        // Elsewhere the upper half was once something else.
        let has_upper = kind == InodeKind::File || superblock.features.incompat(features::LARGEDIR);
        let size = if has_upper { low | u64::from(le32(&bytes, 0x6C)?) << 32 } else { low };
        if i64::try_from(size).is_err() {
            return Err(DiskError::damaged(name(number), format!("it has {size} bytes")));
        }
        Ok(Self { number, place, seed, kind, flags: le32(&bytes, 0x20)?, size, mode, bytes })
    }

    /// What stat(2) tells of it.
    ///
    /// # Errors
    /// When it is cut short.
    pub(super) fn stat(&self) -> Result<Inode> {
        let mtime = i64::from(le32(&self.bytes, 0x10)?.cast_signed());
        // The two lowest bits are further ones of the seconds; the others are nanoseconds.
        let epoch = if OLD_SIZE + extra_size(&self.bytes) >= 0x8C { le32(&self.bytes, 0x88)? & 3 } else { 0 };
        let uid = u32::from(le16(&self.bytes, 0x02)?) | u32::from(le16(&self.bytes, 0x78)?) << 16;
        let rdev = match self.mode & KIND {
            CHARACTER_DEVICE | BLOCK_DEVICE => self.device_number()?,
            _ => 0,
        };
        let mode = u32::from(self.mode & 0o7777);
        Ok(Inode { kind: self.kind, size: self.size, mtime: mtime + (i64::from(epoch) << 32), mode, uid, rdev })
    }

    /// A device number is stored in the way of Linux 2.4, or where it has not room enough there in the one of 2.6.
    fn device_number(&self) -> Result<u64> {
        let old = le32(&self.bytes, MAP)?;
        let new = le32(&self.bytes, MAP + 4)?;
        let (major, minor) = match old {
            0 => ((new >> 8) & 0xFFF, (new & 0xFF) | ((new >> 12) & 0xF_FF00)),
            _ => ((old >> 8) & 0xFF, old & 0xFF),
        };
        Ok(u64::from(major) << 8 | u64::from(minor & 0xFF) | u64::from(minor & 0xF_FF00) << 12)
    }

    /// The map of its blocks.
    ///
    /// # Errors
    /// When it is cut short.
    pub(super) fn map(&self) -> Result<&[u8]> {
        part(&self.bytes, MAP, MAP + MAP_LENGTH)
    }

    /// Whether it has a flag.
    pub(super) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Where the magic number of its extended attributes lies, if it has room for any.
    pub(super) fn attributes(&self) -> Option<usize> {
        let start = OLD_SIZE + extra_size(&self.bytes);
        (self.bytes.len() > OLD_SIZE && start + 4 <= self.bytes.len()).then_some(start)
    }

    /// Whether what a symbolic link points to lies in the map. The kernel goes by the blocks that it has, since it has
    /// not always looked at the length; where values of attributes have inodes of their own, they count as well.
    ///
    /// # Errors
    /// When it is cut short.
    pub(super) fn is_fast_link(&self, superblock: &Superblock) -> Result<bool> {
        if superblock.features.incompat(features::EA_INODE) {
            return Ok(self.size > 0 && self.size < MAP_LENGTH as u64);
        }
        let huge = superblock.features.ro_compat(features::HUGE_FILE);
        let upper = if huge { u64::from(le16(&self.bytes, 0x74)?) << 32 } else { 0 };
        let count = u64::from(le32(&self.bytes, 0x1C)?) | upper;
        let in_blocks = huge && self.has(HUGE);
        let sectors = if in_blocks { count.saturating_mul(u64::from(superblock.block_size) / 512) } else { count };
        let attributes = le32(&self.bytes, 0x68)? != 0 || le16(&self.bytes, 0x76)? != 0;
        Ok(sectors == if attributes { superblock.cluster_size / 512 } else { 0 })
    }

    /// Its name in an error.
    pub(super) fn name(&self) -> String {
        name(self.number)
    }

    /// Refuses what it holds where that is encrypted.
    ///
    /// # Errors
    /// `Unsupported` when it is.
    pub(super) fn must_be_plain(&self) -> Result<()> {
        match self.has(ENCRYPT) {
            true => Err(DiskError::Unsupported(format!("{} is encrypted", self.name()))),
            false => Ok(()),
        }
    }
}

/// An inode's name in an error.
pub(super) fn name(number: u32) -> String {
    format!("inode {number}")
}

/// Bytes of the fields behind the first 128 bytes.
fn extra_size(bytes: &[u8]) -> usize {
    le16(bytes, OLD_SIZE).map_or(0, usize::from)
}

/// Both halves of the checksum count as zeros in it; the upper one is there if the additional fields reach that far.
fn check_checksum(bytes: &[u8], seed: u32, number: u32) -> Result<()> {
    let low = le16(bytes, 0x7C)?;
    let mut crc = [part(bytes, 0, 0x7C)?, &[0, 0], part(bytes, 0x7E, OLD_SIZE)?].into_iter().fold(seed, crc32c);
    let mut stored = u32::from(low);
    let mut mask = 0xFFFF;
    if bytes.len() > OLD_SIZE {
        let has_upper = extra_size(bytes) >= 4;
        let upper = part(bytes, 0x82, 0x84)?;
        crc = crc32c(crc, part(bytes, OLD_SIZE, 0x82)?);
        crc = crc32c(crc, if has_upper { &[0, 0] } else { upper });
        crc = crc32c(crc, part(bytes, 0x84, bytes.len())?);
        if has_upper {
            stored |= u32::from(le16(bytes, 0x82)?) << 16;
            mask = !0;
        }
    }
    match crc & mask == stored {
        true => Ok(()),
        false => Err(DiskError::damaged(name(number), "its checksum is wrong")),
    }
}
