//! What every filesystem answers.

use super::{Content, Result};
use std::fmt::Debug;
use std::ops::ControlFlow;

/// What kind of thing an inode is (`S_IFMT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InodeKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, FIFO or socket.
    Special,
}

/// What is known of an inode without reading what it holds, as stat(2) has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inode {
    /// Kind.
    pub(crate) kind: InodeKind,
    /// Bytes.
    pub(crate) size: u64,
    /// Last change of its content, seconds since the epoch.
    pub(crate) mtime: i64,
    /// Permission bits, with set-user-id and the like: the lower twelve of `st_mode`.
    pub(crate) mode: u32,
    /// Owner.
    pub(crate) uid: u32,
    /// Device number of a device node, as st_rdev has it on Linux (glibc's `makedev`).
    pub(crate) rdev: u64,
}

/// An entry of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DirEntry<'a> {
    /// Its name: bytes other than `/` and NUL, neither `.` nor `..`.
    pub(crate) name: &'a [u8],
    /// The number by which the filesystem is asked for it.
    pub(crate) inode: u64,
    /// What it is, where the directory tells.
    pub(crate) kind: Option<InodeKind>,
}

/// A filesystem that is read, and not mounted. Inodes are asked for by number: what the numbers mean is the
/// filesystem's own affair.
pub(crate) trait Filesystem: Debug + Send + Sync {
    /// The number of its top directory.
    fn top(&self) -> u64;

    /// What is known of an inode.
    ///
    /// # Errors
    /// When it is not in use, or cannot be read.
    fn inode(&self, number: u64) -> Result<Inode>;

    /// Looks a name up in a directory, by its index where it has one; `None` when there is none of that name.
    ///
    /// # Errors
    /// When it is no directory, or cannot be read.
    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<u64>>;

    /// Calls for every entry of a directory but `.` and `..`, in the order in which they lie there, until told to stop.
    ///
    /// # Errors
    /// When it is no directory, or cannot be read.
    fn list(&self, directory: u64, each: &mut dyn FnMut(DirEntry<'_>) -> ControlFlow<()>) -> Result<()>;

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// When it is none, or cannot be read.
    fn read_link(&self, link: u64) -> Result<Vec<u8>>;

    /// What a regular file holds.
    ///
    /// # Errors
    /// When it is none, or its extents cannot be read.
    fn open(&self, file: u64) -> Result<Box<dyn Content>>;
}
