//! Where the bytes of a file lie.

use super::inode::{self, RawInode};
use super::superblock::Superblock;
use super::{extents, indirect, inline};
use crate::formats::disk::{Disk, DiskError, Extent, Result};

/// How many pieces a file may lie in.
const MOST_PIECES: usize = 1 << 20;

/// The pieces of a file, in the order of the file.
///
/// # Errors
/// When its map is damaged, or too large.
pub(super) fn extents(disk: &Disk, superblock: &Superblock, inode: &RawInode) -> Result<Vec<Extent>> {
    if inode.has(inode::INLINE_DATA) {
        return inline::extents(inode);
    }
    let runs = Runs { superblock, inode, extents: Vec::new() };
    let runs = match inode.has(inode::EXTENTS) {
        true => extents::runs(disk, runs)?,
        false => indirect::runs(disk, runs)?,
    };
    Ok(runs.extents)
}

/// The runs of blocks of a file, as they are found.
#[derive(Debug)]
pub(super) struct Runs<'a> {
    pub(super) superblock: &'a Superblock,
    pub(super) inode: &'a RawInode,
    extents: Vec<Extent>,
}

impl Runs<'_> {
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
}

fn follows(last: &Extent, run: &Extent) -> bool {
    last.logical + last.length == run.logical && last.physical.map(|place| place + last.length) == run.physical
}
