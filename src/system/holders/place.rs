//! Which mount, filesystem and device a path leads to, without asking a server.

use nix::errno::Errno;
use rustix::fs::{AtFlags, CWD, FileType, StatxFlags, statx};
use std::path::Path;

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Mount id; `None` before Linux 5.8.
    pub(super) mount: Option<u64>,
    /// Number of the filesystem.
    pub(super) device: (u32, u32),
    /// Number of the block device that it is a node of.
    pub(super) block: Option<(u32, u32)>,
}

/// Looks where a path leads, links followed, those of `/proc` too.
pub(super) fn place(path: &Path) -> Result<Place, Errno> {
    let flags = AtFlags::STATX_DONT_SYNC | AtFlags::NO_AUTOMOUNT;
    let stat = statx(CWD, path, flags, StatxFlags::TYPE | StatxFlags::MNT_ID)
        .map_err(|errno| Errno::from_raw(errno.raw_os_error()))?;
    let is_block = FileType::from_raw_mode(stat.stx_mode.into()) == FileType::BlockDevice;
    let told = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::MNT_ID);
    Ok(Place {
        mount: told.then_some(stat.stx_mnt_id),
        device: (stat.stx_dev_major, stat.stx_dev_minor),
        block: is_block.then_some((stat.stx_rdev_major, stat.stx_rdev_minor)),
    })
}
