//! Big-endian fields of a structure, and how to say which one it is.

use crate::formats::disk::{DiskError, Result};
use std::fmt;

/// Which structure bytes belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The primary superblock.
    Superblock,
    /// The journal.
    Log,
    /// An inode, by its number.
    Inode(u64),
    /// A block that belongs to an inode.
    Block {
        /// What it holds, in words.
        kind: &'static str,
        /// The number of the inode.
        owner: u64,
        /// Where it lies, in blocks of 512 bytes (`xfs_daddr_t`).
        sector: u64,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Superblock => f.write_str("the superblock of the XFS"),
            Self::Log => f.write_str("the log of the XFS"),
            Self::Inode(number) => write!(f, "XFS inode {number}"),
            Self::Block { kind, owner, sector } => write!(f, "the {kind} at sector {sector} of XFS inode {owner}"),
        }
    }
}

/// The bytes of a structure.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    bytes: &'a [u8],
    place: Place,
}

impl<'a> View<'a> {
    pub(super) fn new(bytes: &'a [u8], place: Place) -> Self {
        Self { bytes, place }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// That something is wrong with the structure.
    pub(super) fn damaged(&self, what: impl Into<String>) -> DiskError {
        DiskError::damaged(self.place.to_string(), what)
    }

    /// `length` bytes from `at` on.
    ///
    /// # Errors
    /// When the structure ends before them.
    pub(super) fn part(&self, at: usize, length: usize) -> Result<&'a [u8]> {
        let end = at.checked_add(length);
        let part = end.and_then(|end| self.bytes.get(at..end));
        part.ok_or_else(|| self.damaged(format!("{length} bytes at {at} lie behind its end")))
    }

    pub(super) fn array<const N: usize>(&self, at: usize) -> Result<[u8; N]> {
        let part = self.part(at, N)?;
        part.try_into().map_err(|_| self.damaged("it is cut"))
    }

    pub(super) fn u8(&self, at: usize) -> Result<u8> {
        Ok(u8::from_be_bytes(self.array(at)?))
    }

    pub(super) fn u16(&self, at: usize) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array(at)?))
    }

    pub(super) fn u32(&self, at: usize) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array(at)?))
    }

    pub(super) fn u64(&self, at: usize) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array(at)?))
    }

    /// A count of bytes or records, as an index has it.
    pub(super) fn count16(&self, at: usize) -> Result<usize> {
        Ok(usize::from(self.u16(at)?))
    }
}
