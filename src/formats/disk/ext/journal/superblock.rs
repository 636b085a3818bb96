//! The journal's own superblock (`struct journal_superblock_s` of include/linux/jbd2.h).

use super::error::damaged;
use super::header::MAGIC;
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::ext::bytes::{be32, byte, part};
use crate::formats::disk::{Disk, DiskError, Result};

/// Bytes.
const LENGTH: usize = 1024;
/// The kinds of block that it is in the two versions, of which the first one knows no features.
const VERSIONS: [u32; 2] = [3, 4];
/// Its checksum's place.
const CHECKSUM: usize = 0xFC;
/// The number of CRC-32C among algorithms.
const CRC32C: u8 = 4;
/// Blocks for fast commits where it does not tell how many.
const FAST_COMMIT_BLOCKS: u32 = 256;

const COMPAT_CHECKSUM: u32 = 0x1;
const INCOMPAT_REVOKE: u32 = 0x1;
const INCOMPAT_64BIT: u32 = 0x2;
const INCOMPAT_ASYNC_COMMIT: u32 = 0x4;
const INCOMPAT_CSUM_V2: u32 = 0x8;
const INCOMPAT_CSUM_V3: u32 = 0x10;
const INCOMPAT_FAST_COMMIT: u32 = 0x20;
const KNOWN: u32 = INCOMPAT_REVOKE
    | INCOMPAT_64BIT
    | INCOMPAT_ASYNC_COMMIT
    | INCOMPAT_CSUM_V2
    | INCOMPAT_CSUM_V3
    | INCOMPAT_FAST_COMMIT;

/// How the log's blocks are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checksums {
    /// Not at all.
    None,
    /// A CRC-32 over each transaction, in its commit block.
    Transaction,
    /// A CRC-32C for each block, of which tags have 16 bits.
    V2,
    /// A CRC-32C for each block.
    V3,
}

impl Checksums {
    /// Whether each block has one.
    pub(super) fn is_for_blocks(self) -> bool {
        matches!(self, Self::V2 | Self::V3)
    }
}

/// What of it is needed.
#[derive(Debug)]
pub(super) struct JournalSuperblock {
    pub(super) checksums: Checksums,
    /// What the checksums of the versions 2 and 3 start from.
    pub(super) seed: u32,
    /// Whether numbers of blocks have 64 bits.
    pub(super) wide: bool,
    /// Whether a commit block is written before all that it commits is known to be.
    pub(super) async_commit: bool,
    /// The first block of fast commits.
    pub(super) fast_commits: Option<u32>,
    /// The first block of the ring.
    pub(super) first: u32,
    /// The first block behind the ring.
    pub(super) last: u32,
    /// The block with which the oldest transaction begins; 0: there is none.
    pub(super) start: u32,
    /// Its number.
    pub(super) sequence: u32,
}

impl JournalSuperblock {
    /// Reads and checks the one of a journal of `blocks` blocks.
    ///
    /// # Errors
    /// When it is none, is damaged, or has features that are not known.
    pub(super) fn read(disk: &Disk, place: u64, block_size: u32, blocks: u64) -> Result<Self> {
        let raw = disk.metadata(place, LENGTH)?;
        let version = be32(&raw, 4)?;
        if be32(&raw, 0)? != MAGIC || !VERSIONS.contains(&version) {
            return Err(damaged("it does not begin with a superblock"));
        }
        let [compat, incompat] = if version == VERSIONS[0] { [0; 2] } else { [be32(&raw, 0x24)?, be32(&raw, 0x28)?] };
        let unknown = incompat & !KNOWN;
        if unknown != 0 {
            let bit = unknown.trailing_zeros();
            return Err(DiskError::Unsupported(format!("a journal of ext4 with the feature FEATURE_I{bit}")));
        }
        let flags = [compat & COMPAT_CHECKSUM, incompat & INCOMPAT_CSUM_V2, incompat & INCOMPAT_CSUM_V3];
        let checksums = match flags {
            [0, 0, 0] => Checksums::None,
            [_, 0, 0] => Checksums::Transaction,
            [0, _, 0] => Checksums::V2,
            [0, 0, _] => Checksums::V3,
            _ => return Err(damaged("it has checksums of two versions")),
        };
        if checksums.is_for_blocks() {
            check_checksum(&raw)?;
        }
        let (length, first) = (be32(&raw, 0x10)?, be32(&raw, 0x14)?);
        if be32(&raw, 0x0C)? != block_size || u64::from(length) > blocks {
            return Err(damaged("its blocks are not those of its file"));
        }
        let fast_commit = match (incompat & INCOMPAT_FAST_COMMIT != 0, be32(&raw, 0x54)?) {
            (false, _) => None,
            (true, 0) => Some(FAST_COMMIT_BLOCKS),
            (true, count) => Some(count),
        };
        let last = length.checked_sub(fast_commit.unwrap_or_default());
        let last = last.filter(|last| first > 0 && first < *last).ok_or_else(|| damaged("its log has no blocks"))?;
        let start = be32(&raw, 0x1C)?;
        if start != 0 && !(first..last).contains(&start) {
            return Err(damaged(format!("its log begins at block {start}, outside of it")));
        }
        Ok(Self {
            checksums,
            seed: crc32c(!0, part(&raw, 0x30, 0x40)?),
            wide: incompat & INCOMPAT_64BIT != 0,
            async_commit: incompat & INCOMPAT_ASYNC_COMMIT != 0,
            // The kernel leaves one block between the two free.
            fast_commits: fast_commit.map(|_| last.saturating_add(1)).filter(|block| *block < length),
            first,
            last,
            start,
            sequence: be32(&raw, 0x18)?,
        })
    }
}

fn check_checksum(raw: &[u8]) -> Result<()> {
    let kind = byte(raw, 0x50)?;
    if kind != CRC32C {
        return Err(DiskError::Unsupported(format!("a journal of ext4 with checksums of type {kind}")));
    }
    let parts = [part(raw, 0, CHECKSUM)?, &[0; 4], part(raw, CHECKSUM + 4, LENGTH)?];
    match parts.into_iter().fold(!0, crc32c) == be32(raw, CHECKSUM)? {
        true => Ok(()),
        false => Err(damaged("the checksum of its superblock is wrong")),
    }
}
