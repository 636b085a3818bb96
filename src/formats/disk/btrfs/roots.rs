//! The root tree: where the other trees begin, and which subvolume is the default one.

use super::super::{DiskError, Result};
use super::bytes::{u8_at, u32_at, u64_at};
use super::dir_item::DirItem;
use super::key::{DIR_ITEM, FS_TREE, Key, ROOT_ITEM};
use super::store::Store;
use super::superblock::{LEVELS, RootPointer};
use super::tree::Tree;

/// `BTRFS_ROOT_SUBVOL_RDONLY`.
const READ_ONLY: u64 = 1;

/// What a `btrfs_root_item` says of a tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root {
    /// The tree.
    pub(super) tree: Tree,
    /// The inode of its top directory, where it is a subvolume.
    pub(super) top: u64,
    /// Whether it is a subvolume that nothing may change.
    pub(super) read_only: bool,
}

/// Finds a tree; `None` when there is none of this number, or it is being deleted.
///
/// # Errors
/// When the root tree is damaged or cannot be read.
pub(super) fn find(store: &Store, roots: &Tree, id: u64) -> Result<Option<Root>> {
    // What it was called by is in the offset: the last one is the one that counts.
    let cursor = roots.floor(store, Key::new(id, ROOT_ITEM, u64::MAX))?;
    let Some((_, item)) = cursor.item().filter(|(key, _)| key.is(id, ROOT_ITEM)) else { return Ok(None) };
    let damaged = |what: &str| DiskError::damaged(format!("the root of tree {id}"), what);
    let (root, references) = parse(id, item).ok_or_else(|| damaged("it is too short"))?;
    if root.tree.root.level >= LEVELS {
        return Err(damaged("it has more levels than there can be"));
    }
    Ok((references > 0).then_some(root))
}

/// The root, and how many directories name it.
fn parse(id: u64, item: &[u8]) -> Option<(Root, u32)> {
    let root = RootPointer { bytenr: u64_at(item, 176)?, level: u8_at(item, 238)?, generation: u64_at(item, 160)? };
    let root =
        Root { tree: Tree { id, root }, top: u64_at(item, 168)?, read_only: u64_at(item, 208)? & READ_ONLY != 0 };
    Some((root, u32_at(item, 216)?))
}

/// The number of the subvolume that is mounted when none is asked for: what `default` in the root tree's directory
/// points at, or the top one (`get_default_subvol_objectid`).
///
/// # Errors
/// When the root tree is damaged or cannot be read.
pub(super) fn default_subvolume(store: &Store, roots: &Tree) -> Result<u64> {
    let name = b"default";
    let key = Key::new(store.superblock.root_dir, DIR_ITEM, DirItem::hash(name));
    let found = roots.find(store, key, |item| DirItem::find(item, name))?.flatten();
    match found {
        None => Ok(FS_TREE),
        Some(location) if location.kind == ROOT_ITEM => Ok(location.objectid),
        Some(_) => Err(DiskError::damaged("the entry of the default subvolume", "it points at no subvolume")),
    }
}
