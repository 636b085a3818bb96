//! Where a piece of a file lies (`struct btrfs_file_extent_item`).

use super::super::{DiskError, Result};
use super::bytes::{u8_at, u16_at, u64_at};
use super::compression::Compression;

/// Bytes before what lies inline.
const HEAD: usize = 21;
/// The most bytes of a compressed extent, as it is stored and as it is read: eight times of what the kernel writes.
const MOST: u64 = 1 << 20;

/// A piece of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileExtent {
    /// Where in the file it begins, in bytes.
    pub(super) start: u64,
    /// Where it ends: that byte is not in it any more.
    pub(super) end: u64,
    pub(super) body: Body,
}

/// What a piece of a file consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// Zeros: a hole, or what was reserved and never written.
    Zeros,
    /// Bytes that stand in the tree. What is behind them is zeros.
    Inline(Vec<u8>),
    /// Bytes at a logical address.
    Plain(u64),
    /// A part of a compressed extent.
    Compressed {
        /// How.
        compression: Compression,
        /// Where the extent lies: a logical address.
        logical: u64,
        /// Its stored length, in bytes.
        stored: usize,
        /// Its length when it is decompressed, in bytes.
        plain: usize,
        /// Where in that this piece begins.
        offset: u64,
    },
}

impl FileExtent {
    /// Takes the one that begins at `start` from an item.
    ///
    /// # Errors
    /// When it is damaged, or of a kind that is not read.
    pub(super) fn parse(inode: u64, start: u64, item: &[u8], sector: u32) -> Result<Self> {
        let damaged = |what: &str| DiskError::damaged(format!("the extent of inode {inode} at {start}"), what);
        let short = || damaged("it is too short");
        let plain = u64_at(item, 8).ok_or_else(short)?;
        let code = u8_at(item, 16).ok_or_else(short)?;
        if u8_at(item, 17) != Some(0) || u16_at(item, 18) != Some(0) {
            return Err(DiskError::Unsupported(format!("inode {inode} is encrypted or encoded")));
        }
        let compression = match code {
            0 => None,
            1 => Some(Compression::Zlib),
            2 => Some(Compression::Lzo),
            3 => Some(Compression::Zstd),
            _ => return Err(DiskError::Unsupported(format!("inode {inode} has compression of type {code}"))),
        };
        let kind = u8_at(item, 20).ok_or_else(short)?;
        if kind == 0 {
            let bytes = item.get(HEAD..).ok_or_else(short)?;
            return Self::inline(start, bytes, compression, plain, sector).map_err(|what| damaged(&what));
        }
        if kind > 2 {
            return Err(damaged("it is of no type that is known"));
        }
        let field = |at| u64_at(item, at).ok_or_else(short);
        let (logical, stored, offset, length) = (field(21)?, field(29)?, field(37)?, field(45)?);
        let aligned = |value: &u64| value.is_multiple_of(u64::from(sector));
        if ![start, logical, stored, offset, length].iter().all(aligned) || length == 0 {
            return Err(damaged("it is not of whole sectors"));
        }
        let end = start.checked_add(length).ok_or_else(|| damaged("it has no end"))?;
        let last = offset.checked_add(length).ok_or_else(|| damaged("it has no end"))?;
        let body = match compression {
            _ if logical == 0 || kind == 2 => Body::Zeros,
            None if last > stored => return Err(damaged("it is longer than what is stored of it")),
            None => Body::Plain(logical.checked_add(offset).ok_or_else(|| damaged("it has no end"))?),
            Some(_) if stored > MOST || plain > MOST || stored == 0 => {
                return Err(damaged("it is longer than a compressed one can be"));
            }
            Some(_) if last > plain => return Err(damaged("it is longer than what is stored of it")),
            Some(compression) => {
                let size = |bytes: u64| usize::try_from(bytes).map_err(|_| short());
                Body::Compressed { compression, logical, stored: size(stored)?, plain: size(plain)?, offset }
            }
        };
        Ok(Self { start, end, body })
    }

    fn inline(
        start: u64,
        bytes: &[u8],
        compression: Option<Compression>,
        plain: u64,
        sector: u32,
    ) -> std::result::Result<Self, String> {
        let length = usize::try_from(plain).ok().filter(|length| *length <= sector as usize);
        let length = length.ok_or("it is inline, and longer than a sector")?;
        if start != 0 {
            return Err("it is inline, and not at the file's beginning".to_owned());
        }
        let bytes = match compression {
            None if bytes.len() == length => bytes.to_vec(),
            None => return Err("its length is not that of its item".to_owned()),
            Some(compression) => compression.decompress(bytes, length, sector as usize)?,
        };
        Ok(Self { start, end: u64::from(sector), body: Body::Inline(bytes) })
    }
}
