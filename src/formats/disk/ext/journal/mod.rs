//! The journal (jbd2): what a filesystem that was not unmounted will be after the kernel has replayed it.
//!
//! The log is a ring of blocks. A transaction is descriptor blocks, each followed by the blocks that it names, blocks
//! that revoke, and a commit block. As in fs/jbd2/recovery.c it is read three times: to find the last transaction that
//! is whole, to learn which blocks were revoked, and to find the last copy of each block that is left. Nothing is
//! written: the copies are read where they lie in the log.

mod block;
mod error;
mod fast_commit;
mod header;
mod log;
mod replay;
mod revoked;
mod scan;
mod superblock;
mod walk;

use super::overlay::{Overlay, Replacements};
use super::superblock::Superblock;
use crate::formats::disk::{Disk, Result};
use log::Log;
use std::sync::Arc;

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
