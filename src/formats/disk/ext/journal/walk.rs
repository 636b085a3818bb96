//! A walk along the log.

use super::error::damaged;
use super::header::{HEADER, MAGIC};
use super::log::Log;
use crate::formats::disk::ext::bytes::be32;
use crate::formats::disk::{DiskError, Result};

/// How much of a log is read, in bytes: the largest one that mke2fs(8) makes unasked.
const LARGEST: u64 = 1 << 30;
/// Smaller blocks count as if they had this size, since what is kept of each of them has the same one.
const LEAST_BLOCK: u64 = 4096;

/// What kind of block comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It names the blocks that follow it.
    Descriptor,
    /// It ends a transaction.
    Commit,
    /// It names blocks of which no earlier copy must be replayed.
    Revoke,
}

/// Where in the log a walk has come.
pub(super) struct Walk<'a> {
    log: &'a Log<'a>,
    /// The transaction that is to come.
    pub(super) sequence: u32,
    position: u32,
    /// Blocks seen.
    seen: u64,
}

impl<'a> Walk<'a> {
    /// Begins with the oldest transaction.
    pub(super) fn new(log: &'a Log<'a>) -> Self {
        Self { log, sequence: log.superblock.sequence, position: log.superblock.start, seen: 0 }
    }

    /// Whether all transactions before this one were seen; the numbers go round.
    pub(super) fn is_at(&self, end: u32) -> bool {
        self.sequence.wrapping_sub(end).cast_signed() >= 0
    }

    /// The next block that tells of others; `None` at the end of the log, which is any other one.
    pub(super) fn next(&mut self) -> Result<Option<(Kind, Vec<u8>)>> {
        let block = self.log.block(self.skip(1)?)?;
        if be32(&block, 0)? != MAGIC || be32(&block, HEADER - 4)? != self.sequence {
            return Ok(None);
        }
        Ok(match be32(&block, 4)? {
            1 => Some((Kind::Descriptor, block)),
            2 => Some((Kind::Commit, block)),
            5 => Some((Kind::Revoke, block)),
            _ => None,
        })
    }

    /// The position of the next block, over which it goes, and over as many in all.
    pub(super) fn skip(&mut self, count: usize) -> Result<u32> {
        let superblock = &self.log.superblock;
        let here = self.position;
        let ring = u64::from(superblock.last - superblock.first);
        self.seen += count as u64;
        // The block behind the last one of a full log is the first one again.
        if self.seen > ring + 1 {
            return Err(damaged("its log has no end"));
        }
        if self.seen * u64::from(self.log.filesystem.block_size).max(LEAST_BLOCK) > LARGEST {
            return Err(DiskError::Unsupported(format!("a journal of ext4 with more to replay than {LARGEST} bytes")));
        }
        let moved = (u64::from(here - superblock.first) + count as u64) % ring;
        self.position = superblock.first + moved as u32;
        Ok(here)
    }
}
