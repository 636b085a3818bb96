//! The names in a directory, and what they say of their inodes.

use crate::formats::disk::xfs::view::View;
use crate::formats::disk::{DirEntry, InodeKind, Result};
use std::ops::ControlFlow;

/// What a directory calls for an entry.
pub(in crate::formats::disk::xfs) type Each<'a> = &'a mut dyn FnMut(DirEntry<'_>) -> ControlFlow<()>;

/// What an entry says that its inode is (`XFS_DIR3_FT_*`).
pub(super) fn kind(inode: View<'_>, stored: u8) -> Result<Option<InodeKind>> {
    match stored {
        0 => Ok(None),
        1 => Ok(Some(InodeKind::File)),
        2 => Ok(Some(InodeKind::Directory)),
        7 => Ok(Some(InodeKind::Link)),
        // Character and block devices, FIFOs, sockets, and the whiteouts of overlayfs.
        3..=6 | 8 => Ok(Some(InodeKind::Special)),
        _ => Err(inode.damaged(format!("an entry is of kind {stored}, which is none"))),
    }
}

/// Refuses a name that no path can have.
pub(super) fn check_name(place: View<'_>, name: &[u8]) -> Result<()> {
    if name.is_empty() || name.iter().any(|byte| matches!(byte, 0 | b'/')) {
        return Err(place.damaged("an entry's name is empty, or has NUL or a slash in it"));
    }
    Ok(())
}
