//! The index of a directory: a tree over the hashes of its names (`struct dx_root` of fs/ext4/namei.c).

use super::blocks::DirectoryBlocks;
use super::entries;
use crate::formats::disk::Result;
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::ext::bytes::{byte, le16, le32, part};
use crate::formats::disk::ext::features;
use crate::formats::disk::ext::hash::HashVersion;

/// Bytes of the root before what tells of the tree: the entries for `.` and `..`.
const ROOT_INFO: usize = 24;
/// Bytes of what tells of the tree.
const ROOT_INFO_LENGTH: u8 = 8;
/// Where the entries of the root begin.
const ROOT_ENTRIES: usize = 32;
/// Where those of another node begin, behind an entry of a directory that fills the block and is not in use.
const NODE_ENTRIES: usize = 8;
/// Bytes of an entry: a hash, and a block of the blocks. The first one has the counts in place of the hash.
const ENTRY: usize = 8;
/// Bytes behind the last entry that finds room, with the checksum in the second half.
const TAIL: usize = 8;

/// How many blocks are searched for a name by its hash; where there are more, the index goes round in a circle, or is of
/// no use.
const MOST_OF_ONE_HASH: usize = 1 << 12;

/// What an index says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Its inode, or that there is none of that name.
    Known(Option<u32>),
    /// Nothing: such an index is not followed, by the kernel neither, and all of the directory must be read.
    Unusable,
}

/// A node on the way from the root to the block with the name.
struct Node {
    /// From which hash on an entry is the right one, and the block that it names.
    entries: Vec<(u32, u32)>,
    /// The entry on the way.
    at: usize,
}

/// Looks a name up.
///
/// # Errors
/// When a block of the directory is damaged.
pub(super) fn lookup(blocks: &DirectoryBlocks<'_>, name: &[u8]) -> Result<Answer> {
    let root = blocks.read(0)?;
    check_checksum(blocks, &root, 0)?;
    // These two stand in the root itself.
    if name == b"." || name == b".." {
        return Ok(Answer::Unusable);
    }
    let info = part(&root, ROOT_INFO, ROOT_ENTRIES)?;
    let (version, length, levels, flags) = (byte(info, 4)?, byte(info, 5)?, byte(info, 6)?, byte(info, 7)?);
    let most_levels = if blocks.superblock.features.incompat(features::LARGEDIR) { 3 } else { 2 };
    let hash = HashVersion::of(version).and_then(|version| blocks.superblock.hash.hash(version, name));
    let Some(hash) = hash.filter(|_| length == ROOT_INFO_LENGTH && levels < most_levels && flags & 1 == 0) else {
        return Ok(Answer::Unusable);
    };
    let Some(entries) = node_entries(&root, ROOT_ENTRIES)? else { return Ok(Answer::Unusable) };
    let mut path = vec![Node::new(entries, hash)];
    for _ in 0..levels {
        if !descend(blocks, &mut path, |entries| Node::new(entries, hash))? {
            return Ok(Answer::Unusable);
        }
    }
    for _ in 0..MOST_OF_ONE_HASH {
        let Some(block) = path.last().and_then(Node::block) else { return Ok(Answer::Unusable) };
        if let Some(inode) = entries::find(blocks, block, name)? {
            return Ok(Answer::Known(Some(inode)));
        }
        match advance(blocks, &mut path, hash)? {
            Next::Block => {}
            Next::OtherHash => return Ok(Answer::Known(None)),
            Next::Unusable => return Ok(Answer::Unusable),
        }
    }
    Ok(Answer::Unusable)
}

/// What follows the block in which a name was not found.
enum Next {
    /// Another one with names of the same hash.
    Block,
    /// Names of other hashes, or nothing.
    OtherHash,
    /// It cannot be told.
    Unusable,
}

/// Goes on to the next block, if names with this hash go on there: its hash then has the lowest bit set, or where the
/// hash is the first one of the block by chance, is the same.
fn advance(blocks: &DirectoryBlocks<'_>, path: &mut Vec<Node>, hash: u32) -> Result<Next> {
    let depth = path.len();
    while path.last().is_some_and(|node| node.at + 1 >= node.entries.len()) {
        path.pop();
    }
    let Some(node) = path.last_mut() else { return Ok(Next::OtherHash) };
    node.at += 1;
    if node.entries.get(node.at).is_none_or(|(next, _)| next & !1 != hash) {
        return Ok(Next::OtherHash);
    }
    while path.len() < depth {
        if !descend(blocks, path, |entries| Node { entries, at: 0 })? {
            return Ok(Next::Unusable);
        }
    }
    Ok(Next::Block)
}

/// Adds the node that the last one leads to; `false` when it is not usable.
fn descend(
    blocks: &DirectoryBlocks<'_>,
    path: &mut Vec<Node>,
    node: impl FnOnce(Vec<(u32, u32)>) -> Node,
) -> Result<bool> {
    let Some(number) = path.last().and_then(Node::block) else { return Ok(false) };
    let block = blocks.read(number)?;
    check_checksum(blocks, &block, number)?;
    let Some(entries) = node_entries(&block, NODE_ENTRIES)? else { return Ok(false) };
    path.push(node(entries));
    Ok(true)
}

impl Node {
    /// The node, at the last entry whose hash is not above this one.
    fn new(entries: Vec<(u32, u32)>, hash: u32) -> Self {
        let at = entries.partition_point(|(from, _)| *from <= hash).saturating_sub(1);
        Self { entries, at }
    }

    /// The block of the directory that the entry leads to.
    fn block(&self) -> Option<u64> {
        // The upper four bits are not part of the number.
        self.entries.get(self.at).map(|(_, block)| u64::from(block & 0x0FFF_FFFF))
    }
}

/// The entries of a node, from `start` on; `None` when their number is not possible.
fn node_entries(block: &[u8], start: usize) -> Result<Option<Vec<(u32, u32)>>> {
    let limit = usize::from(le16(block, start)?);
    let count = usize::from(le16(block, start + 2)?);
    if count == 0 || count > limit || start + limit * ENTRY > block.len() {
        return Ok(None);
    }
    let entry = |index: usize| {
        let at = start + index * ENTRY;
        Ok((if index == 0 { 0 } else { le32(block, at)? }, le32(block, at + 4)?))
    };
    (0..count).map(entry).collect::<Result<Vec<_>>>().map(Some)
}

/// Whether a block of a directory with an index, other than its first one, is a node: its one entry fills it.
pub(super) fn is_node(block: &[u8]) -> bool {
    let length = le16(block, 4).map_or(0, usize::from);
    length == block.len() || block.len() == 0x1_0000 && matches!(length, 0 | 0xFFFF)
}

/// Holds a node against its checksum: it covers what is before the entries, those in use, and the tail.
///
/// # Errors
/// When it is wrong, or has no room.
pub(super) fn check_checksum(blocks: &DirectoryBlocks<'_>, block: &[u8], number: u64) -> Result<()> {
    let Some(seed) = blocks.inode.seed else { return Ok(()) };
    let start = if is_node(block) { NODE_ENTRIES } else { ROOT_ENTRIES };
    let limit = usize::from(le16(block, start)?);
    let count = usize::from(le16(block, start + 2)?);
    let tail = start + limit * ENTRY;
    if count > limit || tail + TAIL > block.len() {
        return Err(blocks.damaged(number, "its index has no room for a checksum"));
    }
    let parts = [part(block, 0, start + count * ENTRY)?, part(block, tail, tail + 4)?, &[0; 4]];
    match parts.into_iter().fold(seed, crc32c) == le32(block, tail + 4)? {
        true => Ok(()),
        false => Err(blocks.damaged(number, "the checksum of its index is wrong")),
    }
}
