//! A node of a tree (`struct btrfs_header` and what follows it), checked before anything is taken from it.

use super::bytes::{array, size_at, u8_at, u64_at};
use super::checksum::FIELD;
use super::key::{KEY_SIZE, Key, is_subvolume};
use super::superblock::Superblock;
use std::ops::Range;

/// Bytes of the header.
const HEADER: usize = 101;
/// Bytes of a `btrfs_item`: key, and offset and size of what belongs to it.
const ITEM: usize = KEY_SIZE + 8;
/// Bytes of a `btrfs_key_ptr`: key, address and generation of a child.
const POINTER: usize = KEY_SIZE + 16;

/// A node, or at level 0 a leaf. Its keys ascend, and its items lie inside it.
#[derive(Debug)]
pub(super) struct Node {
    bytes: Vec<u8>,
    count: usize,
    pub(super) level: u8,
    pub(super) generation: u64,
    owner: u64,
}

impl Node {
    /// Takes the bytes of a node that was asked for by its logical address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(bytes: Vec<u8>, bytenr: u64, superblock: &Superblock) -> Result<Self, String> {
        let (stored, summed) = bytes.split_at_checked(FIELD).ok_or("it is too short")?;
        if !superblock.checksum.matches(summed, stored) {
            return Err("its checksum is wrong".to_owned());
        }
        if u64_at(&bytes, 48) != Some(bytenr) {
            return Err("its header tells another address".to_owned());
        }
        if array(&bytes, 32) != Some(superblock.metadata_uuid) {
            return Err("it is of another filesystem".to_owned());
        }
        let short = || "it is too short".to_owned();
        let (generation, owner) = (u64_at(&bytes, 80).ok_or_else(short)?, u64_at(&bytes, 88).ok_or_else(short)?);
        let (count, level) = (size_at(&bytes, 96).ok_or_else(short)?, u8_at(&bytes, 100).ok_or_else(short)?);
        let node = Self { bytes, count, level, generation, owner };
        node.check()?;
        Ok(node)
    }

    /// What the kernel's tree checker asks of every node.
    fn check(&self) -> Result<(), String> {
        let each = if self.level == 0 { ITEM } else { POINTER };
        let room = self.bytes.len().saturating_sub(HEADER) / each;
        if self.count > room || self.level > 0 && self.count == 0 {
            return Err(format!("it counts {} items", self.count));
        }
        let mut end = self.bytes.len().saturating_sub(HEADER);
        let mut before = None;
        for index in 0..self.count {
            let key = self.key(index);
            if key.is_none() || before >= key {
                return Err(format!("key {index} is not behind the one before it"));
            }
            before = key;
            if self.level == 0 {
                let range = self.range(index).filter(|range| range.end == end);
                end = range.ok_or_else(|| format!("item {index} does not end where the one before it begins"))?.start;
            }
        }
        if self.level == 0 && end < self.count.saturating_mul(ITEM) {
            return Err("its items lie over their keys".to_owned());
        }
        Ok(())
    }

    /// Items, or children.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether a tree may have it: those of files share their nodes with their snapshots, the others with none.
    pub(super) fn belongs_to(&self, tree: u64) -> bool {
        self.owner == tree || is_subvolume(self.owner) && is_subvolume(tree)
    }

    /// The key of an item, or the first one of a child.
    pub(super) fn key(&self, index: usize) -> Option<Key> {
        let each = if self.level == 0 { ITEM } else { POINTER };
        (index < self.count).then(|| Key::parse(&self.bytes, HEADER + index * each))?
    }

    /// Where what belongs to an item lies, from the end of the header on.
    fn range(&self, index: usize) -> Option<Range<usize>> {
        let at = HEADER + index * ITEM + KEY_SIZE;
        let (offset, size) = (size_at(&self.bytes, at)?, size_at(&self.bytes, at + 4)?);
        Some(offset..offset.checked_add(size)?)
    }

    /// What belongs to an item of a leaf.
    pub(super) fn data(&self, index: usize) -> Option<&[u8]> {
        let range = (index < self.count && self.level == 0).then(|| self.range(index))??;
        self.bytes.get(HEADER..)?.get(range)
    }

    /// Address and generation of a child.
    pub(super) fn child(&self, index: usize) -> Option<(u64, u64)> {
        let at = HEADER + index * POINTER + KEY_SIZE;
        (index < self.count && self.level > 0)
            .then(|| Some((u64_at(&self.bytes, at)?, u64_at(&self.bytes, at + 8)?)))?
    }

    /// The first index whose key is the wanted one or behind it; [`Self::count`] when there is none.
    pub(super) fn lower_bound(&self, wanted: Key) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.key(middle).is_some_and(|key| key < wanted) { low = middle + 1 } else { high = middle }
        }
        low
    }
}
