//! The log: whether all that it tells of was written back (`fs/xfs/xfs_log_recover.c`, `xfs_log_format.h`).
//!
//! It is a ring of basic blocks of 512 bytes. Each begins with the number of the round in which it was written (its
//! *cycle*), a record's first block with a magic number and then the cycle. The head is where the cycles step down.
//! Who unmounts the filesystem, or mounts it read-only, writes a last record that says so; where that one lies right
//! before the head, nothing is to be replayed. Nor is anything of a frozen one that reading needs ([`frozen`]).

mod frozen;
mod head;
mod ring;

use self::head::find;
use self::ring::{BLOCK_LOG, Record, Ring, damaged};
use super::superblock::Superblock;
use super::view::{Place, View};
use crate::formats::disk::{Disk, DiskError, Result};

/// Bit of `oh_flags`: the operation says that the filesystem was unmounted (`XLOG_UNMOUNT_TRANS`).
const UNMOUNT: u8 = 0x20;

/// Refuses a filesystem whose log holds changes.
///
/// # Errors
/// When it does, when it lies on another device, or is damaged.
pub(super) fn refuse_changes(disk: &Disk, superblock: &Superblock) -> Result<()> {
    if superblock.log_start == 0 {
        return Err(DiskError::Unsupported("an XFS whose log lies on another device".to_owned()));
    }
    let start = superblock.place(superblock.log_start, u64::from(superblock.log_blocks));
    let start =
        start.filter(|_| superblock.log_blocks > 0).ok_or_else(|| damaged("it lies outside of the filesystem"))?;
    let length = u64::from(superblock.log_blocks) << (superblock.block_log - BLOCK_LOG);
    let ring = Ring { disk, start, length };
    let head = find(&ring)?;
    if head == 0 && ring.cycle(0)? == 0 {
        return Ok(());
    }
    let Some((at, last)) = head::last_record(&ring, head)? else {
        return Err(damaged("it has no record before its head"));
    };
    // Those of IRIX carry none.
    if last.uuid != [0; 16] && last.uuid != superblock.uuid {
        return Err(damaged("its last record belongs to another filesystem"));
    }
    if is_unmount(&ring, head, at, &last)? || frozen::is_frozen(&ring, head, &last)? {
        return Ok(());
    }
    let text = "an XFS whose log has changes that were not written back (it was not unmounted)";
    Err(DiskError::Unsupported(text.to_owned()))
}

/// Whether the last record says that the filesystem was unmounted (`xlog_check_unmount_rec`).
fn is_unmount(ring: &Ring<'_>, head: u64, at: u64, last: &Record) -> Result<bool> {
    let end = (at + last.header + last.body) % ring.length;
    if end != head || last.operations != 1 {
        return Ok(false);
    }
    let body = ring.block((at + last.header) % ring.length)?;
    // `oh_flags` of the first operation (`struct xlog_op_header`).
    Ok(View::new(&body, Place::Log).u8(9)? & UNMOUNT != 0)
}
