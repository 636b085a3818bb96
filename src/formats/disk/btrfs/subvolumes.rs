//! Which subvolumes there are, and where.

use super::super::{DiskError, Result};
use super::bytes::{u16_at, u64_at};
use super::key::{FS_TREE, INODE_REF, Key, ROOT_BACKREF, is_subvolume};
use super::roots::{self, Root};
use super::shared::Shared;
use std::collections::BTreeMap;

/// The most subvolumes that are told.
const MOST: usize = 1 << 16;
/// The longest path: a longer one cannot be given to mount(8) (`PATH_MAX`).
const LONGEST: usize = 4096;
/// The most bytes of all paths.
const MOST_BYTES: usize = 8 << 20;
/// The most directories that are looked at on the way up to the top.
const MOST_STEPS: usize = 1 << 20;

/// A subvolume or snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subvolume {
    /// Its number, as in `subvolid=`.
    pub(crate) id: u64,
    /// Its path from the top of the filesystem on, without a slash at its beginning, as in `subvol=`; empty for the
    /// top itself.
    pub(crate) path: Vec<u8>,
    /// Whether nothing may change it.
    pub(crate) read_only: bool,
}

/// Where a subvolume is entered (`struct btrfs_root_ref`).
#[derive(Debug, Clone)]
struct Entry {
    /// The subvolume in which it lies.
    parent: u64,
    /// The directory in that.
    directory: u64,
    name: Vec<u8>,
}

/// All subvolumes, by number.
///
/// # Errors
/// When the root tree or a directory on the way is damaged or cannot be read, or there are too many.
pub(super) fn list(shared: &Shared) -> Result<Vec<Subvolume>> {
    let entries = entries(shared)?;
    let mut walk =
        Walk { shared, entries: &entries, paths: BTreeMap::from([(FS_TREE, Vec::new())]), steps: 0, bytes: 0 };
    let mut found = Vec::new();
    for id in std::iter::once(FS_TREE).chain(entries.keys().copied()) {
        if let Some(root) = roots::find(&shared.store, &shared.roots, id)? {
            found.push(Subvolume { id, path: walk.path(id)?, read_only: root.read_only });
        }
    }
    Ok(found)
}

fn entries(shared: &Shared) -> Result<BTreeMap<u64, Entry>> {
    let mut entries = BTreeMap::new();
    let mut cursor = shared.roots.seek(&shared.store, Key::new(256, 0, 0))?;
    while let Some((key, item)) = cursor.item().filter(|(key, _)| is_subvolume(key.objectid)) {
        if key.kind == ROOT_BACKREF {
            let cut =
                || DiskError::damaged(format!("the back reference of subvolume {}", key.objectid), "it is cut off");
            let (directory, name) = reference(item, 16).ok_or_else(cut)?;
            entries.insert(key.objectid, Entry { parent: key.offset, directory, name });
            if entries.len() > MOST {
                return Err(DiskError::Unsupported(format!("the btrfs has more than {MOST} subvolumes")));
            }
        }
        cursor.advance()?;
    }
    Ok(entries)
}

/// A number at the beginning, and a name whose length stands at an offset.
fn reference(item: &[u8], at: usize) -> Option<(u64, Vec<u8>)> {
    let length = usize::from(u16_at(item, at)?);
    Some((u64_at(item, 0)?, item.get(at + 2..)?.get(..length)?.to_vec()))
}

/// The way from subvolumes to the top.
struct Walk<'a> {
    shared: &'a Shared,
    entries: &'a BTreeMap<u64, Entry>,
    /// Those that are known already.
    paths: BTreeMap<u64, Vec<u8>>,
    steps: usize,
    bytes: usize,
}

impl Walk<'_> {
    fn path(&mut self, id: u64) -> Result<Vec<u8>> {
        let mut chain = Vec::new();
        let mut at = id;
        let mut path = loop {
            if let Some(known) = self.paths.get(&at) {
                break known.clone();
            }
            let damaged = |what: &str| DiskError::damaged(format!("subvolume {at}"), what);
            let entry = self.entries.get(&at).ok_or_else(|| damaged("it is in no directory"))?;
            if chain.len() > self.entries.len() {
                return Err(damaged("it lies in itself"));
            }
            chain.push((at, entry));
            at = entry.parent;
        };
        while let Some((id, entry)) = chain.pop() {
            let mut parts = self.directory(entry)?;
            parts.push(entry.name.clone());
            for part in parts {
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend(part);
            }
            self.bytes += path.len();
            if path.len() > LONGEST || self.bytes > MOST_BYTES {
                return Err(DiskError::Unsupported(format!("the path of subvolume {id} is too long")));
            }
            self.paths.insert(id, path.clone());
        }
        Ok(path)
    }

    /// The names from the top of a subvolume to a directory of it.
    fn directory(&mut self, entry: &Entry) -> Result<Vec<Vec<u8>>> {
        let Shared { store, roots, .. } = self.shared;
        let missing = || DiskError::damaged(format!("subvolume {}", entry.parent), "it is named, and not there");
        let Root { tree, top, .. } = roots::find(store, roots, entry.parent)?.ok_or_else(missing)?;
        let mut parts = Vec::new();
        let mut at = entry.directory;
        while at != top {
            let damaged = |what: &str| DiskError::damaged(format!("inode {at} of tree {}", entry.parent), what);
            self.steps += 1;
            if parts.len() > LONGEST / 2 || self.steps > MOST_STEPS {
                return Err(damaged("it is too deep below the top of its subvolume"));
            }
            let cut = || damaged("its back reference is cut off");
            let take = |key: Key, item: &[u8]| Ok(Some((key.offset, reference(item, 8).ok_or_else(cut)?)));
            let found = tree.each(store, Key::new(at, INODE_REF, 0), take)?;
            let (around, (_, name)) = found.ok_or_else(|| damaged("it is in no directory"))?;
            parts.push(name);
            at = around;
        }
        parts.reverse();
        Ok(parts)
    }
}
