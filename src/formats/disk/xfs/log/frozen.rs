//! The log of a filesystem that is mounted and idle, or frozen for a snapshot (`xfs_log_cover`, `xfs_fs_freeze`). All
//! was written back; then the superblock alone is logged, over what the log held before, and not as clean, since files
//! that are open and removed are still to be freed. What that changes are counts of free blocks and inodes, which
//! nobody needs who reads.

use super::ring::{BLOCK, Record, Ring};
use crate::formats::disk::Result;
use crate::formats::disk::xfs::view::{Place, View};

/// Records from tail to head: two cover the log, and a freeze adds one.
const MOST_RECORDS: usize = 4;
/// Basic blocks of operations in each: as many as its header has the first bytes of.
const MOST_BODY: u64 = 64;
/// `oh_flags`: the operation begins a transaction, or ends it.
const START: u8 = 1;
const COMMIT: u8 = 2;
/// `XLOG_FMT_LINUX_LE`: the processor that wrote the operations has the low byte first.
const LITTLE_ENDIAN: u32 = 1;
/// `TRAN` (`XFS_TRANS_HEADER_MAGIC`), and what a change of a buffer is known by (`XFS_LI_BUF`).
const TRANSACTION: u32 = 0x5452_414E;
const BUFFER: u16 = 0x123C;
/// Which parts of a superblock must be logged as they are on the disk: all but the counts, the checksum, and the number
/// of the log's record that last changed it.
const SAME: [(usize, usize); 4] = [(0, 128), (160, 224), (228, 240), (248, 264)];

/// Whether all that the log holds, from the tail of its last record on, are counts of the superblock.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn is_frozen(ring: &Ring<'_>, head: u64, last: &Record) -> Result<bool> {
    let superblock = ring.disk.metadata(0, BLOCK)?;
    let mut at = last.tail & u64::from(u32::MAX);
    for _ in 0..MOST_RECORDS {
        if at >= ring.length {
            return Ok(false);
        }
        let block = ring.block(at)?;
        let header = View::new(&block, Place::Log);
        let Some(record) = Record::read(header)?.filter(|record| record.place & u64::from(u32::MAX) == at) else {
            return Ok(false);
        };
        let follows = record.place >= last.tail && record.place <= last.place && record.uuid == last.uuid;
        let readable = record.header == 1 && record.body <= MOST_BODY && header.u32(300)? == LITTLE_ENDIAN;
        if !follows || !readable || !counts_alone(&operations(ring, header, at, &record)?, &record, &superblock) {
            return Ok(false);
        }
        at = (at + 1 + record.body) % ring.length;
        if at == head {
            return Ok(record == *last);
        }
    }
    Ok(false)
}

/// The operations of a record: of each block the first four bytes stand in the header, as the cycle has their place.
fn operations(ring: &Ring<'_>, header: View<'_>, at: u64, record: &Record) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (number, kept) in (0..record.body).zip((44..300).step_by(4)) {
        bytes.extend_from_slice(header.part(kept, 4)?);
        bytes.extend(ring.block((at + 1 + number) % ring.length)?.split_off(4));
    }
    Ok(bytes)
}

/// Whether the operations are whole transactions that change nothing but counts of the superblock. What cannot be made
/// out is something else.
fn counts_alone(mut bytes: &[u8], record: &Record, superblock: &[u8]) -> bool {
    let mut next = |flags: u8| {
        let (header, rest) = bytes.split_at_checked(12)?;
        let length = usize::try_from(u32::from_be_bytes(header.get(4..8)?.try_into().ok()?)).ok()?;
        let (body, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        (header.get(9) == Some(&flags)).then_some(body)
    };
    let mut transaction = || {
        let started = next(START)?.is_empty() && le32(next(0)?, 0)? == TRANSACTION;
        let logged = started && is_superblock(next(0)?)? && is_same(next(0)?, superblock)?;
        (logged && next(COMMIT)?.is_empty()).then_some(())
    };
    let transactions = record.operations / 5;
    record.operations.is_multiple_of(5) && transactions > 0 && (0..transactions).all(|_| transaction().is_some())
}

/// Whether a change (`struct xfs_buf_log_format`) is one of the first bytes of the device's first sector, in one piece.
fn is_superblock(format: &[u8]) -> Option<bool> {
    let (kind, pieces) = (le32(format, 0)? as u16, le32(format, 0)? >> 16);
    let (low, high, first) = (le32(format, 8)?, le32(format, 12)?, le32(format, 20)?);
    Some(kind == BUFFER && pieces == 2 && low == 0 && high == 0 && first & 1 == 1)
}

/// Whether a superblock is logged as it is on the disk, but for the counts.
fn is_same(logged: &[u8], superblock: &[u8]) -> Option<bool> {
    let same = |(from, to): &(usize, usize)| {
        let logged = logged.get(*from..(*to).min(logged.len())).unwrap_or_default();
        superblock.get(*from..).is_some_and(|stored| stored.starts_with(logged))
    };
    Some(logged.len() >= 128 && SAME.iter().all(same))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}
