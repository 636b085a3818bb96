//! Directories (`struct ext4_dir_entry_2` of fs/ext4/ext4.h).

use super::bytes::{byte, le16, le32, part};
use super::checksum::crc32c;
use super::inode::{self, RawInode};
use super::superblock::Superblock;
use super::{features, htree, inline, map};
use crate::formats::disk::{Disk, DiskError, Extent, InodeKind, Result};
use std::ops::ControlFlow;

/// Bytes of an entry before its name.
const HEADER: usize = 8;
/// How an entry begins that is none, and holds the checksum at the end of a block: no inode, 12 bytes, no name, and a
/// kind that there is not.
const TAIL: [u8; 8] = [0, 0, 0, 0, 12, 0, 0, 0xDE];
/// Bytes of that entry.
const TAIL_LENGTH: usize = 12;
/// How large a directory is read without an index: some million names.
const LARGEST: u64 = 256 << 20;

/// An entry in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a [u8],
    pub(super) inode: u32,
    pub(super) kind: Option<InodeKind>,
}

/// A directory.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    disk: &'a Disk,
    pub(super) superblock: &'a Superblock,
    pub(super) inode: &'a RawInode,
    /// Where it lies, unless in its inode.
    extents: Vec<Extent>,
}

/// What is asked for with every entry.
type Each<'f> = &'f mut dyn FnMut(Entry<'_>) -> Result<ControlFlow<()>>;

impl<'a> Directory<'a> {
    /// Opens one.
    ///
    /// # Errors
    /// When it is none, or is encrypted, or its map is damaged.
    pub(super) fn open(disk: &'a Disk, superblock: &'a Superblock, inode: &'a RawInode) -> Result<Self> {
        if inode.kind != InodeKind::Directory {
            return Err(DiskError::damaged(inode.name(), "it is no directory"));
        }
        inode.must_be_plain()?;
        let extents = match inode.has(inode::INLINE_DATA) {
            true => Vec::new(),
            false => map::extents(disk, superblock, inode)?,
        };
        Ok(Self { disk, superblock, inode, extents })
    }

    /// How many blocks it has.
    pub(super) fn blocks(&self) -> u64 {
        self.inode.size / u64::from(self.superblock.block_size)
    }

    /// Looks a name up, by the index where there is one.
    ///
    /// # Errors
    /// When it cannot be read, or names are compared there in a way that is not known.
    pub(super) fn lookup(&self, name: &[u8]) -> Result<Option<u32>> {
        // Where case is not regarded, the index is one of names that have lost it.
        if self.has_index()
            && !self.inode.has(inode::CASEFOLD)
            && let htree::Answer::Known(found) = htree::lookup(self, name)?
        {
            return Ok(found);
        }
        let mut found = None;
        self.each(&mut |entry| {
            found = (entry.name == name).then_some(entry.inode);
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if found.is_none() && self.inode.has(inode::CASEFOLD) {
            let what = format!("{} is a directory that does not regard the case of names", self.inode.name());
            return Err(DiskError::Unsupported(what));
        }
        Ok(found)
    }

    /// Calls for every entry, `.` and `..` among them where they are stored, in the order in which they lie there.
    ///
    /// # Errors
    /// When it cannot be read, or the function fails.
    pub(super) fn each(&self, each: Each<'_>) -> Result<()> {
        if self.inode.has(inode::INLINE_DATA) {
            for place in inline::directory(self.inode)? {
                if self.entries(place, each)?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        if self.inode.size > LARGEST {
            let what = format!("{} is a directory of {} bytes", self.inode.name(), self.inode.size);
            return Err(DiskError::Unsupported(what));
        }
        for number in 0..self.blocks() {
            let block = self.block(number)?;
            if self.has_index() && (number == 0 || htree::is_node(&block)) {
                htree::check_checksum(self, &block, number)?;
            } else {
                self.check_checksum(&block, number)?;
            }
            if self.entries(&block, each)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The inode of a name in a block of entries.
    ///
    /// # Errors
    /// When the block cannot be read.
    pub(super) fn find_in_block(&self, number: u64, name: &[u8]) -> Result<Option<u32>> {
        let block = self.block(number)?;
        self.check_checksum(&block, number)?;
        let mut found = None;
        let _ = self.entries(&block, &mut |entry| {
            found = (entry.name == name).then_some(entry.inode);
            Ok(if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(found)
    }

    /// Reads a block of it.
    ///
    /// # Errors
    /// When it has none of that number, or it cannot be read.
    pub(super) fn block(&self, number: u64) -> Result<Vec<u8>> {
        let block_size = u64::from(self.superblock.block_size);
        let hole = || self.damaged(number, "it is missing");
        let logical = number.checked_mul(block_size).filter(|_| number < self.blocks()).ok_or_else(hole)?;
        let next = self.extents.partition_point(|extent| extent.logical <= logical);
        let place = next
            .checked_sub(1)
            .and_then(|index| self.extents.get(index))
            .and_then(|extent| Some((extent.physical?, logical.checked_sub(extent.logical)?, extent.length)))
            .filter(|(_, skipped, length)| skipped < length)
            .map(|(physical, skipped, _)| physical + skipped)
            .ok_or_else(hole)?;
        self.disk.metadata(place, self.superblock.block_size as usize)
    }

    /// What is wrong with a block of it.
    pub(super) fn damaged(&self, number: u64, what: &str) -> DiskError {
        DiskError::damaged(format!("block {number} of directory {}", self.inode.name()), what)
    }

    fn has_index(&self) -> bool {
        self.inode.has(inode::INDEX) && self.superblock.features.compat(features::DIR_INDEX)
    }

    fn check_checksum(&self, block: &[u8], number: u64) -> Result<()> {
        let Some(seed) = self.inode.seed else { return Ok(()) };
        let tail = block.len().saturating_sub(TAIL_LENGTH);
        let stored = match part(block, tail, tail + TAIL.len())? == TAIL {
            true => le32(block, tail + TAIL.len())?,
            false => return Err(self.damaged(number, "it has no checksum")),
        };
        match crc32c(seed, part(block, 0, tail)?) == stored {
            true => Ok(()),
            false => Err(self.damaged(number, "its checksum is wrong")),
        }
    }

    /// Calls for the entries of a place that holds nothing else.
    fn entries(&self, place: &[u8], each: Each<'_>) -> Result<ControlFlow<()>> {
        let damaged = |what: String| DiskError::damaged(format!("the directory {}", self.inode.name()), what);
        let mut at = 0;
        while at < place.len() {
            let left = place.len() - at;
            let length = match left < HEADER + 4 {
                true => return Err(damaged("an entry is cut short".to_owned())),
                false => self.entry_length(le16(place, at + 4)?),
            };
            let name_length = usize::from(byte(place, at + 6)?);
            if length > left || length % 4 != 0 || length < (HEADER + name_length).next_multiple_of(4).max(HEADER + 4) {
                return Err(damaged(format!("an entry has the length {length}")));
            }
            let inode = le32(place, at)?;
            if inode > self.superblock.inodes_count {
                return Err(damaged(format!("an entry has the inode {inode}")));
            }
            let name = part(place, at + HEADER, at + HEADER + name_length)?;
            if inode != 0 {
                if name.is_empty() || name.contains(&b'/') || name.contains(&0) {
                    return Err(damaged(format!("the entry for inode {inode} has no proper name")));
                }
                let kind = self.kind(byte(place, at + 7)?);
                if each(Entry { name, inode, kind })?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            at += length;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// A block of 64 KiB is too long for 16 bits, which then count what there is beyond it in their two lowest bits.
    fn entry_length(&self, stored: u16) -> usize {
        match (self.superblock.block_size, usize::from(stored)) {
            (0x1_0000, 0 | 0xFFFF) => 0x1_0000,
            (0x1_0000, stored) => stored & 0xFFFC | (stored & 3) << 16,
            (_, stored) => stored,
        }
    }

    fn kind(&self, stored: u8) -> Option<InodeKind> {
        match stored {
            _ if !self.superblock.features.incompat(features::FILETYPE) => None,
            1 => Some(InodeKind::File),
            2 => Some(InodeKind::Directory),
            3..=6 => Some(InodeKind::Special),
            7 => Some(InodeKind::Link),
            _ => None,
        }
    }
}
