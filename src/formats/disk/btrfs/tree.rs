//! Trees, and walks over their items.

use super::super::{DiskError, Result};
use super::key::Key;
use super::node::Node;
use super::store::Store;
use super::superblock::{LEVELS, RootPointer};
use std::sync::Arc;

/// A tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    /// Its number (`BTRFS_*_TREE_OBJECTID`, or that of a subvolume), which its nodes carry as their owner.
    pub(super) id: u64,
    /// Where it begins.
    pub(super) root: RootPointer,
}

/// A place in a tree: an item, or its end.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    store: &'a Store,
    tree: Tree,
    /// The nodes from the root on, each with the index that was followed; the last one is the leaf.
    path: Vec<(Arc<Node>, usize)>,
}

impl Tree {
    /// The first item whose key is the wanted one or behind it.
    ///
    /// # Errors
    /// When a node on the way is damaged or cannot be read.
    pub(super) fn seek<'a>(&self, store: &'a Store, key: Key) -> Result<Cursor<'a>> {
        let mut cursor = Cursor { store, tree: *self, path: Vec::with_capacity(usize::from(LEVELS)) };
        cursor.descend(self.root, None, |node| match node.lower_bound(key) {
            index if node.level == 0 || node.key(index) == Some(key) => index,
            index => index.saturating_sub(1),
        })?;
        cursor.leave_full_leaf()?;
        Ok(cursor)
    }

    /// The last item whose key is the wanted one or before it; the end when there is none.
    ///
    /// # Errors
    /// As [`Self::seek`].
    pub(super) fn floor<'a>(&self, store: &'a Store, key: Key) -> Result<Cursor<'a>> {
        let mut cursor = Cursor { store, tree: *self, path: Vec::with_capacity(usize::from(LEVELS)) };
        cursor.descend(self.root, None, |node| match node.lower_bound(key) {
            index if node.key(index) == Some(key) => index,
            // Before the first key of the whole tree there is none.
            0 if node.level == 0 => usize::MAX,
            index => index.saturating_sub(1),
        })?;
        Ok(cursor)
    }

    /// What belongs to the item of exactly this key.
    ///
    /// # Errors
    /// As [`Self::seek`].
    pub(super) fn find<T>(&self, store: &Store, key: Key, take: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>> {
        let cursor = self.floor(store, key)?;
        cursor.item().filter(|(found, _)| *found == key).map(|(_, data)| take(data)).transpose()
    }

    /// Calls for each item of an objectid and kind, from an offset on, until it gives something.
    ///
    /// # Errors
    /// As [`Self::seek`], and what the call says.
    pub(super) fn each<T>(
        &self,
        store: &Store,
        first: Key,
        mut each: impl FnMut(Key, &[u8]) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        let mut cursor = self.seek(store, first)?;
        while let Some((key, data)) = cursor.item().filter(|(key, _)| key.is(first.objectid, first.kind)) {
            if let Some(value) = each(key, data)? {
                return Ok(Some(value));
            }
            cursor.advance()?;
        }
        Ok(None)
    }
}

impl Cursor<'_> {
    /// The item here; `None` at the end of the tree.
    pub(super) fn item(&self) -> Option<(Key, &[u8])> {
        let (leaf, index) = self.path.last()?;
        Some((leaf.key(*index)?, leaf.data(*index)?))
    }

    /// The key behind this item, when it lies in the same leaf.
    pub(super) fn next_key(&self) -> Option<Key> {
        let (leaf, index) = self.path.last()?;
        leaf.key(index.checked_add(1)?)
    }

    /// Goes on to the next item. Keys ascend from leaf to leaf, so that no walk takes a leaf twice.
    ///
    /// # Errors
    /// As [`Tree::seek`].
    pub(super) fn advance(&mut self) -> Result<()> {
        if let Some((_, index)) = self.path.last_mut() {
            *index = index.saturating_add(1);
        }
        self.leave_full_leaf()
    }

    /// Goes on to the next leaf when all items of this one have been taken.
    fn leave_full_leaf(&mut self) -> Result<()> {
        let Some((leaf, index)) = self.path.last() else { return Ok(()) };
        if *index < leaf.count() {
            return Ok(());
        }
        let last = leaf.count().checked_sub(1).and_then(|last| leaf.key(last));
        while let Some((node, index)) = self.path.pop() {
            let next = index.saturating_add(1);
            if node.level == 0 || next >= node.count() {
                continue;
            }
            let pointer = self.child(&node, next)?;
            let first = node.key(next);
            if first <= last {
                let what = "a leaf begins before the end of the one before it";
                return Err(DiskError::damaged(format!("tree {}", self.tree.id), what));
            }
            self.path.push((node, next));
            return self.descend(pointer, first, |_| 0);
        }
        Ok(())
    }

    fn child(&self, node: &Node, index: usize) -> Result<RootPointer> {
        let (bytenr, generation) = node.child(index).ok_or_else(|| {
            DiskError::damaged(format!("tree {}", self.tree.id), "a node has no child where one is looked for")
        })?;
        Ok(RootPointer { bytenr, level: node.level.saturating_sub(1), generation })
    }

    /// Goes down from a node to a leaf. Levels fall by one each time, so it ends.
    fn descend(&mut self, from: RootPointer, first_key: Option<Key>, choose: impl Fn(&Node) -> usize) -> Result<()> {
        let (mut pointer, mut first_key) = (from, first_key);
        loop {
            let node = self.store.node(pointer.bytenr)?;
            self.check(&node, pointer, first_key)?;
            let index = choose(&node);
            if node.level == 0 {
                self.path.push((node, index));
                return Ok(());
            }
            pointer = self.child(&node, index)?;
            first_key = node.key(index);
            self.path.push((node, index));
        }
    }

    /// Whether a node is what its parent says (`btrfs_verify_level_key`, `btrfs_check_eb_owner`).
    fn check(&self, node: &Node, pointer: RootPointer, first_key: Option<Key>) -> Result<()> {
        let what = if node.level != pointer.level {
            format!("it is of level {}, and its parent says {}", node.level, pointer.level)
        } else if node.generation != pointer.generation {
            format!("it is of generation {}, and its parent says {}", node.generation, pointer.generation)
        } else if !node.belongs_to(self.tree.id) {
            format!("it does not belong to tree {}", self.tree.id)
        } else if first_key.is_some() && node.key(0) != first_key {
            "its first key is not what its parent says".to_owned()
        } else {
            return Ok(());
        };
        Err(DiskError::damaged(format!("tree node {}", pointer.bytenr), what))
    }
}
