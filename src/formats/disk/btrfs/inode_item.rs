//! Inodes (`struct btrfs_inode_item`).

use super::super::{Inode, InodeKind};
use super::bytes::{u32_at, u64_at};

/// `BTRFS_INODE_NODATASUM`: what the file holds has no checksums.
const NO_DATA_CHECKSUMS: u64 = 1;

/// What is taken from an inode.
#[derive(Debug, Clone, Copy)]
pub(super) struct InodeItem {
    /// What stat(2) says.
    pub(super) inode: Inode,
    /// Whether what it holds has checksums.
    pub(super) summed: bool,
}

impl InodeItem {
    /// Takes it from an item.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(item: &[u8]) -> Result<Self, String> {
        Self::fields(item).ok_or("it is too short")?
    }

    fn fields(item: &[u8]) -> Option<Result<Self, String>> {
        let mode = u32_at(item, 52)?;
        let kind = match mode & 0o170_000 {
            0o100_000 => InodeKind::File,
            0o040_000 => InodeKind::Directory,
            0o120_000 => InodeKind::Link,
            0o010_000 | 0o020_000 | 0o060_000 | 0o140_000 => InodeKind::Special,
            _ => return Some(Err(format!("its mode is {mode:o}"))),
        };
        let size = u64_at(item, 16)?;
        if i64::try_from(size).is_err() {
            return Some(Err(format!("its size is {size}")));
        }
        let mtime = u64_at(item, 136)?.cast_signed();
        let rdev = if mode & 0o020_000 != 0 && kind == InodeKind::Special { device(u64_at(item, 56)?) } else { 0 };
        let inode = Inode { kind, size, mtime, mode: mode & 0o7777, uid: u32_at(item, 44)?, rdev };
        let summed = u64_at(item, 64)? & NO_DATA_CHECKSUMS == 0;
        Some(Ok(Self { inode, summed }))
    }
}

/// The kernel keeps a `dev_t` of its own making, of 12 and 20 bits; stat(2) hands it out with the minor number's low
/// byte in front (`new_encode_dev`).
fn device(number: u64) -> u64 {
    let (major, minor) = (number >> 20 & 0xfff, number & 0xf_ffff);
    minor & 0xff | major << 8 | (minor & !0xff) << 12
}
