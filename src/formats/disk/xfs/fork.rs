//! Where what an inode holds lies (`fs/xfs/libxfs/xfs_bmap_btree.c`, `xfs_inode_fork.c`).

use super::block;
use super::superblock::Superblock;
use super::view::{Place, View};
use crate::formats::disk::{Disk, DiskError, Result};

/// More extents than this are not read: a file of them is no file of a boot.
const MOST_RECORDS: u64 = 1 << 20;
/// Levels of a tree of extents, its root in the inode included (`XFS_BTREE_MAXLEVELS`).
const MOST_LEVELS: u16 = 9;
/// Bytes of a record, and of a key with its pointer.
const RECORD: usize = 16;
/// Bytes of the root's header (`struct xfs_bmdr_block`).
const ROOT_HEADER: usize = 4;

/// A run of blocks (`struct xfs_bmbt_irec`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    /// Where in the file it begins, in filesystem blocks.
    pub(super) offset: u64,
    /// The filesystem block at which it begins (`xfs_fsblock_t`).
    pub(super) block: u64,
    /// Filesystem blocks.
    pub(super) count: u64,
    /// Nothing was written there yet: it is read as zeros.
    pub(super) unwritten: bool,
}

impl Record {
    /// The first block of the file behind it. Offset and count take 54 and 21 bits.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.count
    }
}

/// Where what an inode holds lies.
#[derive(Debug, Clone)]
pub(super) enum Fork {
    /// In the inode itself.
    Local(Vec<u8>),
    /// In these runs, in the order of the file.
    Extents(Vec<Record>),
    /// In the runs of a tree.
    Tree(Root),
}

/// The root of a tree of runs.
#[derive(Debug, Clone)]
pub(super) struct Root {
    /// The number of the inode.
    owner: u64,
    level: u16,
    /// How many runs the whole tree has, as the inode says.
    records: u64,
    children: Vec<Child>,
}

/// A part of a tree.
#[derive(Debug, Clone, Copy)]
struct Child {
    /// No run in it begins before this block of the file.
    offset: u64,
    /// The filesystem block in which it lies.
    block: u64,
}

/// A block of a tree.
enum Level {
    Children(Vec<Child>),
    Records(Vec<Record>),
}

impl Fork {
    /// The runs that stand in an inode.
    ///
    /// # Errors
    /// When they are out of order.
    pub(super) fn extents(records: View<'_>) -> Result<Self> {
        let mut last = 0;
        Ok(Self::Extents(self::records(records, 0, records.bytes().len() / RECORD, &mut last)?))
    }

    /// A tree whose root stands in an inode.
    ///
    /// # Errors
    /// When the root is damaged.
    pub(super) fn tree(root: View<'_>, records: u64) -> Result<Self> {
        let Place::Inode(owner) = root.place() else { return Err(root.damaged("it is no inode")) };
        let level = root.u16(0)?;
        if level == 0 || level >= MOST_LEVELS {
            return Err(root.damaged(format!("its tree of extents has {level} levels")));
        }
        Ok(Self::Tree(Root { owner, level, records, children: children(root, ROOT_HEADER)? }))
    }

    /// The run in which a block of the file lies; `None` when it lies in a hole.
    ///
    /// # Errors
    /// When the tree is damaged.
    pub(super) fn find(&self, disk: &Disk, superblock: &Superblock, offset: u64) -> Result<Option<Record>> {
        match self {
            Self::Local(_) => Ok(None),
            Self::Extents(records) => Ok(find(records, offset)),
            Self::Tree(root) => {
                let mut children = root.children.clone();
                for level in (0..root.level).rev() {
                    let Some(child) = last_before(&children, offset) else { return Ok(None) };
                    match root.read(disk, superblock, child, level, &mut 0)? {
                        Level::Children(below) => children = below,
                        Level::Records(records) => return Ok(find(&records, offset)),
                    }
                }
                Ok(None)
            }
        }
    }

    /// All runs, in the order of the file.
    ///
    /// # Errors
    /// When there are too many, or the tree is damaged.
    pub(super) fn records(&self, disk: &Disk, superblock: &Superblock) -> Result<Vec<Record>> {
        match self {
            Self::Local(_) => Ok(Vec::new()),
            Self::Extents(records) => Ok(records.clone()),
            Self::Tree(root) => root.records(disk, superblock),
        }
    }
}

impl Root {
    fn records(&self, disk: &Disk, superblock: &Superblock) -> Result<Vec<Record>> {
        if self.records > MOST_RECORDS {
            return Err(DiskError::Unsupported(format!("a file of {} extents", self.records)));
        }
        // Every block holds something, and what it holds lies behind what came before: so the count ends every walk.
        let (mut records, mut last) = (Vec::new(), 0);
        let mut waiting: Vec<(Child, u16)> = self.children.iter().rev().map(|child| (*child, self.level - 1)).collect();
        while let Some((child, level)) = waiting.pop() {
            match self.read(disk, superblock, child, level, &mut last)? {
                Level::Children(below) => waiting.extend(below.into_iter().rev().map(|child| (child, level - 1))),
                Level::Records(more) => records.extend(more),
            }
            if records.len() as u64 > self.records {
                break;
            }
        }
        if records.len() as u64 != self.records {
            let place = Place::Inode(self.owner).to_string();
            return Err(DiskError::damaged(
                place,
                format!("its tree has not the {} extents it tells of", self.records),
            ));
        }
        Ok(records)
    }

    /// Reads a block of the tree. What a leaf holds must not begin before `last`, which is moved to its end.
    fn read(&self, disk: &Disk, superblock: &Superblock, child: Child, level: u16, last: &mut u64) -> Result<Level> {
        let place = |sector| Place::Block { kind: "block of extents", owner: self.owner, sector };
        let outside = || DiskError::damaged(place(0).to_string(), format!("block {} lies nowhere", child.block));
        let at = superblock.place(child.block, 1).ok_or_else(outside)?;
        let bytes = disk.metadata(at, superblock.block_size as usize)?;
        let view = View::new(&bytes, place(at >> 9));
        let (magic, header) = if superblock.features.version5 { (b"BMA3", 72) } else { (b"BMAP", 24) };
        if view.part(0, 4)? != magic || view.u16(4)? != level {
            return Err(view.damaged(format!("it is no block of level {level}")));
        }
        if superblock.features.version5 {
            block::check(superblock, view, block::EXTENTS)?;
        }
        if level > 0 {
            let body = View::new(view.part(4, view.bytes().len() - 4)?, view.place());
            return Ok(Level::Children(children(body, header - 4)?));
        }
        let count = view.count16(6)?;
        if count == 0 {
            return Err(view.damaged("it is empty"));
        }
        Ok(Level::Records(records(view, header, count, last)?))
    }
}

/// The keys and pointers of a node that begins with its level and their number, and has them after `header` bytes: room
/// for as many keys as fit, then the pointers.
fn children(node: View<'_>, header: usize) -> Result<Vec<Child>> {
    let (count, room) = (node.count16(2)?, node.bytes().len().saturating_sub(header) / RECORD);
    if count == 0 || count > room {
        return Err(node.damaged(format!("a node of its tree of extents has {count} entries")));
    }
    let child = |index: usize| {
        let key = header + index * 8;
        Ok(Child { offset: node.u64(key)?, block: node.u64(key + room * 8)? })
    };
    (0..count).map(child).collect()
}

/// Records (`xfs_bmbt_disk_get_all`), none of which begins before `last`, which is moved behind them.
fn records(view: View<'_>, start: usize, count: usize, last: &mut u64) -> Result<Vec<Record>> {
    let record = |index: usize| {
        let (high, low) = (view.u64(start + index * RECORD)?, view.u64(start + index * RECORD + 8)?);
        let record = Record {
            offset: (high & !(1 << 63)) >> 9,
            block: ((high & 0x1FF) << 43) | (low >> 21),
            count: low & 0x1F_FFFF,
            unwritten: high >> 63 != 0,
        };
        if record.count == 0 || record.offset < *last {
            return Err(view.damaged("its extents are out of order"));
        }
        *last = record.end();
        Ok(record)
    };
    (0..count).map(record).collect()
}

fn find(records: &[Record], offset: u64) -> Option<Record> {
    let behind = records.partition_point(|record| record.offset <= offset);
    let record = records.get(behind.checked_sub(1)?)?;
    (offset < record.end()).then_some(*record)
}

fn last_before(children: &[Child], offset: u64) -> Option<Child> {
    let behind = children.partition_point(|child| child.offset <= offset);
    children.get(behind.checked_sub(1)?).copied()
}
