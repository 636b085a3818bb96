//! Maps of ext2 and ext3: numbers of blocks, and blocks with numbers of blocks.

use super::bytes::le32;
use super::runs::Runs;
use crate::formats::disk::{Disk, DiskError, Result};

/// How many blocks the inode itself names; then follow one of each level.
const DIRECT: usize = 12;
/// Bytes of numbers that are read for one file: those of 32 GiB in blocks of 1 KiB, of 128 GiB in blocks of 4 KiB.
const LARGEST_MAP: u64 = 128 << 20;

/// Finds the runs of blocks of a file without a tree of extents.
///
/// # Errors
/// When the map is damaged, or too large.
pub(super) fn runs<'a>(disk: &Disk, runs: Runs<'a>) -> Result<Runs<'a>> {
    let inode = runs.inode;
    let end = inode.size.div_ceil(runs.superblock.block_size.into());
    let mut walk = Walk { disk, runs, read: 0, next: 0, end };
    let map = inode.map()?;
    for index in 0..DIRECT {
        walk.pointer(le32(map, index * 4)?, 0)?;
    }
    for level in 1..=3 {
        walk.pointer(le32(map, (DIRECT + level - 1) * 4)?, level as u32)?;
    }
    match walk.next < end {
        true => Err(DiskError::damaged(inode.name(), format!("its map has no room for {} bytes", inode.size))),
        false => Ok(walk.runs),
    }
}

struct Walk<'d, 'a> {
    disk: &'d Disk,
    runs: Runs<'a>,
    /// Bytes.
    read: u64,
    /// The block of the file that comes next.
    next: u64,
    /// The first one behind the file.
    end: u64,
}

impl Walk<'_, '_> {
    /// Follows the number of a block, which at level 0 is one of the file, and at others one with numbers.
    fn pointer(&mut self, block: u32, level: u32) -> Result<()> {
        if self.next >= self.end {
            return Ok(());
        }
        if block == 0 {
            self.next += u64::from(self.runs.superblock.block_size / 4).pow(level);
            return Ok(());
        }
        if level == 0 {
            self.runs.add(self.next, block.into(), 1, true)?;
            self.next += 1;
            return Ok(());
        }
        let superblock = self.runs.superblock;
        self.read += u64::from(superblock.block_size);
        if self.read > LARGEST_MAP {
            let name = self.runs.inode.name();
            return Err(DiskError::Unsupported(format!("{name} has more than {LARGEST_MAP} bytes of indirect blocks")));
        }
        let place = superblock.place(block.into(), || self.runs.inode.name())?;
        let node = self.disk.metadata(place, superblock.block_size as usize)?;
        node.as_chunks::<4>().0.iter().try_for_each(|number| self.pointer(u32::from_le_bytes(*number), level - 1))
    }
}
