//! What a filesystem holds, read through this reader and through the host's kernel.

use crate::formats::disk::ext::Ext;
use crate::formats::disk::{Filesystem as _, Inode, InodeKind, Result};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A file, with all that is compared of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) inode: Inode,
    /// What a file holds, or where a link points.
    pub(super) content: Vec<u8>,
}

/// By path, without the first `/`.
pub(super) type Tree = BTreeMap<Vec<u8>, Found>;

/// The tree below a directory of the host. A directory's size and time are not compared: the copy has its own.
pub(super) fn host(directory: &Path) -> Tree {
    let mut tree = Tree::new();
    collect_host(directory, Vec::new(), &mut tree);
    tree
}

fn collect_host(directory: &Path, prefix: Vec<u8>, tree: &mut Tree) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = [prefix.as_slice(), entry.file_name().as_bytes()].concat();
        let metadata = entry.path().symlink_metadata().unwrap();
        let kind = metadata.file_type();
        let (kind, content) = if kind.is_file() {
            (InodeKind::File, std::fs::read(entry.path()).unwrap())
        } else if kind.is_symlink() {
            (InodeKind::Link, std::fs::read_link(entry.path()).unwrap().into_os_string().into_vec())
        } else if kind.is_dir() {
            collect_host(&entry.path(), [&path, b"/".as_slice()].concat(), tree);
            (InodeKind::Directory, Vec::new())
        } else {
            (InodeKind::Special, Vec::new())
        };
        let directory = kind == InodeKind::Directory;
        let inode = Inode {
            kind,
            size: if directory || kind == InodeKind::Special { 0 } else { metadata.size() },
            mtime: if directory { 0 } else { metadata.mtime() },
            mode: metadata.mode() & 0o7777,
            uid: metadata.uid(),
            rdev: metadata.rdev(),
        };
        tree.insert(path, Found { inode, content });
    }
}

/// The tree of a filesystem. Each name is looked up as well, and so is one beside it that is not there.
pub(super) fn read(ext: &Ext) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut pending = vec![(ext.top(), Vec::new())];
    while let Some((directory, prefix)) = pending.pop() {
        let mut entries = Vec::new();
        ext.list(directory, &mut |entry| {
            entries.push((entry.name.to_vec(), entry.inode, entry.kind));
            ControlFlow::Continue(())
        })?;
        for (name, number, kind) in entries {
            assert_eq!(ext.lookup(directory, &name)?, Some(number), "{}", String::from_utf8_lossy(&name));
            let beside = [name.get(..name.len() - 1).unwrap(), b"\x02"].concat();
            assert_eq!(ext.lookup(directory, &beside)?, None);
            let path = [prefix.as_slice(), &name].concat();
            if path == b"lost+found" {
                continue;
            }
            let mut inode = ext.inode(number)?;
            assert!(kind.is_none_or(|kind| kind == inode.kind), "{kind:?} {inode:?}");
            let content = match inode.kind {
                InodeKind::File => content(ext, number)?,
                InodeKind::Link => ext.read_link(number)?,
                InodeKind::Directory => {
                    pending.push((number, [&path, b"/".as_slice()].concat()));
                    (inode.size, inode.mtime) = (0, 0);
                    Vec::new()
                }
                InodeKind::Special => Vec::new(),
            };
            tree.insert(path, Found { inode, content });
        }
    }
    Ok(tree)
}

/// What a file holds.
pub(super) fn content(ext: &Ext, number: u64) -> Result<Vec<u8>> {
    let content = ext.open(number)?;
    let mut bytes = vec![0xAA; usize::try_from(content.size()).unwrap()];
    assert_eq!(content.read_at(0, &mut bytes)?, bytes.len());
    Ok(bytes)
}

/// The number of a path.
pub(super) fn resolve(ext: &Ext, path: &str) -> Result<Option<u64>> {
    path.split('/').try_fold(Some(ext.top()), |directory, name| match directory {
        Some(directory) => ext.lookup(directory, name.as_bytes()),
        None => Ok(None),
    })
}

/// Fails with the first difference of two trees, which are too large to be printed whole.
pub(super) fn must_be_equal(found: &Tree, wanted: &Tree) {
    for (path, wanted) in wanted {
        let name = String::from_utf8_lossy(path);
        let found = found.get(path).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(found.inode, wanted.inode, "{name}");
        assert!(found.content == wanted.content, "{name} holds something else");
    }
    let more: Vec<_> = found.keys().filter(|path| !wanted.contains_key(*path)).collect();
    assert!(more.is_empty(), "{more:?}");
}
