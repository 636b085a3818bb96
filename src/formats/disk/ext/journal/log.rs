//! The log as a file: which inode it has, and where its blocks lie.

use super::error::damaged;
use super::superblock::JournalSuperblock;
use crate::formats::disk::ext::inode::RawInode;
use crate::formats::disk::ext::map;
use crate::formats::disk::ext::superblock::Superblock;
use crate::formats::disk::{Disk, DiskError, Extent, InodeKind, Result};

/// The log of a filesystem.
pub(super) struct Log<'a> {
    disk: &'a Disk,
    pub(super) filesystem: &'a Superblock,
    pub(super) superblock: JournalSuperblock,
    /// Where the journal lies.
    extents: Vec<Extent>,
}

impl<'a> Log<'a> {
    /// Opens the one that the superblock tells of.
    ///
    /// # Errors
    /// When there is none or it is on another device, or its inode, its map or its superblock is damaged.
    pub(super) fn open(disk: &'a Disk, filesystem: &'a Superblock) -> Result<Self> {
        match (filesystem.journal_inode, filesystem.journal_device) {
            (0, 0) => return Err(damaged("the filesystem has one that must be replayed, and does not tell where")),
            (0, _) => return Err(DiskError::Unsupported("an ext4 whose journal is on another device".to_owned())),
            (_, 0) => {}
            _ => return Err(damaged("the filesystem has one in an inode and one on another device")),
        }
        let inode = RawInode::read(disk, filesystem, filesystem.journal_inode)?;
        if inode.kind != InodeKind::File {
            return Err(damaged("its inode is no regular file"));
        }
        let extents = map::extents(disk, filesystem, &inode)?;
        let blocks = inode.size / u64::from(filesystem.block_size);
        let place = place(&extents, 0, filesystem.block_size)?;
        let superblock = JournalSuperblock::read(disk, place, filesystem.block_size, blocks)?;
        Ok(Self { disk, filesystem, superblock, extents })
    }

    /// Where a block of the log lies on the device, in bytes.
    ///
    /// # Errors
    /// When the log has no such block.
    pub(super) fn place(&self, block: u32) -> Result<u64> {
        place(&self.extents, block, self.filesystem.block_size)
    }

    /// A block of the log that tells of others.
    ///
    /// # Errors
    /// When the log has no such block, or it cannot be read.
    pub(super) fn block(&self, block: u32) -> Result<Vec<u8>> {
        self.disk.metadata(self.place(block)?, self.filesystem.block_size as usize)
    }

    /// A block of the log that belongs somewhere in the filesystem.
    ///
    /// # Errors
    /// When the log has no such block, or it cannot be read.
    pub(super) fn copy(&self, block: u32) -> Result<Vec<u8>> {
        let mut bytes = vec![0; self.filesystem.block_size as usize];
        self.disk.content.read_at(self.place(block)?, &mut bytes)?;
        Ok(bytes)
    }
}

fn place(extents: &[Extent], block: u32, block_size: u32) -> Result<u64> {
    let logical = u64::from(block) * u64::from(block_size);
    let next = extents.partition_point(|extent| extent.logical <= logical);
    let extent = next.checked_sub(1).and_then(|index| extents.get(index));
    extent
        .and_then(|extent| Some((extent.physical?, logical - extent.logical, extent.length)))
        .filter(|(_, skipped, length)| skipped < length)
        .map(|(physical, skipped, _)| physical + skipped)
        .ok_or_else(|| damaged(format!("its block {block} is missing")))
}
