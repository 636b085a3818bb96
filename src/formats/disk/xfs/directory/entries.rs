//! The blocks of a directory that hold its entries (`xfs_dir2_data.c`, `xfs_dir2_block.c`).

use super::name::{Each, check_name, kind};
use super::open::Directory;
use crate::formats::disk::xfs::block;
use crate::formats::disk::xfs::view::View;
use crate::formats::disk::{DirEntry, InodeKind, Result};
use std::ops::ControlFlow;

/// What stands in place of an inode's upper bits where there is no entry (`XFS_DIR2_DATA_FREE_TAG`).
const FREE: u16 = 0xFFFF;

/// An entry (`struct xfs_dir2_data_entry`).
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    pub(super) inode: u64,
    pub(super) kind: Option<InodeKind>,
    /// Bytes that it takes.
    length: usize,
}

impl<'a> Entry<'a> {
    /// The entry at this place of a block.
    ///
    /// # Errors
    /// When none is there.
    pub(super) fn read(block: View<'a>, at: usize, ftype: bool) -> Result<Self> {
        let length = usize::from(block.u8(at.saturating_add(8))?);
        let name = block.part(at + 9, length)?;
        let kind = if ftype { kind(block, block.u8(at + 9 + length)?)? } else { None };
        // Behind name and kind stands the entry's own place, at the end of a multiple of eight bytes.
        let taken = (9 + length + usize::from(ftype) + 2).next_multiple_of(8);
        if usize::from(block.u16(at + taken - 2)?) != at {
            return Err(block.damaged(format!("no entry begins at its byte {at}")));
        }
        check_name(block, name)?;
        Ok(Self { name, inode: block.u64(at)?, kind, length: taken })
    }
}

/// How a block of entries is laid out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Where the first entry begins.
    start: usize,
    /// Where the last one ends.
    end: usize,
    /// The index stands behind the entries.
    pub(super) indexed: bool,
}

impl Shape {
    /// The shape of a block, which is held against what it tells of itself.
    ///
    /// # Errors
    /// When it holds no entries, or was damaged.
    pub(super) fn of(directory: &Directory<'_>, block: View<'_>) -> Result<Self> {
        let version5 = directory.superblock.features.version5;
        let indexed = match (block.part(0, 4)?, version5) {
            (b"XDB3", true) | (b"XD2B", false) => true,
            (b"XDD3", true) | (b"XD2D", false) => false,
            _ => return Err(block.damaged("it does not begin as one")),
        };
        directory.check(block, block::ENTRIES)?;
        let start = if version5 { 64 } else { 16 };
        let end = if indexed { index(block)?.0 } else { block.bytes().len() };
        Ok(Self { start, end, indexed })
    }
}

/// Where the index behind the entries begins, and how many entries it has (`struct xfs_dir2_block_tail`).
pub(super) fn index(block: View<'_>) -> Result<(usize, usize)> {
    let tail = block.bytes().len().saturating_sub(8);
    let count = usize::try_from(block.u32(tail)?).ok();
    let start = count.and_then(|count| Some((tail.checked_sub(count.checked_mul(8)?)?, count)));
    start.ok_or_else(|| block.damaged("its index is larger than itself"))
}

/// Calls for every entry of a block but `.` and `..`.
///
/// # Errors
/// When the block is damaged.
pub(super) fn list(directory: &Directory<'_>, block: View<'_>, each: Each<'_>) -> Result<ControlFlow<()>> {
    let shape = Shape::of(directory, block)?;
    let mut at = shape.start;
    while at < shape.end {
        if block.u16(at)? == FREE {
            let length = block.count16(at + 2)?;
            if length == 0 || length % 8 != 0 {
                return Err(block.damaged(format!("{length} bytes are free at its byte {at}")));
            }
            at += length;
            continue;
        }
        let entry = Entry::read(block, at, directory.ftype())?;
        at += entry.length;
        if matches!(entry.name, b"." | b"..") {
            continue;
        }
        let told = DirEntry { name: entry.name, inode: entry.inode, kind: entry.kind };
        if at <= shape.end && each(told).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    if at == shape.end { Ok(ControlFlow::Continue(())) } else { Err(block.damaged("its entries go past its end")) }
}
