//! Directories: lists of entries, in blocks or in the inode, with an index over the large ones.

mod blocks;
mod entries;
mod index;

use super::inode::{self, RawInode};
use super::superblock::Superblock;
use super::{features, inline};
use crate::formats::disk::{Disk, DiskError, InodeKind, Result};
use blocks::DirectoryBlocks;
use entries::Each;
use std::ops::ControlFlow;

/// How large a directory is read without an index: some million names.
const LARGEST: u64 = 256 << 20;

/// A directory.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    blocks: DirectoryBlocks<'a>,
}

impl<'a> Directory<'a> {
    /// Opens one.
    ///
    /// # Errors
    /// When it is none, or is encrypted, or its map is damaged.
    pub(super) fn open(disk: &'a Disk, superblock: &'a Superblock, inode: &'a RawInode) -> Result<Self> {
        if inode.kind != InodeKind::Directory {
            return Err(DiskError::damaged(inode.name(), "it is no directory"));
        }
        inode.must_be_plain()?;
        DirectoryBlocks::of(disk, superblock, inode).map(|blocks| Self { blocks })
    }

    /// Looks a name up, by the index where there is one.
    ///
    /// # Errors
    /// When it cannot be read, or names are compared there in a way that is not known.
    pub(super) fn lookup(&self, name: &[u8]) -> Result<Option<u32>> {
        let inode = self.blocks.inode;
        // Where case is not regarded, the index is one of names that have lost it.
        if self.has_index()
            && !inode.has(inode::CASEFOLD)
            && let index::Answer::Known(found) = index::lookup(&self.blocks, name)?
        {
            return Ok(found);
        }
        let mut found = None;
        self.each(&mut |entry| {
            found = (entry.name == name).then_some(entry.inode);
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if found.is_none() && inode.has(inode::CASEFOLD) {
            let what = format!("{} is a directory that does not regard the case of names", inode.name());
            return Err(DiskError::Unsupported(what));
        }
        Ok(found)
    }

    /// Calls for every entry, `.` and `..` among them where they are stored, in the order in which they lie there.
    ///
    /// # Errors
    /// When it cannot be read, or the function fails.
    pub(super) fn each(&self, each: Each<'_>) -> Result<()> {
        let inode = self.blocks.inode;
        if inode.has(inode::INLINE_DATA) {
            for place in inline::directory(inode)? {
                if entries::each(&self.blocks, place, each)?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        if inode.size > LARGEST {
            let what = format!("{} is a directory of {} bytes", inode.name(), inode.size);
            return Err(DiskError::Unsupported(what));
        }
        for number in 0..self.blocks.count() {
            let block = self.blocks.read(number)?;
            if self.has_index() && (number == 0 || index::is_node(&block)) {
                index::check_checksum(&self.blocks, &block, number)?;
            } else {
                entries::check_checksum(&self.blocks, &block, number)?;
            }
            if entries::each(&self.blocks, &block, each)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn has_index(&self) -> bool {
        self.blocks.inode.has(inode::INDEX) && self.blocks.superblock.features.compat(features::DIR_INDEX)
    }
}
