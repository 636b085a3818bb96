//! The header of an entry.

use super::error::Error;

/// Length of a header.
pub(super) const LENGTH: usize = 110;

/// An entry of an archive: its header and its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where its header begins, in bytes from the beginning of the unpacked segment.
    pub offset: u64,
    /// Which archive of the image it lies in, counted from 0 by their ends; hard links do not reach beyond it.
    pub archive: u32,
    /// The name as the archive has it, without its NUL; any bytes.
    pub name: Vec<u8>,
    /// Inode number; hard links of one file share it.
    pub ino: u32,
    /// Type and permissions, as st_mode.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Number of links.
    pub nlink: u32,
    /// Last change, seconds since the epoch.
    pub mtime: u32,
    /// Bytes of data that follow. Of hard links usually only one has the data.
    pub size: u32,
    /// Major and minor number of the filesystem it was taken from.
    pub dev: (u32, u32),
    /// Major and minor number of a device node.
    pub rdev: (u32, u32),
    /// Sum of the data's bytes, of an archive of the kind crc.
    pub(super) checksum: Option<u32>,
    pub(super) name_size: u32,
}

/// What kind of thing an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A block device.
    Block,
    /// A character device.
    Character,
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
    /// A mode that names no kind.
    Unknown,
}

impl Entry {
    /// What of a mode says which kind of thing it is (`S_IFMT`).
    pub(crate) const KIND: u32 = 0o170_000;

    /// What kind of thing it is.
    pub(crate) fn kind(&self) -> Kind {
        match self.mode & Self::KIND {
            0o100_000 => Kind::File,
            0o040_000 => Kind::Directory,
            0o120_000 => Kind::Link,
            0o060_000 => Kind::Block,
            0o020_000 => Kind::Character,
            0o010_000 => Kind::Fifo,
            0o140_000 => Kind::Socket,
            _ => Kind::Unknown,
        }
    }

    /// Reads a header; the name is still to be read.
    pub(super) fn parse(bytes: &[u8; LENGTH], offset: u64) -> Result<Self, Error> {
        let with_checksum = match &bytes[..6] {
            b"070701" => false,
            b"070702" => true,
            b"070707" => return Err(Error::OldFormat { offset }),
            _ => return Err(Error::Magic { offset }),
        };
        let field = |index: usize, name: &'static str| {
            bytes
                .get(6 + index * 8..14 + index * 8)
                .and_then(hexadecimal)
                .ok_or(Error::Field { offset: offset + 6 + index as u64 * 8, field: name })
        };
        let checksum = field(12, "check")?;
        Ok(Self {
            offset,
            archive: 0,
            name: Vec::new(),
            ino: field(0, "ino")?,
            mode: field(1, "mode")?,
            uid: field(2, "uid")?,
            gid: field(3, "gid")?,
            nlink: field(4, "nlink")?,
            mtime: field(5, "mtime")?,
            size: field(6, "filesize")?,
            dev: (field(7, "devmajor")?, field(8, "devminor")?),
            rdev: (field(9, "rdevmajor")?, field(10, "rdevminor")?),
            checksum: with_checksum.then_some(checksum),
            name_size: field(11, "namesize")?,
        })
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some((value << 4) | digit)
    })
}
