//! Chunks: which part of the logical addresses lies where on the devices (`struct btrfs_chunk`).

use super::super::{DiskError, Result};
use super::bytes::{array, u16_at, u64_at};
use super::key::{CHUNK_ITEM, FIRST_CHUNK_TREE, KEY_SIZE, Key};
use super::superblock::Superblock;

/// Bytes of a chunk before its stripes, and of a stripe.
const HEAD: usize = 48;
const STRIPE: usize = 32;
/// How much of a chunk lies on one device before the next one is used (`BTRFS_STRIPE_LEN`).
const STRIPE_LENGTH: u64 = 0x1_0000;
/// The most stripes of this device that are taken: chunks of 1 GiB on 128 TiB. They take 8 MB or so.
const MOST: usize = 1 << 17;

// BTRFS_BLOCK_GROUP_*: what the chunk holds, and how.
const CONTENT: u64 = 1 | 2 | 4;
const RAID0: u64 = 1 << 3;
const RAID1: u64 = 1 << 4;
const DUP: u64 = 1 << 5;
const RAID10: u64 = 1 << 6;
const RAID5: u64 = 1 << 7;
const RAID6: u64 = 1 << 8;
const RAID1C3: u64 = 1 << 9;
const RAID1C4: u64 = 1 << 10;

/// How a chunk lies on its stripes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Each stripe holds all of it.
    Copies,
    /// Turn by turn on groups of so many stripes, which hold the same.
    Striped(u16),
    /// As the name says, which is not read.
    Refused(&'static str),
}

/// One chunk.
#[derive(Debug)]
struct Chunk {
    logical: u64,
    length: u64,
    layout: Layout,
    /// Stripes in all.
    stripes: u16,
    /// Those that lie on this device: which one, and where it begins on the device, in bytes.
    here: Box<[(u16, u64)]>,
}

/// Where something lies: a piece in one run, on this device or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Bytes from the address on that lie together.
    pub(super) length: u64,
    /// Where on this device; `None`: on another one.
    pub(super) physical: Option<u64>,
}

/// The chunks of a filesystem.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    /// Sorted by logical address.
    chunks: Vec<Chunk>,
    /// Stripes that have been taken.
    stripes: usize,
}

impl Chunks {
    /// Those of the superblock, by which the chunk tree is found.
    ///
    /// # Errors
    /// When they are damaged.
    pub(super) fn of_superblock(superblock: &Superblock) -> Result<Self> {
        let mut chunks = Self::default();
        let mut rest = superblock.sys_chunks.as_slice();
        while !rest.is_empty() {
            let damaged = || DiskError::damaged("the superblock", "its chunks are cut off");
            let key = Key::parse(rest, 0).ok_or_else(damaged)?;
            let item = rest.get(KEY_SIZE..).ok_or_else(damaged)?;
            let length = HEAD + STRIPE * usize::from(u16_at(item, 44).ok_or_else(damaged)?);
            let (item, behind) = item.split_at_checked(length).ok_or_else(damaged)?;
            chunks.push(key, item, superblock)?;
            rest = behind;
        }
        chunks.finish()
    }

    /// Takes one in.
    ///
    /// # Errors
    /// When it is damaged, or one too many.
    pub(super) fn push(&mut self, key: Key, item: &[u8], superblock: &Superblock) -> Result<()> {
        let damaged = |what: &str| DiskError::damaged(format!("chunk {}", key.offset), what);
        if !key.is(FIRST_CHUNK_TREE, CHUNK_ITEM) {
            return Err(damaged("its key is of something else"));
        }
        let chunk = Chunk::parse(key.offset, item, superblock).map_err(|what| damaged(&what))?;
        self.stripes += chunk.here.len() + 1;
        if self.stripes > MOST {
            return Err(DiskError::Unsupported("the btrfs has more than 131,072 chunks".to_owned()));
        }
        self.chunks.push(chunk);
        Ok(())
    }

    /// All are taken in.
    ///
    /// # Errors
    /// When two of them claim the same address.
    pub(super) fn finish(mut self) -> Result<Self> {
        self.chunks.sort_by_key(|chunk| chunk.logical);
        let overlap = |pair: &&[Chunk]| match pair {
            [one, next] => one.logical.saturating_add(one.length) > next.logical,
            _ => false,
        };
        match self.chunks.windows(2).find(overlap) {
            Some([one, ..]) => Err(DiskError::damaged(format!("chunk {}", one.logical), "the next one begins in it")),
            _ => Ok(self),
        }
    }

    fn at(&self, logical: u64) -> Result<(&Chunk, u64)> {
        let next = self.chunks.partition_point(|chunk| chunk.logical <= logical);
        let chunk = next.checked_sub(1).and_then(|index| self.chunks.get(index));
        let inside = |chunk: &&Chunk| logical - chunk.logical < chunk.length;
        let chunk = chunk.filter(inside);
        let chunk = chunk.ok_or_else(|| DiskError::damaged(format!("address {logical}"), "it lies in no chunk"))?;
        if let Layout::Refused(profile) = chunk.layout {
            let text = format!("the btrfs's chunk {} has the profile {profile}", chunk.logical);
            return Err(DiskError::Unsupported(text));
        }
        Ok((chunk, logical - chunk.logical))
    }

    /// How many copies there are of what lies at an address, on all devices.
    ///
    /// # Errors
    /// When it lies in no chunk, or in one that is not read.
    pub(super) fn copies(&self, logical: u64) -> Result<u16> {
        let (chunk, _) = self.at(logical)?;
        Ok(match chunk.layout {
            Layout::Striped(copies) => copies,
            _ => chunk.stripes,
        })
    }

    /// Where a copy of what lies at an address begins, and how much of it lies together.
    ///
    /// # Errors
    /// As [`Self::copies`].
    pub(super) fn piece(&self, logical: u64, copy: u16) -> Result<Piece> {
        let (chunk, offset) = self.at(logical)?;
        let left = chunk.length - offset;
        let (stripe, within, length) = match chunk.layout {
            Layout::Striped(copies) => {
                let groups = u64::from((chunk.stripes / copies.max(1)).max(1));
                let turn = offset / STRIPE_LENGTH;
                let stripe = turn % groups * u64::from(copies) + u64::from(copy);
                let skipped = offset % STRIPE_LENGTH;
                (stripe, turn / groups * STRIPE_LENGTH + skipped, left.min(STRIPE_LENGTH - skipped))
            }
            _ => (u64::from(copy), offset, left),
        };
        let begin = chunk.here.iter().find(|(index, _)| u64::from(*index) == stripe).map(|(_, begin)| *begin);
        Ok(Piece { length, physical: begin.map(|begin| begin.saturating_add(within)) })
    }
}

impl Chunk {
    fn parse(logical: u64, item: &[u8], superblock: &Superblock) -> std::result::Result<Self, String> {
        let short = "it is too short";
        let field = |at| u64_at(item, at).ok_or(short);
        let (length, stripe_length, kind) = (field(0)?, field(16)?, field(24)?);
        let stripes = u16_at(item, 44).ok_or(short)?;
        let group = u16_at(item, 46).ok_or(short)?;
        if length == 0 || logical.checked_add(length).is_none() {
            return Err(format!("its length is {length}"));
        }
        if stripe_length != STRIPE_LENGTH {
            return Err(format!("its stripes have {stripe_length} bytes"));
        }
        let layout = match kind & !CONTENT {
            0 | DUP | RAID1 | RAID1C3 | RAID1C4 => Layout::Copies,
            RAID0 => Layout::Striped(1),
            RAID10 => Layout::Striped(group),
            RAID5 => Layout::Refused("RAID5"),
            RAID6 => Layout::Refused("RAID6"),
            _ => Layout::Refused("of a kind that is not known"),
        };
        if stripes == 0 || matches!(layout, Layout::Striped(group) if group == 0 || stripes % group != 0) {
            return Err(format!("{stripes} stripes, in groups of {group}"));
        }
        let mut here = Vec::new();
        for index in 0..stripes {
            let at = HEAD + STRIPE * usize::from(index);
            let (device, offset) = (field(at)?, field(at + 8)?);
            if device == superblock.device && array(item, at + 16) == Some(superblock.device_uuid) {
                here.push((index, offset));
            }
        }
        Ok(Self { logical, length, layout, stripes, here: here.into() })
    }
}
