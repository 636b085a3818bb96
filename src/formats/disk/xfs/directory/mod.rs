//! Directories (`fs/xfs/libxfs/xfs_da_format.h`, `xfs_dir2*.c`).
//!
//! A small one stands in its inode (*shortform*). A larger one is a file of three parts: its entries from offset 0 on,
//! an index of their names' hashes from 32 GiB on, and from 64 GiB on a list of room that is free, which nobody needs
//! who reads. One whose entries fit into a block has the index at that block's end (*block*); otherwise it is one leaf
//! (*leaf*), or a tree of leaves (*node*).

mod entries;
mod index;
mod name;
mod open;
mod shortform;

#[cfg(test)]
pub(super) mod tests;

use self::name::Each;
use self::open::KIND;
use super::fork::{Fork, Record};
use super::view::{Place, View};
use crate::formats::disk::{DiskError, Result};

pub(super) use self::open::Directory;

/// No directory whose entries take more bytes is listed: these are millions.
const MOST_BYTES: u64 = 256 << 20;

impl Directory<'_> {
    /// The inode of the entry of this name.
    ///
    /// # Errors
    /// When what is read on the way is damaged.
    pub(super) fn lookup(&self, name: &[u8]) -> Result<Option<u64>> {
        if matches!(name, b"." | b"..") {
            return Ok(None);
        }
        if let Fork::Local(bytes) = self.fork {
            return shortform::lookup(View::new(bytes, Place::Inode(self.node.number)), self.ftype(), name);
        }
        let found = match self.block(self.fork, self.index_start(), "index block")? {
            Some(index) => index::lookup(self, index, name)?,
            None => index::lookup_in_block(self, &self.first()?, name)?,
        };
        Ok(found)
    }

    /// Calls for every entry but `.` and `..`.
    ///
    /// # Errors
    /// When it is too large, or damaged.
    pub(super) fn list(&self, each: Each<'_>) -> Result<()> {
        if let Fork::Local(bytes) = self.fork {
            return shortform::list(View::new(bytes, Place::Inode(self.node.number)), self.ftype(), each);
        }
        let records = self.fork.records(self.disk, self.superblock)?;
        let numbers = self.entry_blocks(&records)?;
        let fork = Fork::Extents(records);
        for number in numbers {
            let Some(block) = self.block(&fork, number, KIND)? else { continue };
            if entries::list(self, block.view(), each)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The first blocks, in the file, of those directory blocks that hold entries.
    fn entry_blocks(&self, records: &[Record]) -> Result<Vec<u64>> {
        let (step, mut next, mut numbers) = (self.superblock.dir_blocks, 0, Vec::new());
        let most = MOST_BYTES / self.superblock.dir_size() as u64;
        for record in records.iter().take_while(|record| record.offset < self.index_start()) {
            next = next.max(record.offset / step);
            while next * step < record.end().min(self.index_start()) {
                numbers.push(next * step);
                next += 1;
                if numbers.len() as u64 > most {
                    return Err(DiskError::Unsupported("a directory of more than 256 MiB".to_owned()));
                }
            }
        }
        if numbers.is_empty() { Err(self.node.damaged("it has no entries, not even itself")) } else { Ok(numbers) }
    }
}
