//! Disks that are mounted nowhere: image formats, partitions, volumes and filesystems, read from their bytes.
//!
//! Each layer is [`Blocks`] over the one below it, up to a [`Filesystem`]. Nothing is written, and a disk may be
//! anybody's: what a layer says of places, lengths and counts is held against the layer below, every walk has an end,
//! and what is not understood is refused with its reason instead of being guessed.

mod blocks;
pub(crate) mod btrfs;
pub(crate) mod checksum;
mod content;
mod error;
pub(crate) mod ext;
pub(crate) mod fat;
mod fields;
mod filesystem;
mod logical_volume;
pub(crate) mod partitions;
pub(crate) mod qcow2;
mod recent;
#[cfg(test)]
mod skipped;
mod structures;
mod window;
pub(crate) mod xfs;

pub(crate) use blocks::{Blocks, Disk};
pub(crate) use content::{Content, Extent, Mapped};
pub(crate) use error::DiskError;
pub(crate) use filesystem::{DirEntry, Filesystem, Inode, InodeKind};
pub(crate) use logical_volume::LogicalVolume;
pub(crate) use structures::{Patience, Structures};
pub(crate) use window::{Stream, Window};

/// What reading a disk gives.
pub(crate) type Result<T> = std::result::Result<T, DiskError>;
