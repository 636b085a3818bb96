//! The runs of blocks that a file lies in, which both kinds of map find.

use super::inode::RawInode;
use super::superblock::Superblock;
use crate::formats::disk::{DiskError, Extent, Result};

/// How many pieces a file may lie in.
const MOST_PIECES: usize = 1 << 20;

/// The runs of blocks of a file, as they are found.
#[derive(Debug)]
pub(super) struct Runs<'a> {
    pub(super) superblock: &'a Superblock,
    pub(super) inode: &'a RawInode,
    extents: Vec<Extent>,
}

impl<'a> Runs<'a> {
    /// None yet.
    pub(super) fn new(superblock: &'a Superblock, inode: &'a RawInode) -> Self {
        Self { superblock, inode, extents: Vec::new() }
    }

    /// Adds a run behind the others. One that follows the last one in both places becomes a part of it; one that was
    /// given to the file and never `written` counts as a hole.
    ///
    /// # Errors
    /// When it does not lie in the filesystem, or there are too many.
    pub(super) fn add(&mut self, logical: u64, physical: u64, count: u64, written: bool) -> Result<()> {
        let place = self.superblock.run(physical, count, || self.inode.name())?;
        if !written {
            return Ok(());
        }
        let block_size = u64::from(self.superblock.block_size);
        let run = Extent { logical: logical * block_size, length: count * block_size, physical: Some(place) };
        match self.extents.last_mut() {
            Some(last) if follows(last, &run) => last.length += run.length,
            _ => self.extents.push(run),
        }
        if self.extents.len() > MOST_PIECES {
            let name = self.inode.name();
            return Err(DiskError::Unsupported(format!("{name} lies in more than {MOST_PIECES} pieces")));
        }
        Ok(())
    }

    /// Those that were found, in the order of the file.
    pub(super) fn found(self) -> Vec<Extent> {
        self.extents
    }
}

fn follows(last: &Extent, run: &Extent) -> bool {
    last.logical + last.length == run.logical && last.physical.map(|place| place + last.length) == run.physical
}
