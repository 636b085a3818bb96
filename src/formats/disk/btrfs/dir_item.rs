//! Entries of directories (`struct btrfs_dir_item`).

use super::super::{DiskError, InodeKind, Result};
use super::bytes::{u8_at, u16_at};
use super::key::{KEY_SIZE, Key};
use crate::formats::disk::checksum::crc32c;

/// Bytes before the name.
const HEAD: usize = KEY_SIZE + 13;
/// The longest name (`BTRFS_NAME_LEN`).
pub(super) const LONGEST: usize = 255;

/// One entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct DirItem<'a> {
    /// The key of what it names: an inode of the same tree, or the root of a subvolume.
    pub(super) location: Key,
    /// What that is.
    pub(super) kind: InodeKind,
    /// Its name.
    pub(super) name: &'a [u8],
}

impl<'a> DirItem<'a> {
    /// The offset of the key under which a name is found (`btrfs_name_hash`). Several names may have the same.
    pub(super) fn hash(name: &[u8]) -> u64 {
        u64::from(crc32c(!1, name))
    }

    /// Takes an entry off the front of an item.
    ///
    /// # Errors
    /// When it is cut off or of no kind, or its name is none.
    pub(super) fn split(item: &'a [u8]) -> Result<(Self, &'a [u8])> {
        let damaged = |what: &str| DiskError::damaged("a directory entry", what);
        let cut = || damaged("it is cut off");
        let location = Key::parse(item, 0).ok_or_else(cut)?;
        let data = usize::from(u16_at(item, 25).ok_or_else(cut)?);
        let length = usize::from(u16_at(item, 27).ok_or_else(cut)?);
        let kind = u8_at(item, 29).and_then(kind).ok_or_else(|| damaged("it is of no kind that is known"))?;
        let (name, rest) = item.get(HEAD..).and_then(|rest| rest.split_at_checked(length)).ok_or_else(cut)?;
        let rest = rest.get(data..).ok_or_else(cut)?;
        if data != 0 || name.len() > LONGEST || !is_name(name) {
            return Err(damaged("its name is none"));
        }
        Ok((Self { location, kind, name }, rest))
    }

    /// What a name stands for among the entries of one item.
    ///
    /// # Errors
    /// As [`Self::split`].
    pub(super) fn find(item: &[u8], name: &[u8]) -> Result<Option<Key>> {
        let mut rest = item;
        while !rest.is_empty() {
            let (entry, behind) = DirItem::split(rest)?;
            if entry.name == name {
                return Ok(Some(entry.location));
            }
            rest = behind;
        }
        Ok(None)
    }
}

/// Whether a directory may have an entry of this name.
pub(super) fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0)
}

/// `BTRFS_FT_*`.
fn kind(number: u8) -> Option<InodeKind> {
    match number {
        1 => Some(InodeKind::File),
        2 => Some(InodeKind::Directory),
        3..=6 => Some(InodeKind::Special),
        7 => Some(InodeKind::Link),
        _ => None,
    }
}
