//! What a metadata block of version 5 tells of itself.

use super::checksum;
use super::superblock::Superblock;
use super::view::{Place, View};
use crate::formats::disk::Result;

/// Where a kind of block has the fields by which it is known, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    checksum: usize,
    sector: usize,
    uuid: usize,
    owner: usize,
}

/// A block of a file's extents (`struct xfs_btree_block_lhdr`).
pub(super) const EXTENTS: Identity = Identity { checksum: 64, sector: 24, uuid: 40, owner: 56 };
/// A data block of a directory (`struct xfs_dir3_blk_hdr`).
pub(super) const ENTRIES: Identity = Identity { checksum: 4, sector: 8, uuid: 24, owner: 40 };
/// An index block of a directory (`struct xfs_da3_blkinfo`).
pub(super) const INDEX: Identity = Identity { checksum: 12, sector: 16, uuid: 32, owner: 48 };
/// A block of a symbolic link's target (`struct xfs_dsymlink_hdr`).
pub(super) const TARGET: Identity = Identity { checksum: 12, sector: 40, uuid: 16, owner: 32 };

/// Holds a block of version 5 against its checksum, and against the place and the inode that it was found by.
///
/// # Errors
/// When it was damaged, or belongs elsewhere.
pub(super) fn check(superblock: &Superblock, block: View<'_>, identity: Identity) -> Result<()> {
    checksum::check(block, identity.checksum)?;
    let Place::Block { owner, sector, .. } = block.place() else {
        return Err(block.damaged("it is no block of an inode"));
    };
    if block.array(identity.uuid)? != superblock.metadata_uuid {
        return Err(block.damaged("it belongs to another filesystem"));
    }
    if block.u64(identity.sector)? != sector {
        return Err(block.damaged("it says that it lies elsewhere"));
    }
    if block.u64(identity.owner)? != owner {
        return Err(block.damaged("it belongs to another inode"));
    }
    Ok(())
}
