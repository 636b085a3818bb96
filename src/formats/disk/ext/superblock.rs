//! The superblock (`struct ext4_super_block` of fs/ext4/ext4.h).

use super::bytes::{byte, le16, le32, le64_of, part};
use super::features::{self, Features};
use super::hash::HashSeed;
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::{Disk, DiskError, Result};

/// Where it lies on the device, in bytes.
const PLACE: u64 = 1024;
/// How long it is.
const LENGTH: usize = 1024;
const MAGIC: u16 = 0xEF53;
/// Blocks of 64 KiB are the largest ones.
const LARGEST_LOG_BLOCK_SIZE: u32 = 6;
/// The largest size of a cluster that the kernel knows (`EXT4_MAX_CLUSTER_LOG_SIZE`).
const LARGEST_LOG_CLUSTER_SIZE: u32 = 20;
/// Blocks of metadata are checked by CRC-32C; there is no other algorithm.
const CHECKSUM_CRC32C: u8 = 1;

/// What of it is needed to read.
#[derive(Debug, Clone)]
pub(super) struct Superblock {
    pub(super) features: Features,
    /// Bytes; 1 KiB to 64 KiB.
    pub(super) block_size: u32,
    /// Bytes of a cluster, of which all of a file's space is made with bigalloc; a block without.
    pub(super) cluster_size: u64,
    pub(super) blocks_count: u64,
    /// The block in which group 0 begins.
    pub(super) first_data_block: u32,
    pub(super) blocks_per_group: u32,
    pub(super) group_count: u32,
    /// Bytes of a group descriptor.
    pub(super) descriptor_size: u16,
    /// From which block of descriptors on they lie in the groups of which they tell.
    pub(super) first_meta_block: u32,
    /// The groups with backups of the superblock, with [`features::SPARSE_SUPER2`].
    pub(super) backup_groups: [u32; 2],
    pub(super) inodes_count: u32,
    pub(super) inodes_per_group: u32,
    /// Bytes.
    pub(super) inode_size: u16,
    /// The first inode that is not reserved.
    pub(super) first_inode: u32,
    pub(super) uuid: [u8; 16],
    /// What the checksums of metadata start from; `None`: it has none.
    pub(super) checksum_seed: Option<u32>,
    pub(super) hash: HashSeed,
    /// The inode of the journal; 0 for none.
    pub(super) journal_inode: u32,
    /// The device number of an external journal; 0 for none.
    pub(super) journal_device: u32,
}

impl Superblock {
    /// Reads and checks it.
    ///
    /// # Errors
    /// When it is none, is damaged, needs what is not known, or tells of more than the disk holds.
    pub(super) fn read(disk: &Disk) -> Result<Self> {
        let raw = disk.metadata(PLACE, LENGTH)?;
        if le16(&raw, 0x38)? != MAGIC {
            return Err(damaged("it has not the magic number of ext4"));
        }
        // Revision 0 knew neither features nor other sizes of inodes.
        let dynamic = le32(&raw, 0x4C)? > 0;
        let features = match dynamic {
            true => Features { compat: le32(&raw, 0x5C)?, incompat: le32(&raw, 0x60)?, ro_compat: le32(&raw, 0x64)? },
            false => Features { compat: 0, incompat: 0, ro_compat: 0 },
        };
        if features.ro_compat(features::METADATA_CSUM) {
            check_checksum(&raw)?;
        }
        features.must_be_known()?;
        let superblock = Self::parse(&raw, features, dynamic)?;
        superblock.check(disk)?;
        Ok(superblock)
    }

    fn parse(raw: &[u8], features: Features, dynamic: bool) -> Result<Self> {
        let log_block_size = le32(raw, 0x18)?;
        if log_block_size > LARGEST_LOG_BLOCK_SIZE {
            return Err(damaged(format!("it has blocks of 2^{log_block_size} KiB")));
        }
        let log_cluster_size = match features.ro_compat(features::BIGALLOC) {
            true => le32(raw, 0x1C)?,
            false => log_block_size,
        };
        if log_cluster_size < log_block_size || log_cluster_size > LARGEST_LOG_CLUSTER_SIZE {
            return Err(damaged(format!("it has clusters of 2^{log_cluster_size} KiB")));
        }
        let wide = features.incompat(features::SIXTY_FOUR_BIT);
        let blocks_count = if wide { le64_of(raw, 0x04, 0x150)? } else { le32(raw, 0x04)?.into() };
        let uuid: [u8; 16] = part(raw, 0x68, 0x78)?.try_into().map_err(|_| damaged("it is cut short"))?;
        let seed = match features.incompat(features::CSUM_SEED) {
            true => le32(raw, 0x270)?,
            false => crc32c(!0, &uuid),
        };
        let mut superblock = Self {
            features,
            block_size: 1024 << log_block_size,
            cluster_size: 1024 << log_cluster_size,
            blocks_count,
            first_data_block: le32(raw, 0x14)?,
            blocks_per_group: le32(raw, 0x20)?,
            group_count: 0,
            descriptor_size: if wide { le16(raw, 0xFE)? } else { 32 },
            first_meta_block: le32(raw, 0x104)?,
            backup_groups: [le32(raw, 0x24C)?, le32(raw, 0x250)?],
            inodes_count: le32(raw, 0x00)?,
            inodes_per_group: le32(raw, 0x28)?,
            inode_size: if dynamic { le16(raw, 0x58)? } else { 128 },
            first_inode: if dynamic { le32(raw, 0x54)? } else { 11 },
            uuid,
            checksum_seed: features.ro_compat(features::METADATA_CSUM).then_some(seed),
            hash: HashSeed::new(
                [le32(raw, 0xEC)?, le32(raw, 0xF0)?, le32(raw, 0xF4)?, le32(raw, 0xF8)?],
                le32(raw, 0x160)?,
            ),
            journal_inode: le32(raw, 0xE0)?,
            journal_device: le32(raw, 0xE4)?,
        };
        if superblock.blocks_per_group == 0 || superblock.inodes_per_group == 0 {
            return Err(damaged("its groups are empty"));
        }
        let grouped = blocks_count
            .checked_sub(superblock.first_data_block.into())
            .filter(|blocks| *blocks > 0)
            .ok_or_else(|| damaged("it has no blocks"))?;
        superblock.group_count = u32::try_from(grouped.div_ceil(superblock.blocks_per_group.into())).map_err(|_| {
            damaged(format!("it has {blocks_count} blocks in groups of {}", superblock.blocks_per_group))
        })?;
        Ok(superblock)
    }

    /// Holds its numbers against each other and against the device, as the kernel does when it mounts.
    fn check(&self, disk: &Disk) -> Result<()> {
        let bits = u64::from(self.block_size) * 8;
        let clusters = u64::from(self.blocks_per_group) / (self.cluster_size / u64::from(self.block_size));
        if clusters > bits || u64::from(self.inodes_per_group) > bits {
            return Err(damaged("its groups are larger than their bitmaps"));
        }
        let inode_size = u32::from(self.inode_size);
        if inode_size < 128 || !inode_size.is_power_of_two() || inode_size > self.block_size {
            return Err(damaged(format!("it has inodes of {inode_size} bytes")));
        }
        let size = u32::from(self.descriptor_size);
        let smallest = if self.features.incompat(features::SIXTY_FOUR_BIT) { 64 } else { 32 };
        if size < smallest || size > self.block_size.min(1024) || !size.is_power_of_two() {
            return Err(damaged(format!("it has group descriptors of {size} bytes")));
        }
        let inodes = u64::from(self.group_count) * u64::from(self.inodes_per_group);
        if inodes != u64::from(self.inodes_count) {
            return Err(damaged(format!("it has {} inodes, and its groups {inodes}", self.inodes_count)));
        }
        let length = self.blocks_count.checked_mul(self.block_size.into());
        if length.is_none_or(|length| length > disk.metadata.size()) {
            let what = format!("it has {} blocks of {} bytes", self.blocks_count, self.block_size);
            return Err(damaged(format!("{what}, and the device {} bytes", disk.metadata.size())));
        }
        Ok(())
    }

    /// Where a block lies on the device, in bytes.
    ///
    /// # Errors
    /// When there is no such block.
    pub(super) fn place(&self, block: u64, whose: impl FnOnce() -> String) -> Result<u64> {
        self.run(block, 1, whose)
    }

    /// Where a run of blocks lies on the device, in bytes. The block in which group 0 begins holds the superblock and
    /// belongs to nobody.
    ///
    /// # Errors
    /// When it is not wholly inside.
    pub(super) fn run(&self, first: u64, count: u64, whose: impl FnOnce() -> String) -> Result<u64> {
        let end = first.checked_add(count).filter(|end| *end <= self.blocks_count);
        match end {
            Some(_) if first > u64::from(self.first_data_block) => Ok(first * u64::from(self.block_size)),
            _ => Err(DiskError::damaged(whose(), format!("it names block {first}, which is none of the filesystem"))),
        }
    }
}

fn check_checksum(raw: &[u8]) -> Result<()> {
    let kind = byte(raw, 0x175)?;
    if kind != CHECKSUM_CRC32C {
        return Err(DiskError::Unsupported(format!("an ext4 with checksums of type {kind}")));
    }
    match crc32c(!0, part(raw, 0, 0x3FC)?) == le32(raw, 0x3FC)? {
        true => Ok(()),
        false => Err(damaged("its checksum is wrong")),
    }
}

fn damaged(what: impl Into<String>) -> DiskError {
    DiskError::damaged("the superblock of ext4", what)
}
