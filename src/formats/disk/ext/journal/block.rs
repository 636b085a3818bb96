//! The blocks of the log that tell of others.

use super::header::HEADER;
use super::superblock::{Checksums, JournalSuperblock};
use crate::formats::disk::Result;
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::ext::bytes::{be16, be32, be64, byte, part};

/// Bytes of the checksum at the end.
const TAIL: usize = 4;
/// Where a commit block has its checksum.
const COMMIT_CHECKSUM: usize = 16;
/// Bytes of a commit block that mean something (`struct commit_header`).
const COMMIT_LENGTH: usize = 64;
/// The kind of the checksum of a whole transaction, and its length.
const CRC32: [u8; 2] = [1, 4];

/// The block was stored with zeros in place of the magic number.
const ESCAPED: u16 = 0x1;
/// The tag has no UUID of its own.
const SAME_UUID: u16 = 0x2;
/// No tag follows.
const LAST: u16 = 0x8;

/// What a descriptor says of one of the blocks that follow it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag {
    /// Where in the filesystem it belongs.
    pub(super) block: u64,
    /// Whether its first four bytes are the magic number, and zeros in the log.
    pub(super) escaped: bool,
    /// Its checksum, or the lower 16 bits of it.
    checksum: u32,
}

impl Tag {
    /// Whether the block in the log is the one that was written there.
    pub(super) fn fits(&self, superblock: &JournalSuperblock, sequence: u32, copy: &[u8]) -> bool {
        let crc = || [&sequence.to_be_bytes(), copy].into_iter().fold(superblock.seed, crc32c);
        match superblock.checksums {
            Checksums::None | Checksums::Transaction => true,
            Checksums::V2 => crc() & 0xFFFF == self.checksum,
            Checksums::V3 => crc() == self.checksum,
        }
    }
}

/// The tags of a descriptor.
///
/// # Errors
/// When it is cut short.
pub(super) fn tags(superblock: &JournalSuperblock, descriptor: &[u8]) -> Result<Vec<Tag>> {
    let length = match (superblock.checksums, superblock.wide) {
        (Checksums::V3, _) => 16,
        // Two bytes more than the fields have.
        (Checksums::V2, true) => 14,
        (Checksums::V2, false) => 10,
        (_, true) => 12,
        (_, false) => 8,
    };
    let end = descriptor.len() - if superblock.checksums.is_for_blocks() { TAIL } else { 0 };
    let mut tags = Vec::new();
    let mut at = HEADER;
    while at + length <= end {
        let flags = be16(descriptor, at + 6)?;
        let upper = if superblock.wide { be32(descriptor, at + 8)? } else { 0 };
        let checksum = match superblock.checksums {
            Checksums::V3 => be32(descriptor, at + 12)?,
            _ => be16(descriptor, at + 4)?.into(),
        };
        let block = u64::from(be32(descriptor, at)?) | u64::from(upper) << 32;
        tags.push(Tag { block, escaped: flags & ESCAPED != 0, checksum });
        at += length + if flags & SAME_UUID == 0 { 16 } else { 0 };
        if flags & LAST != 0 {
            break;
        }
    }
    Ok(tags)
}

/// The blocks that a block of revocations names; `None` when it says that there are more than find room.
///
/// # Errors
/// When it is cut short.
pub(super) fn revocations(superblock: &JournalSuperblock, block: &[u8]) -> Result<Option<Vec<u64>>> {
    let end = be32(block, HEADER)? as usize;
    if end > block.len() - if superblock.checksums.is_for_blocks() { TAIL } else { 0 } {
        return Ok(None);
    }
    let length = if superblock.wide { 8 } else { 4 };
    let places = (HEADER + 4..end).step_by(length).take_while(|at| at + length <= end);
    let number = |at| if superblock.wide { be64(block, at) } else { be32(block, at).map(u64::from) };
    places.map(number).collect::<Result<Vec<_>>>().map(Some)
}

/// Whether the checksum at the end of a descriptor or a block of revocations is right, if there is to be one.
///
/// # Errors
/// When it is cut short.
pub(super) fn tail_fits(superblock: &JournalSuperblock, block: &[u8]) -> Result<bool> {
    if !superblock.checksums.is_for_blocks() {
        return Ok(true);
    }
    let end = block.len() - TAIL;
    let parts = [part(block, 0, end)?, &[0; TAIL]];
    Ok(parts.into_iter().fold(superblock.seed, crc32c) == be32(block, end)?)
}

/// What a commit block says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commit {
    /// When it was written, seconds since the epoch.
    pub(super) time: u64,
    /// Whether the checksum is right.
    pub(super) fits: bool,
}

/// Reads a commit block. `transaction` is the CRC-32 over the other blocks of the transaction, where they are protected
/// in that way.
///
/// # Errors
/// When it is cut short.
pub(super) fn commit(superblock: &JournalSuperblock, block: &[u8], transaction: u32) -> Result<Commit> {
    let stored = be32(block, COMMIT_CHECKSUM)?;
    let fits = match superblock.checksums {
        Checksums::None => true,
        Checksums::Transaction => {
            let kind = [byte(block, 12)?, byte(block, 13)?];
            kind == CRC32 && stored == transaction || kind == [0; 2] && stored == 0
        }
        Checksums::V2 | Checksums::V3 => {
            let before = part(block, 0, COMMIT_CHECKSUM)?;
            let fields = part(block, COMMIT_CHECKSUM + 4, COMMIT_LENGTH)?;
            let start = [before, &[0; 4], fields].into_iter().fold(superblock.seed, crc32c);
            let rest = part(block, COMMIT_LENGTH, block.len())?;
            // A disk may have written the first sector alone; the rest is to be zeros, and says nothing.
            crc32c(start, rest) == stored || crc32c(start, &vec![0; rest.len()]) == stored
        }
    };
    Ok(Commit { time: be64(block, 48)?, fits })
}
