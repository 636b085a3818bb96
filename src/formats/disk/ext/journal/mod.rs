//! The journal (jbd2): what a filesystem that was not unmounted will be after the kernel has replayed it.
//!
//! The log is a ring of blocks. A transaction is descriptor blocks, each followed by the blocks that it names, blocks
//! that revoke, and a commit block. As in fs/jbd2/recovery.c it is read three times: to find the last transaction that
//! is whole, to learn which blocks were revoked, and to find the last copy of each block that is left. Nothing is
//! written: the copies are read where they lie in the log.

mod block;
mod fast_commit;
mod replay;
mod revoked;
mod scan;
mod superblock;
mod walk;

use super::inode::RawInode;
use super::map;
use super::overlay::{Overlay, Replacements};
use super::superblock::Superblock;
use crate::formats::disk::{Disk, DiskError, Extent, InodeKind, Result};
use std::sync::Arc;
use superblock::JournalSuperblock;

/// The disk as it will be after the journal was replayed.
///
/// # Errors
/// When the journal is on another device, is damaged in a way that keeps the kernel from mounting, or has what is not
/// known.
pub(super) fn replayed(disk: &Disk, superblock: &Superblock) -> Result<Disk> {
    let log = Log::open(disk, superblock)?;
    // Nothing was written to it since it was replayed.
    if log.superblock.start == 0 {
        return Ok(disk.clone());
    }
    let end = scan::end(&log)?;
    let revoked = revoked::find(&log, end)?;
    let blocks = replay::find(&log, end, &revoked)?;
    fast_commit::must_be_empty(&log, end)?;
    let replacements = Arc::new(Replacements { block_size: superblock.block_size.into(), blocks });
    let above = |below| Arc::new(Overlay { below, replacements: replacements.clone() });
    Ok(Disk { metadata: above(disk.metadata.clone()), content: above(disk.content.clone()) })
}

/// The log.
struct Log<'a> {
    disk: &'a Disk,
    filesystem: &'a Superblock,
    superblock: JournalSuperblock,
    /// Where the journal lies.
    extents: Vec<Extent>,
}

impl<'a> Log<'a> {
    fn open(disk: &'a Disk, filesystem: &'a Superblock) -> Result<Self> {
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
    fn place(&self, block: u32) -> Result<u64> {
        place(&self.extents, block, self.filesystem.block_size)
    }

    /// A block of the log that tells of others.
    fn block(&self, block: u32) -> Result<Vec<u8>> {
        self.disk.metadata(self.place(block)?, self.filesystem.block_size as usize)
    }

    /// A block of the log that belongs somewhere in the filesystem.
    fn copy(&self, block: u32) -> Result<Vec<u8>> {
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

/// What is wrong with the journal.
fn damaged(what: impl Into<String>) -> DiskError {
    DiskError::damaged("the journal of ext4", what)
}
