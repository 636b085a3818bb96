//! The blocks that a directory lies in.

use crate::formats::disk::ext::inode::{self, RawInode};
use crate::formats::disk::ext::map;
use crate::formats::disk::ext::superblock::Superblock;
use crate::formats::disk::{Disk, DiskError, Extent, Result};

/// The blocks of a directory; one that lies in its inode has none.
#[derive(Debug)]
pub(super) struct DirectoryBlocks<'a> {
    disk: &'a Disk,
    pub(super) superblock: &'a Superblock,
    pub(super) inode: &'a RawInode,
    extents: Vec<Extent>,
}

impl<'a> DirectoryBlocks<'a> {
    /// Those of an inode that is a directory.
    ///
    /// # Errors
    /// When its map is damaged.
    pub(super) fn of(disk: &'a Disk, superblock: &'a Superblock, inode: &'a RawInode) -> Result<Self> {
        let extents = match inode.has(inode::INLINE_DATA) {
            true => Vec::new(),
            false => map::extents(disk, superblock, inode)?,
        };
        Ok(Self { disk, superblock, inode, extents })
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.inode.size / u64::from(self.superblock.block_size)
    }

    /// Reads one.
    ///
    /// # Errors
    /// When there is none of that number, or it cannot be read.
    pub(super) fn read(&self, number: u64) -> Result<Vec<u8>> {
        let block_size = u64::from(self.superblock.block_size);
        let hole = || self.damaged(number, "it is missing");
        let logical = number.checked_mul(block_size).filter(|_| number < self.count()).ok_or_else(hole)?;
        let next = self.extents.partition_point(|extent| extent.logical <= logical);
        let place = next
            .checked_sub(1)
            .and_then(|index| self.extents.get(index))
            .and_then(|extent| Some((extent.physical?, logical.checked_sub(extent.logical)?, extent.length)))
            .filter(|(_, skipped, length)| skipped < length)
            .map(|(physical, skipped, _)| physical + skipped)
            .ok_or_else(hole)?;
        self.disk.metadata(place, self.superblock.block_size as usize)
    }

    /// What is wrong with one of them.
    pub(super) fn damaged(&self, number: u64, what: &str) -> DiskError {
        DiskError::damaged(format!("block {number} of directory {}", self.inode.name()), what)
    }
}
