//! Maps that are trees of extents (`struct ext4_extent_header` of fs/ext4/ext4_extents.h).

use super::bytes::{le16, le32};
use super::runs::Runs;
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::{Disk, DiskError, Result};

const MAGIC: u16 = 0xF30A;
/// The kernel's `EXT4_MAX_EXTENT_DEPTH`.
const DEEPEST: u16 = 5;
/// Bytes of a header, and of each entry.
const ENTRY: usize = 12;
/// The longest extent; what is longer is one that was given to the file and not yet written, by as much.
const LONGEST: u16 = 0x8000;
/// Bytes of the tree that are read for one file: room for more extents than [`Runs`] takes.
const LARGEST_TREE: u64 = 64 << 20;

/// Finds the runs of blocks of a file with a tree of extents.
///
/// # Errors
/// When the tree is damaged, or too large.
pub(super) fn runs<'a>(disk: &Disk, runs: Runs<'a>) -> Result<Runs<'a>> {
    let root = runs.inode.map()?;
    let mut walk = Walk { disk, runs, read: 0, next: 0 };
    let depth = le16(root, 6)?;
    if depth > DEEPEST {
        return Err(walk.damaged(format!("its extents form a tree of {depth} levels")));
    }
    walk.node(root, depth, u32::MAX)?;
    Ok(walk.runs)
}

struct Walk<'d, 'a> {
    disk: &'d Disk,
    runs: Runs<'a>,
    /// Bytes.
    read: u64,
    /// The first block of the file of which nothing was seen yet.
    next: u64,
}

impl Walk<'_, '_> {
    /// Reads a node and what is below it. `end` is the first block of the file that is none of its.
    fn node(&mut self, node: &[u8], depth: u16, end: u32) -> Result<()> {
        let count = usize::from(le16(node, 2)?);
        let most = usize::from(le16(node, 4)?);
        if le16(node, 0)? != MAGIC || le16(node, 6)? != depth || count > most || ENTRY + most * ENTRY > node.len() {
            return Err(self.damaged("a node of its extents has a wrong header"));
        }
        if count == 0 && depth > 0 {
            return Err(self.damaged("a node of its extents is empty"));
        }
        for index in 0..count {
            let at = ENTRY + index * ENTRY;
            match depth {
                0 => self.leaf_entry(node, at, end)?,
                _ => {
                    let end = if index + 1 < count { le32(node, at + ENTRY)?.min(end) } else { end };
                    self.index_entry(node, at, depth, end)?;
                }
            }
        }
        Ok(())
    }

    fn leaf_entry(&mut self, node: &[u8], at: usize, end: u32) -> Result<()> {
        let logical = u64::from(le32(node, at)?);
        let length = le16(node, at + 4)?;
        let written = length <= LONGEST;
        let length = u64::from(if written { length } else { length - LONGEST });
        let physical = u64::from(le16(node, at + 6)?) << 32 | u64::from(le32(node, at + 8)?);
        // The last block that can be numbered is not used, so that the number of blocks can.
        if length == 0 || logical < self.next || logical + length > u64::from(end) {
            return Err(self.damaged("its extents are out of order"));
        }
        self.next = logical + length;
        self.runs.add(logical, physical, length, written)
    }

    fn index_entry(&mut self, node: &[u8], at: usize, depth: u16, end: u32) -> Result<()> {
        let logical = le32(node, at)?;
        let block = u64::from(le16(node, at + 8)?) << 32 | u64::from(le32(node, at + 4)?);
        if u64::from(logical) < self.next || logical >= end {
            return Err(self.damaged("its extents are out of order"));
        }
        self.next = logical.into();
        let superblock = self.runs.superblock;
        self.read += u64::from(superblock.block_size);
        if self.read > LARGEST_TREE {
            let name = self.runs.inode.name();
            return Err(DiskError::Unsupported(format!("{name} has more than {LARGEST_TREE} bytes of extents")));
        }
        let place = superblock.place(block, || self.runs.inode.name())?;
        let child = self.disk.metadata(place, superblock.block_size as usize)?;
        self.check_checksum(&child, block)?;
        self.node(&child, depth - 1, end)
    }

    /// The checksum follows the place of the last entry that would find room.
    fn check_checksum(&self, node: &[u8], block: u64) -> Result<()> {
        let Some(seed) = self.runs.inode.seed else { return Ok(()) };
        let tail = ENTRY + usize::from(le16(node, 4)?) * ENTRY;
        let holds = node.get(..tail).is_some_and(|covered| le32(node, tail) == Ok(crc32c(seed, covered)));
        match holds {
            true => Ok(()),
            false => Err(self.damaged(format!("the checksum of its extents in block {block} is wrong"))),
        }
    }

    fn damaged(&self, what: impl Into<String>) -> DiskError {
        DiskError::damaged(self.runs.inode.name(), what)
    }
}
