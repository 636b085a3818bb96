//! Where the bytes of a file lie.

use super::inode::{self, RawInode};
use super::runs::Runs;
use super::superblock::Superblock;
use super::{extents, indirect, inline};
use crate::formats::disk::{Disk, Extent, Result};

/// The pieces of a file, in the order of the file.
///
/// # Errors
/// When its map is damaged, or too large.
pub(super) fn extents(disk: &Disk, superblock: &Superblock, inode: &RawInode) -> Result<Vec<Extent>> {
    if inode.has(inode::INLINE_DATA) {
        return inline::extents(inode);
    }
    let runs = Runs::new(superblock, inode);
    let runs = match inode.has(inode::EXTENTS) {
        true => extents::runs(disk, runs)?,
        false => indirect::runs(disk, runs)?,
    };
    Ok(runs.found())
}
