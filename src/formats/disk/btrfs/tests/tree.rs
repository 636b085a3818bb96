//! A tree of files, as a filesystem has it and as the directory that it was made of has it.

use super::*;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What is compared of a file. Directories have their own idea of their size.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Seen {
    kind: InodeKind,
    size: u64,
    mtime: i64,
    mode: u32,
    uid: u32,
    rdev: u64,
    /// Content, or the target of a link.
    pub(super) bytes: Vec<u8>,
}

pub(super) type Tree = BTreeMap<Vec<u8>, Seen>;

pub(super) fn read_all(content: &dyn Content) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0xa5; 300_000];
    loop {
        match content.read_at(bytes.len() as u64, &mut buffer)? {
            0 => return Ok(bytes),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Everything below a directory. Each entry that is listed must be found by its name, too.
pub(super) fn of_filesystem(filesystem: &dyn Filesystem) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut left = vec![(filesystem.top(), Vec::new())];
    while let Some((directory, path)) = left.pop() {
        let mut entries = Vec::new();
        filesystem.list(directory, &mut |entry| {
            entries.push((entry.name.to_vec(), entry.inode, entry.kind));
            ControlFlow::Continue(())
        })?;
        for (name, number, kind) in entries {
            assert_eq!(filesystem.lookup(directory, &name)?, Some(number), "{}", name.escape_ascii());
            let path = [&path, name.as_slice()].join(&b'/');
            let inode = filesystem.inode(number)?;
            assert_eq!(Some(inode.kind), kind);
            let bytes = match inode.kind {
                InodeKind::File => read_all(&*filesystem.open(number)?)?,
                InodeKind::Link => filesystem.read_link(number)?,
                _ => Vec::new(),
            };
            if inode.kind == InodeKind::Directory {
                left.push((number, path.clone()));
            }
            tree.insert(path, seen(inode, bytes));
        }
    }
    Ok(tree)
}

fn seen(inode: Inode, bytes: Vec<u8>) -> Seen {
    let Inode { kind, size, mtime, mode, uid, rdev } = inode;
    let size = if kind == InodeKind::Directory { 0 } else { size };
    Seen { kind, size, mtime, mode, uid, rdev, bytes }
}

pub(super) fn of_directory(top: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut left = vec![(top.to_owned(), Vec::new())];
    while let Some((directory, path)) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let path = [&path, entry.file_name().as_bytes()].join(&b'/');
            let metadata = entry.path().symlink_metadata().unwrap();
            let file_type = metadata.file_type();
            let (kind, bytes) = if file_type.is_dir() {
                left.push((entry.path(), path.clone()));
                (InodeKind::Directory, Vec::new())
            } else if file_type.is_file() {
                (InodeKind::File, std::fs::read(entry.path()).unwrap())
            } else if file_type.is_symlink() {
                (InodeKind::Link, entry.path().read_link().unwrap().as_os_str().as_bytes().to_vec())
            } else {
                (InodeKind::Special, Vec::new())
            };
            let (mode, uid, rdev) = (metadata.mode() & 0o7777, metadata.uid(), metadata.rdev());
            let inode = Inode { kind, size: metadata.size(), mtime: metadata.mtime(), mode, uid, rdev };
            tree.insert(path, seen(inode, bytes));
        }
    }
    tree
}

/// Compares without printing the contents.
pub(super) fn assert_same(got: &Tree, wanted: &Tree) {
    let names = |tree: &Tree| tree.keys().map(|path| path.escape_ascii().to_string()).collect::<Vec<_>>();
    assert_eq!(names(got), names(wanted));
    for (path, one) in got {
        let other = &wanted[path];
        let path = OsStr::from_bytes(path);
        let place = one.bytes.iter().zip(&other.bytes).position(|(one, other)| one != other);
        assert_eq!((one.bytes.len(), place), (other.bytes.len(), None), "{path:?}");
        let short = |seen: &Seen| format!("{:?}", Seen { bytes: Vec::new(), ..*seen });
        assert_eq!(short(one), short(other), "{path:?}");
    }
}
