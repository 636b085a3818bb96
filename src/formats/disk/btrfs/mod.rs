//! btrfs on one device, read as it stood at the last commit (the kernel's `fs/btrfs`, and
//! `include/uapi/linux/btrfs_tree.h` for what lies on the disk).
//!
//! Everything but the superblock is found by logical addresses, which `chunks` leads to the device, and lies in trees
//! of checksummed nodes (`store`, `node`, `tree`). The root tree tells where each subvolume's own tree begins.

mod bytes;
mod checksum;
mod chunks;
mod compression;
mod dir_item;
mod features;
mod file;
mod file_extent;
mod inode_item;
mod key;
mod node;
mod numbers;
mod roots;
mod shared;
mod store;
mod subvolumes;
mod superblock;
mod tree;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use subvolumes::Subvolume;

use super::{Disk, DiskError, Filesystem, Result};
use chunks::Chunks;
use key::{CHUNK_ITEM, CHUNK_TREE, CSUM_TREE, FIRST_CHUNK_TREE, Key, ROOT_TREE, is_subvolume};
use numbers::Numbers;
use shared::Shared;
use std::sync::Arc;
use store::Store;
use superblock::Superblock;
use tree::Tree;
use view::View;

/// A btrfs.
#[derive(Debug, Clone)]
pub(crate) struct Btrfs {
    shared: Arc<Shared>,
}

/// Opens the btrfs on a device.
///
/// # Errors
/// When its superblock, its chunks or its root tree are damaged or cannot be read, when it has features that are not
/// read, or when it was not unmounted and a log waits to be replayed.
pub(crate) fn open(disk: Disk) -> Result<Btrfs> {
    let superblock = Superblock::read(&disk)?;
    if superblock.log_root != 0 {
        return Err(DiskError::Unsupported("the btrfs has a log that the next mount replays".to_owned()));
    }
    let first = Chunks::of_superblock(&superblock)?;
    let store = Store::new(disk, superblock, first);
    let tree = Tree { id: CHUNK_TREE, root: store.superblock.chunk_root };
    let mut chunks = Chunks::default();
    tree.each(&store, Key::new(FIRST_CHUNK_TREE, CHUNK_ITEM, 0), |key, item| {
        chunks.push(key, item, &store.superblock).map(|()| None::<()>)
    })?;
    let store = store.with_chunks(chunks.finish()?);
    let roots = Tree { id: ROOT_TREE, root: store.superblock.root };
    let sums = roots::find(&store, &roots, CSUM_TREE)?.map(|root| root.tree);
    Ok(Btrfs { shared: Arc::new(Shared { store, roots, sums, numbers: Numbers::default() }) })
}

impl Btrfs {
    /// All subvolumes, the top one first.
    ///
    /// # Errors
    /// When one of them cannot be found out, or there are too many.
    pub(crate) fn subvolumes(&self) -> Result<Vec<Subvolume>> {
        subvolumes::list(&self.shared)
    }

    /// The number of the subvolume that is mounted when none is asked for.
    ///
    /// # Errors
    /// When the root tree is damaged or cannot be read.
    pub(crate) fn default_subvolume(&self) -> Result<u64> {
        roots::default_subvolume(&self.shared.store, &self.shared.roots)
    }

    /// What is seen when the subvolume of a number is mounted.
    ///
    /// # Errors
    /// When there is none of this number, or the root tree is damaged or cannot be read.
    pub(crate) fn at(&self, subvolume: u64) -> Result<impl Filesystem + use<>> {
        let Shared { store, roots, .. } = &*self.shared;
        let root = if is_subvolume(subvolume) { roots::find(store, roots, subvolume)? } else { None };
        let root = root.ok_or_else(|| DiskError::Read(format!("the btrfs has no subvolume {subvolume}")))?;
        View::new(&self.shared, &root)
    }
}
