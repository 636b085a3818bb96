//! What is known of a path without reading it.

use nix::sys::stat::{FileStat, SFlag};

/// What kind of thing a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, FIFO or socket.
    Special,
}

/// What is known of a path without reading it.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// Kind.
    pub kind: FileKind,
    /// Bytes.
    pub size: u64,
    /// Last change, seconds since the epoch.
    pub mtime: i64,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Device number of a device node, as st_rdev has it.
    pub rdev: u64,
    /// Device number of the filesystem it lies on, as st_dev has it.
    pub dev: u64,
    /// Number of its inode.
    pub ino: u64,
}

impl From<FileStat> for Meta {
    fn from(stat: FileStat) -> Self {
        let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => FileKind::File,
            SFlag::S_IFDIR => FileKind::Directory,
            SFlag::S_IFLNK => FileKind::Link,
            _ => FileKind::Special,
        };
        Self {
            kind,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime: stat.st_mtime,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            rdev: stat.st_rdev,
            dev: stat.st_dev,
            ino: stat.st_ino,
        }
    }
}

impl FileKind {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Special => "a device, FIFO or socket",
        }
    }
}
