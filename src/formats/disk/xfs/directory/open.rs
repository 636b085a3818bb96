//! A directory that is open, and its blocks.

use crate::formats::disk::xfs::block;
use crate::formats::disk::xfs::fork::{Fork, Record};
use crate::formats::disk::xfs::inode::Node;
use crate::formats::disk::xfs::superblock::Superblock;
use crate::formats::disk::xfs::view::{Place, View};
use crate::formats::disk::{Disk, InodeKind, Result};

/// Where the index begins, in bytes (`XFS_DIR2_LEAF_OFFSET`).
const INDEX_START: u64 = 1 << 35;
/// What such a block is called where it is damaged.
pub(super) const KIND: &str = "block of entries";

/// A directory that is open.
#[derive(Debug)]
pub(in crate::formats::disk::xfs) struct Directory<'a> {
    pub(super) disk: &'a Disk,
    pub(super) superblock: &'a Superblock,
    pub(super) node: &'a Node,
    pub(super) fork: &'a Fork,
}

/// A block of a directory.
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    pub(super) place: Place,
}

impl Block {
    pub(super) fn view(&self) -> View<'_> {
        View::new(&self.bytes, self.place)
    }
}

impl<'a> Directory<'a> {
    /// The directory of an inode.
    ///
    /// # Errors
    /// When it is none.
    pub(in crate::formats::disk::xfs) fn new(
        disk: &'a Disk,
        superblock: &'a Superblock,
        node: &'a Node,
    ) -> Result<Self> {
        match &node.fork {
            Some(fork) if node.stat.kind == InodeKind::Directory => Ok(Self { disk, superblock, node, fork }),
            _ => Err(node.damaged("it is no directory")),
        }
    }

    /// The only block of a directory that has its index at the block's end.
    pub(super) fn first(&self) -> Result<Block> {
        let block = self.block(self.fork, 0, KIND)?;
        block.ok_or_else(|| self.node.damaged("it has neither entries nor an index"))
    }

    /// Reads the directory block that begins at this block of the file; `None` when there is a hole.
    pub(super) fn block(&self, fork: &Fork, number: u64, kind: &'static str) -> Result<Option<Block>> {
        let Some(first) = fork.find(self.disk, self.superblock, number)? else { return Ok(None) };
        let start = self.part(&first, number, 1)?;
        let mut bytes = vec![0; self.superblock.dir_size()];
        let (mut number, mut rest, mut record) = (number, bytes.as_mut_slice(), Some(first));
        while !rest.is_empty() {
            let piece = record.ok_or_else(|| self.node.damaged("a block of it has a hole"))?;
            let wanted = rest.len() as u64 >> self.superblock.block_log;
            let count = wanted.min(piece.end().saturating_sub(number));
            let at = self.part(&piece, number, count)?;
            let length = usize::try_from(count << self.superblock.block_log).unwrap_or(usize::MAX);
            let Some((part, behind)) = rest.split_at_mut_checked(length) else { break };
            self.disk.metadata.read_at(at, part)?;
            (number, rest) = (number + count, behind);
            record = if rest.is_empty() { None } else { fork.find(self.disk, self.superblock, number)? };
        }
        let place = Place::Block { kind, owner: self.node.number, sector: start >> 9 };
        Ok(Some(Block { bytes, place }))
    }

    /// Where `count` blocks of the file lie, from `number` on, which this record holds; in bytes.
    pub(super) fn part(&self, record: &Record, number: u64, count: u64) -> Result<u64> {
        let first = record.block.checked_add(number.saturating_sub(record.offset));
        let at = first.filter(|_| !record.unwritten).and_then(|first| self.superblock.place(first, count));
        at.ok_or_else(|| self.node.damaged(format!("block {number} of it was never written, or lies nowhere")))
    }

    pub(super) fn ftype(&self) -> bool {
        self.superblock.features.ftype
    }

    /// Holds a block against what version 5 tells of it.
    pub(super) fn check(&self, block: View<'_>, identity: block::Identity) -> Result<()> {
        if self.superblock.features.version5 { block::check(self.superblock, block, identity) } else { Ok(()) }
    }

    /// The block of the file at which the index begins.
    pub(super) fn index_start(&self) -> u64 {
        INDEX_START >> self.superblock.block_log
    }
}
