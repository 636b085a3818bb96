//! The index of a directory: hashes of names, in order, with the addresses of their entries (`xfs_dir2_leaf.c`,
//! `xfs_dir2_node.c`, `xfs_da_btree.c`).

use super::entries::{self, Entry, Shape};
use super::open::{Block, Directory, KIND};
use crate::formats::disk::Result;
use crate::formats::disk::xfs::block;
use crate::formats::disk::xfs::view::View;

/// Levels of a tree of leaves (`XFS_DA_NODE_MAXDEPTH`).
const MOST_LEVELS: u16 = 5;
/// No more leaves are read for one hash: names of one hash fill none unless somebody has searched for them.
const MOST_LEAVES: usize = 64;
/// The address of an entry that was removed.
const REMOVED: u32 = 0;

/// The hash of a name (`xfs_da_hashname`).
pub(super) fn hash(name: &[u8]) -> u32 {
    let (fours, rest) = name.as_chunks::<4>();
    let start = fours.iter().fold(0_u32, |hash, [a, b, c, d]| {
        let four = (u32::from(*a) << 21) ^ (u32::from(*b) << 14) ^ (u32::from(*c) << 7) ^ u32::from(*d);
        four ^ hash.rotate_left(28)
    });
    let last = rest.iter().fold(0_u32, |last, byte| (last << 7) ^ u32::from(*byte));
    match rest.len() {
        3 => last ^ start.rotate_left(21),
        2 => last ^ start.rotate_left(14),
        1 => last ^ start.rotate_left(7),
        _ => start,
    }
}

/// What an index block is.
enum Page<'a> {
    /// Of these hashes each is the greatest in the block of the file that stands beside it.
    Node { level: u16, children: &'a [[u8; 8]] },
    /// Hashes and addresses.
    Leaf { entries: &'a [[u8; 8]], next: u32 },
}

fn pair(entry: &[u8; 8]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = *entry;
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}

impl<'a> Page<'a> {
    fn read(directory: &Directory<'_>, page: View<'a>) -> Result<Self> {
        let version5 = directory.superblock.features.version5;
        let leaf = match (page.u16(8)?, version5) {
            (0x3DF1 | 0x3DFF, true) | (0xD2F1 | 0xD2FF, false) => true,
            (0x3EBE, true) | (0xFEBE, false) => false,
            (magic, _) => return Err(page.damaged(format!("it begins with {magic:#x}, which is none"))),
        };
        directory.check(page, block::INDEX)?;
        // Both kinds count their entries right behind the common header.
        let (count, start) = if version5 { (page.count16(56)?, 64) } else { (page.count16(12)?, 16) };
        let (entries, _) = page.part(start, count * 8)?.as_chunks();
        if leaf {
            return Ok(Self::Leaf { entries, next: page.u32(0)? });
        }
        Ok(Self::Node { level: page.u16(if version5 { 58 } else { 14 })?, children: entries })
    }
}

/// Looks a name up in the index that begins with this block.
///
/// # Errors
/// When what is read on the way is damaged.
pub(super) fn lookup(directory: &Directory<'_>, mut page: Block, name: &[u8]) -> Result<Option<u64>> {
    let (wanted, mut above) = (hash(name), MOST_LEVELS + 1);
    while let Page::Node { level, children } = Page::read(directory, page.view())? {
        if level == 0 || level >= above {
            return Err(page.view().damaged(format!("its level {level} does not fit")));
        }
        above = level;
        let found = children.partition_point(|child| pair(child).0 < wanted);
        let Some((_, below)) = children.get(found).or(children.last()).map(pair) else {
            return Err(page.view().damaged("it is empty"));
        };
        page = at(directory, below)?;
    }
    for _ in 0..MOST_LEAVES {
        let Page::Leaf { entries, next } = Page::read(directory, page.view())? else {
            return Err(page.view().damaged("it stands among leaves and is none"));
        };
        let found = search(directory, entries, wanted, name)?;
        let ends = entries.last().is_some_and(|entry| pair(entry).0 > wanted) || next == 0;
        if found.is_some() || ends {
            return Ok(found);
        }
        page = at(directory, next)?;
    }
    Err(directory.node.damaged("too many of its names have the same hash"))
}

/// Looks a name up in a block that has its index at its end.
///
/// # Errors
/// When the block is damaged.
pub(super) fn lookup_in_block(directory: &Directory<'_>, block: &Block, name: &[u8]) -> Result<Option<u64>> {
    let view = block.view();
    if !Shape::of(directory, view)?.indexed {
        return Err(directory.node.damaged("it has entries and no index"));
    }
    let (start, count) = entries::index(view)?;
    let (entries, _) = view.part(start, count * 8)?.as_chunks();
    search(directory, entries, hash(name), name)
}

/// The inode of a name, by those entries of an index that have its hash.
fn search(directory: &Directory<'_>, index: &[[u8; 8]], wanted: u32, name: &[u8]) -> Result<Option<u64>> {
    let mut last = None;
    let first = index.partition_point(|entry| pair(entry).0 < wanted);
    let same = index.get(first..).unwrap_or_default().iter().map(pair).take_while(|(hash, _)| *hash == wanted);
    for (_, address) in same.filter(|(_, address)| *address != REMOVED) {
        let entry = directory.entry(address, &mut last)?;
        if entry.name == name {
            return Ok(Some(entry.inode));
        }
    }
    Ok(None)
}

/// The index block at this block of the file.
fn at(directory: &Directory<'_>, number: u32) -> Result<Block> {
    let inside = u64::from(number) >= directory.index_start();
    let page = if inside { directory.block(directory.fork, u64::from(number), "index block")? } else { None };
    page.ok_or_else(|| directory.node.damaged(format!("its index has no block {number}")))
}

impl Directory<'_> {
    /// The entry at an address of the index: a count of eight bytes from the directory's beginning.
    /// `last` is the block that was read before, which often is the one.
    fn entry<'b>(&self, address: u32, last: &'b mut Option<(u64, Block)>) -> Result<Entry<'b>> {
        let (at, size) = (u64::from(address) * 8, self.superblock.dir_size() as u64);
        let number = at / size * self.superblock.dir_blocks;
        if last.as_ref().is_none_or(|(read, _)| *read != number) {
            let block = self.block(self.fork, number, KIND)?;
            let block = block.ok_or_else(|| self.node.damaged("its index points into a hole"))?;
            entries::Shape::of(self, block.view())?;
            *last = Some((number, block));
        }
        let (_, block) = last.as_ref().ok_or_else(|| self.node.damaged("its index points nowhere"))?;
        Entry::read(block.view(), usize::try_from(at % size).unwrap_or(usize::MAX), self.ftype())
    }
}
