//! What lies in the inode itself: first in the place of the map, the rest as the extended attribute `system.data`.

use super::bytes::{byte, le16, le32, part};
use super::inode::{self, RawInode};
use crate::formats::disk::{DiskError, Extent, Result};
use std::ops::Range;

/// The first bytes of extended attributes.
const MAGIC: u32 = 0xEA02_0000;
/// The number for names that begin with `system.`.
const SYSTEM: u8 = 7;
/// The rest of the name.
const NAME: &[u8] = b"data";
/// Bytes of an attribute's entry before its name (`struct ext4_xattr_entry`).
const ENTRY: usize = 16;

/// The pieces of a file that lies in its inode.
///
/// # Errors
/// When the inode's attributes are damaged.
pub(super) fn extents(inode: &RawInode) -> Result<Vec<Extent>> {
    let value = value(inode)?;
    let piece = |logical: usize, range: Range<usize>| Extent {
        logical: logical as u64,
        length: range.len() as u64,
        physical: Some(inode.place + range.start as u64),
    };
    let first = piece(0, inode::MAP..inode::MAP + inode::MAP_LENGTH);
    Ok([first, piece(inode::MAP_LENGTH, value)].into_iter().filter(|piece| piece.length > 0).collect())
}

/// The two places for entries of a directory that lies in its inode. In front of the first one is the number of its
/// parent.
///
/// # Errors
/// When the inode's attributes are damaged.
pub(super) fn directory(inode: &RawInode) -> Result<[&[u8]; 2]> {
    let value = value(inode)?;
    let map = inode.map()?;
    Ok([part(map, 4, map.len())?, part(&inode.bytes, value.start, value.end)?])
}

/// Where in the inode the value of the attribute lies.
fn value(inode: &RawInode) -> Result<Range<usize>> {
    let damaged = |what: &str| DiskError::damaged(inode.name(), what);
    let missing = || damaged("what it holds should lie in it, and it has no attribute system.data");
    let start = inode.attributes().ok_or_else(missing)?;
    let bytes = &inode.bytes;
    if le32(bytes, start)? != MAGIC {
        return Err(missing());
    }
    let first = start + 4;
    let mut at = first;
    // Four zeros end the list.
    while le32(bytes, at)? != 0 {
        let name_length = usize::from(byte(bytes, at)?);
        let name = part(bytes, at + ENTRY, at + ENTRY + name_length)?;
        if byte(bytes, at + 1)? == SYSTEM && name == NAME {
            let length = le32(bytes, at + 8)? as usize;
            if le32(bytes, at + 4)? != 0 {
                return Err(damaged("its attribute system.data lies in another inode"));
            }
            let value = first + usize::from(le16(bytes, at + 2)?);
            let end = value.checked_add(length).filter(|end| *end <= bytes.len());
            // An empty value may have any place.
            return match end {
                _ if length == 0 => Ok(first..first),
                Some(end) => Ok(value..end),
                None => Err(damaged("its attribute system.data ends behind it")),
            };
        }
        at += (ENTRY + name_length).next_multiple_of(4);
    }
    Err(missing())
}
