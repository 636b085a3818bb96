//! Entries of directories, and the blocks that hold nothing else (`struct ext4_dir_entry_2` of fs/ext4/ext4.h).

use super::blocks::DirectoryBlocks;
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::ext::bytes::{byte, le16, le32, part};
use crate::formats::disk::ext::features;
use crate::formats::disk::ext::superblock::Superblock;
use crate::formats::disk::{DiskError, InodeKind, Result};
use std::ops::ControlFlow;

/// Bytes of an entry before its name.
const HEADER: usize = 8;
/// How an entry begins that is none, and holds the checksum at the end of a block: no inode, 12 bytes, no name, and a
/// kind that there is not.
const TAIL: [u8; 8] = [0, 0, 0, 0, 12, 0, 0, 0xDE];
/// Bytes of that entry.
const TAIL_LENGTH: usize = 12;

/// An entry in use.
#[derive(Debug, Clone, Copy)]
pub(in crate::formats::disk::ext) struct Entry<'a> {
    pub(in crate::formats::disk::ext) name: &'a [u8],
    pub(in crate::formats::disk::ext) inode: u32,
    /// Where the filesystem keeps it beside the name.
    pub(in crate::formats::disk::ext) kind: Option<InodeKind>,
}

/// What is asked for with every entry.
pub(in crate::formats::disk::ext) type Each<'f> = &'f mut dyn FnMut(Entry<'_>) -> Result<ControlFlow<()>>;

/// The inode of a name in a block of entries.
///
/// # Errors
/// When the block cannot be read, or is damaged.
pub(super) fn find(blocks: &DirectoryBlocks<'_>, number: u64, name: &[u8]) -> Result<Option<u32>> {
    let block = blocks.read(number)?;
    check_checksum(blocks, &block, number)?;
    let mut found = None;
    let _ = each(blocks, &block, &mut |entry| {
        found = (entry.name == name).then_some(entry.inode);
        Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

/// Holds a block of entries against its checksum, which its last entry has.
///
/// # Errors
/// When it is wrong, or missing.
pub(super) fn check_checksum(blocks: &DirectoryBlocks<'_>, block: &[u8], number: u64) -> Result<()> {
    let Some(seed) = blocks.inode.seed else { return Ok(()) };
    let tail = block.len().saturating_sub(TAIL_LENGTH);
    let stored = match part(block, tail, tail + TAIL.len())? == TAIL {
        true => le32(block, tail + TAIL.len())?,
        false => return Err(blocks.damaged(number, "it has no checksum")),
    };
    match crc32c(seed, part(block, 0, tail)?) == stored {
        true => Ok(()),
        false => Err(blocks.damaged(number, "its checksum is wrong")),
    }
}

/// Calls for the entries of a place that holds nothing else: a block, or a part of the inode.
///
/// # Errors
/// When they are damaged, or the function fails.
pub(super) fn each(blocks: &DirectoryBlocks<'_>, place: &[u8], each: Each<'_>) -> Result<ControlFlow<()>> {
    let DirectoryBlocks { superblock, inode, .. } = blocks;
    let damaged = |what: String| DiskError::damaged(format!("the directory {}", inode.name()), what);
    let mut at = 0;
    while at < place.len() {
        let left = place.len() - at;
        let length = match left < HEADER + 4 {
            true => return Err(damaged("an entry is cut short".to_owned())),
            false => entry_length(superblock, le16(place, at + 4)?),
        };
        let name_length = usize::from(byte(place, at + 6)?);
        if length > left || length % 4 != 0 || length < (HEADER + name_length).next_multiple_of(4).max(HEADER + 4) {
            return Err(damaged(format!("an entry has the length {length}")));
        }
        let number = le32(place, at)?;
        if number > superblock.inodes_count {
            return Err(damaged(format!("an entry has the inode {number}")));
        }
        let name = part(place, at + HEADER, at + HEADER + name_length)?;
        if number != 0 {
            if name.is_empty() || name.contains(&b'/') || name.contains(&0) {
                return Err(damaged(format!("the entry for inode {number} has no proper name")));
            }
            let kind = kind(superblock, byte(place, at + 7)?);
            if each(Entry { name, inode: number, kind })?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        at += length;
    }
    Ok(ControlFlow::Continue(()))
}

/// A block of 64 KiB is too long for 16 bits, which then count what there is beyond it in their two lowest bits.
fn entry_length(superblock: &Superblock, stored: u16) -> usize {
    match (superblock.block_size, usize::from(stored)) {
        (0x1_0000, 0 | 0xFFFF) => 0x1_0000,
        (0x1_0000, stored) => stored & 0xFFFC | (stored & 3) << 16,
        (_, stored) => stored,
    }
}

fn kind(superblock: &Superblock, stored: u8) -> Option<InodeKind> {
    match stored {
        _ if !superblock.features.incompat(features::FILETYPE) => None,
        1 => Some(InodeKind::File),
        2 => Some(InodeKind::Directory),
        3..=6 => Some(InodeKind::Special),
        7 => Some(InodeKind::Link),
        _ => None,
    }
}
