//! A subvolume with all that lies below it, as a filesystem.

use super::super::{Content, DirEntry, DiskError, Filesystem, Inode, InodeKind, Result};
use super::bytes::{u16_at, u64_at};
use super::dir_item::{DirItem, LONGEST};
use super::file::File;
use super::key::{DIR_INDEX, DIR_ITEM, INODE_ITEM, Key, ROOT_ITEM, ROOT_REF};
use super::numbers::Target;
use super::roots::{self, Root};
use super::shared::Shared;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The longest target of a symbolic link: it stands inline, in a sector (`PATH_MAX`).
const LONGEST_LINK: u64 = 4096;

/// A subvolume from its top directory on. Others below it are entered as the kernel does.
#[derive(Debug)]
pub(super) struct View {
    shared: Arc<Shared>,
    top: u64,
}

impl View {
    /// The view from the top of a subvolume.
    ///
    /// # Errors
    /// When there are too many subvolumes.
    pub(super) fn new(shared: &Arc<Shared>, root: &Root) -> Result<Self> {
        let top = shared.numbers.of(root, root.top)?;
        Ok(Self { shared: Arc::clone(shared), top })
    }

    /// Inode and subvolume of a directory; `None` for an empty one.
    fn directory(&self, number: u64) -> Result<Option<(Root, u64)>> {
        let Target::Inode(root, objectid) = self.shared.numbers.target(number)? else { return Ok(None) };
        self.expect(&root, objectid, InodeKind::Directory, "a directory")?;
        Ok(Some((root, objectid)))
    }

    fn expect(&self, root: &Root, objectid: u64, kind: InodeKind, name: &str) -> Result<Inode> {
        let inode = self.shared.inode(&root.tree, objectid)?.inode;
        if inode.kind != kind {
            let place = format!("inode {objectid} of tree {}", root.tree.id);
            return Err(DiskError::damaged(place, format!("it is not {name}, as which it is asked for")));
        }
        Ok(inode)
    }

    fn file(&self, number: u64, kind: InodeKind, name: &str) -> Result<File> {
        match self.shared.numbers.target(number)? {
            Target::Inode(root, objectid) => {
                self.expect(&root, objectid, kind, name)?;
                File::new(&self.shared, root.tree, objectid)
            }
            Target::Empty(_) => Err(DiskError::damaged(format!("inode {number}"), format!("it is not {name}"))),
        }
    }

    /// The number of what an entry of a directory names.
    fn number(&self, around: &Root, directory: u64, location: Key, name: &[u8]) -> Result<u64> {
        match location.kind {
            INODE_ITEM => self.shared.numbers.of(around, location.objectid),
            ROOT_ITEM => match self.subvolume(around, directory, location.objectid, name)? {
                Some(root) => self.shared.numbers.of(&root, root.top),
                None => {
                    let inode = self.shared.inode(&around.tree, directory)?.inode;
                    self.shared.numbers.empty(self.shared.numbers.of(around, directory)?, inode)
                }
            },
            kind => {
                let place = format!("an entry of directory {directory} of tree {}", around.tree.id);
                Err(DiskError::damaged(place, format!("it points at an item of type {kind}")))
            }
        }
    }

    /// The subvolume of an entry. A snapshot has the entries of what it was taken of, but the subvolumes are not in it:
    /// the root tree says which directory a subvolume is really in (`fixup_tree_root_location`).
    fn subvolume(&self, around: &Root, directory: u64, id: u64, name: &[u8]) -> Result<Option<Root>> {
        let Shared { store, roots, .. } = &*self.shared;
        let here = |item: &[u8]| {
            let length = u16_at(item, 16).map(usize::from);
            let stored = length.and_then(|length| item.get(18..)?.get(..length));
            Ok(u64_at(item, 0) == Some(directory) && stored == Some(name))
        };
        match roots.find(store, Key::new(around.tree.id, ROOT_REF, id), here)? {
            Some(true) => roots::find(store, roots, id),
            _ => Ok(None),
        }
    }
}

impl Filesystem for View {
    fn top(&self) -> u64 {
        self.top
    }

    fn inode(&self, number: u64) -> Result<Inode> {
        match self.shared.numbers.target(number)? {
            Target::Inode(root, objectid) => Ok(self.shared.inode(&root.tree, objectid)?.inode),
            Target::Empty(inode) => Ok(inode),
        }
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<u64>> {
        let Some((root, objectid)) = self.directory(directory)? else { return Ok(None) };
        if name.len() > LONGEST {
            return Ok(None);
        }
        let key = Key::new(objectid, DIR_ITEM, DirItem::hash(name));
        let location = root.tree.find(&self.shared.store, key, |item| DirItem::find(item, name))?.flatten();
        location.map(|location| self.number(&root, objectid, location, name)).transpose()
    }

    fn list(&self, directory: u64, each: &mut dyn FnMut(DirEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let Some((root, objectid)) = self.directory(directory)? else { return Ok(()) };
        root.tree.each(&self.shared.store, Key::new(objectid, DIR_INDEX, 0), |_, item| {
            let (DirItem { location, kind, name }, _) = DirItem::split(item)?;
            let inode = self.number(&root, objectid, location, name)?;
            Ok(each(DirEntry { name, inode, kind: Some(kind) }).break_value())
        })?;
        Ok(())
    }

    fn read_link(&self, link: u64) -> Result<Vec<u8>> {
        let file = self.file(link, InodeKind::Link, "a symbolic link")?;
        let length = usize::try_from(file.size().min(LONGEST_LINK + 1)).unwrap_or_default();
        if length as u64 > LONGEST_LINK {
            return Err(DiskError::damaged(format!("symbolic link {link}"), format!("it has {} bytes", file.size())));
        }
        let mut target = vec![0; length];
        file.read_at(0, &mut target)?;
        Ok(target)
    }

    fn open(&self, file: u64) -> Result<Box<dyn Content>> {
        Ok(Box::new(self.file(file, InodeKind::File, "a regular file")?))
    }
}
