//! The blocks of a log, and the records in it.

use crate::formats::disk::xfs::view::{Place, View};
use crate::formats::disk::{Disk, DiskError, Result};

/// Bytes of a basic block.
pub(super) const BLOCK: usize = 512;
/// Its logarithm to base 2.
pub(super) const BLOCK_LOG: u32 = 9;
/// Basic blocks that are read at a time.
pub(super) const CHUNK: u64 = 128;
/// What a record begins with (`XLOG_HEADER_MAGIC_NUM`).
pub(super) const MAGIC: u32 = 0xFEED_BABE;
/// Bytes of cycles that one block of a record's header tells of (`XLOG_HEADER_CYCLE_SIZE`).
pub(super) const CYCLE_SIZE: u32 = 32768;

/// The blocks of a log.
#[derive(Debug)]
pub(super) struct Ring<'a> {
    pub(super) disk: &'a Disk,
    /// Where it begins, in bytes.
    pub(super) start: u64,
    /// Basic blocks.
    pub(super) length: u64,
}

/// The header of a record (`struct xlog_rec_header`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Basic blocks that its header takes.
    pub(super) header: u64,
    /// Basic blocks that its operations take.
    pub(super) body: u64,
    pub(super) operations: u32,
    /// Cycle and block at which it begins (`h_lsn`).
    pub(super) place: u64,
    /// Those of the first record that is to be replayed when this one is the last (`h_tail_lsn`).
    pub(super) tail: u64,
    pub(super) uuid: [u8; 16],
}

impl Ring<'_> {
    /// Calls for the first bytes of each block in a range, until it gives something.
    pub(super) fn scan<T>(
        &self,
        from: u64,
        to: u64,
        mut each: impl FnMut(u64, View<'_>) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let mut at = from;
        while at < to.min(self.length) {
            let count = CHUNK.min(to.min(self.length) - at);
            let bytes = self.disk.metadata(self.start + (at << BLOCK_LOG), (count as usize) << BLOCK_LOG)?;
            for (block, number) in bytes.chunks(BLOCK).zip(at..) {
                if let Some(found) = each(number, View::new(block, Place::Log))? {
                    return Ok(Some(found));
                }
            }
            at += count;
        }
        Ok(None)
    }

    pub(super) fn block(&self, number: u64) -> Result<Vec<u8>> {
        self.disk.metadata(self.start + (number << BLOCK_LOG), BLOCK)
    }

    /// The cycle of a block.
    pub(super) fn cycle(&self, number: u64) -> Result<u32> {
        cycle(View::new(&self.block(number)?, Place::Log))
    }
}

/// The cycle of a block (`xlog_get_cycle`).
pub(super) fn cycle(block: View<'_>) -> Result<u32> {
    let first = block.u32(0)?;
    if first == MAGIC { block.u32(4) } else { Ok(first) }
}

impl Record {
    /// The record that begins with this block; `None` when none does.
    pub(super) fn read(block: View<'_>) -> Result<Option<Self>> {
        if block.u32(0)? != MAGIC {
            return Ok(None);
        }
        let (version, size) = (block.u32(8)?, block.u32(320)?);
        let wide = version & 2 != 0 && size > CYCLE_SIZE;
        Ok(Some(Self {
            header: if wide { u64::from(size.div_ceil(CYCLE_SIZE)) } else { 1 },
            body: u64::from(block.u32(12)?).div_ceil(BLOCK as u64),
            operations: block.u32(40)?,
            place: block.u64(16)?,
            tail: block.u64(24)?,
            uuid: block.array(304)?,
        }))
    }
}

pub(super) fn damaged(what: &str) -> DiskError {
    DiskError::damaged(Place::Log.to_string(), what)
}
