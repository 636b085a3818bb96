//! Images that mkfs.btrfs and the kernel make, held against what was put into them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod damage;
mod devices;
mod image;
mod log;
mod mkfs;
mod mounted;
mod prebuilt;
mod tree;

use super::super::{Blocks, Content, Disk, DiskError, Filesystem, Inode, InodeKind, Result};
use super::{Btrfs, Subvolume, open};
