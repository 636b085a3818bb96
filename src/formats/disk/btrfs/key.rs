//! Keys of items, and the numbers that stand in them (`include/uapi/linux/btrfs_tree.h`).

use super::bytes::{u8_at, u64_at};

/// Bytes of a `btrfs_disk_key`.
pub(super) const KEY_SIZE: usize = 17;

/// `btrfs_key`: trees are sorted by objectid, then kind, then offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// An inode's number, a tree's, or what else the items are about.
    pub(super) objectid: u64,
    /// What the item is: one of the constants of this module.
    pub(super) kind: u8,
    /// What it means depends on the kind.
    pub(super) offset: u64,
}

impl Key {
    /// A key of its three parts.
    pub(super) fn new(objectid: u64, kind: u8, offset: u64) -> Self {
        Self { objectid, kind, offset }
    }

    /// The `btrfs_disk_key` at an offset; `None` behind the end.
    pub(super) fn parse(bytes: &[u8], at: usize) -> Option<Self> {
        let part = |skip: usize| at.checked_add(skip);
        Some(Self::new(u64_at(bytes, at)?, u8_at(bytes, part(8)?)?, u64_at(bytes, part(9)?)?))
    }

    /// Whether it is of this objectid and kind.
    pub(super) fn is(&self, objectid: u64, kind: u8) -> bool {
        self.objectid == objectid && self.kind == kind
    }
}

// Kinds: BTRFS_*_KEY.
pub(super) const INODE_ITEM: u8 = 1;
pub(super) const INODE_REF: u8 = 12;
pub(super) const DIR_ITEM: u8 = 84;
pub(super) const DIR_INDEX: u8 = 96;
pub(super) const EXTENT_DATA: u8 = 108;
pub(super) const EXTENT_CSUM: u8 = 128;
pub(super) const ROOT_ITEM: u8 = 132;
pub(super) const ROOT_BACKREF: u8 = 144;
pub(super) const ROOT_REF: u8 = 156;
pub(super) const CHUNK_ITEM: u8 = 228;

// Trees: BTRFS_*_TREE_OBJECTID.
pub(super) const ROOT_TREE: u64 = 1;
pub(super) const CHUNK_TREE: u64 = 3;
pub(super) const FS_TREE: u64 = 5;
pub(super) const CSUM_TREE: u64 = 7;

/// `BTRFS_FIRST_CHUNK_TREE_OBJECTID`: the objectid of every chunk.
pub(super) const FIRST_CHUNK_TREE: u64 = 256;
/// `BTRFS_EXTENT_CSUM_OBJECTID`: the objectid of every data checksum.
pub(super) const EXTENT_CSUM_OBJECT: u64 = -10_i64 as u64;

/// Whether files lie in the tree of this number (`btrfs_is_fstree`): the top subvolume, or one that was made later.
/// Its upper 16 bits are the level of a quota group, which has no tree.
pub(super) fn is_subvolume(tree: u64) -> bool {
    tree == FS_TREE || (256..1 << 48).contains(&tree)
}
