//! The first pass: where the log ends.

use super::block::{self, Commit};
use super::error::damaged;
use super::log::Log;
use super::superblock::Checksums;
use super::walk::{Kind, Walk};
use crate::formats::disk::Result;
use crate::formats::disk::ext::checksum::crc32_be;

/// The first transaction that is not replayed.
///
/// # Errors
/// When the log is damaged, and not just ends.
pub(super) fn end(log: &Log<'_>) -> Result<u32> {
    let mut walk = Walk::new(log);
    let mut scan = Scan { log, suspect: false, last_time: 0, crc: !0, end: None };
    while let Some((kind, bytes)) = walk.next()? {
        match kind {
            Kind::Descriptor => scan.descriptor(&mut walk, &bytes)?,
            Kind::Revoke => scan.suspect |= !block::tail_fits(&log.superblock, &bytes)?,
            Kind::Commit => {
                let commit = block::commit(&log.superblock, &bytes, scan.crc)?;
                if !scan.commit(walk.sequence, commit)? {
                    break;
                }
                walk.sequence = walk.sequence.wrapping_add(1);
            }
        }
    }
    Ok(scan.end.unwrap_or(walk.sequence))
}

struct Scan<'a> {
    log: &'a Log<'a>,
    /// Whether a checksum was wrong in this transaction. What an earlier round has left in the log may look like a part
    /// of it: then the commit block is older than the one before.
    suspect: bool,
    /// When the transaction before was committed.
    last_time: u64,
    /// Over the blocks of this transaction, where they are protected in that way.
    crc: u32,
    /// The first transaction with a wrong checksum.
    end: Option<u32>,
}

impl Scan<'_> {
    fn descriptor(&mut self, walk: &mut Walk<'_>, bytes: &[u8]) -> Result<()> {
        let superblock = &self.log.superblock;
        self.suspect |= !block::tail_fits(superblock, bytes)?;
        let count = block::tags(superblock, bytes)?.len();
        if superblock.checksums != Checksums::Transaction || self.end.is_some() {
            return walk.skip(count).map(|_| ());
        }
        self.crc = crc32_be(self.crc, bytes);
        for _ in 0..count {
            self.crc = crc32_be(self.crc, &self.log.copy(walk.skip(1)?)?);
        }
        Ok(())
    }

    /// Whether the log goes on behind a commit block.
    fn commit(&mut self, sequence: u32, commit: Commit) -> Result<bool> {
        let stale = commit.time < self.last_time;
        let corrupt = |sequence: u32| damaged(format!("a checksum of its transaction {sequence} is wrong"));
        if self.suspect {
            return if stale { Ok(false) } else { Err(corrupt(sequence)) };
        }
        if self.log.superblock.checksums == Checksums::Transaction {
            // With asynchronous commits the last transaction may have come to the disk in part; not one before it.
            if let Some(earlier) = self.end {
                return Err(corrupt(earlier));
            }
            self.crc = !0;
        }
        if !commit.fits {
            if stale {
                return Ok(false);
            }
            self.end = Some(sequence);
            if !self.log.superblock.async_commit {
                return Err(corrupt(sequence));
            }
        }
        self.last_time = commit.time;
        Ok(true)
    }
}
