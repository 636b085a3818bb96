//! A directory that stands in its inode (`struct xfs_dir2_sf_hdr`, `struct xfs_dir2_sf_entry`): without `.`, and `..`
//! as a number alone.

use super::name::{Each, check_name, kind};
use crate::formats::disk::xfs::view::View;
use crate::formats::disk::{DirEntry, InodeKind, Result};
use std::ops::ControlFlow;

/// The inode of the entry of this name.
///
/// # Errors
/// When the directory is damaged.
pub(super) fn lookup(directory: View<'_>, ftype: bool, name: &[u8]) -> Result<Option<u64>> {
    let mut found = None;
    list(directory, ftype, &mut |entry| {
        if entry.name == name {
            found = Some(entry.inode);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Calls for every entry, until told to stop.
///
/// # Errors
/// When the directory is damaged.
pub(super) fn list(directory: View<'_>, ftype: bool, each: Each<'_>) -> Result<()> {
    let (count, wide) = (directory.u8(0)?, directory.u8(1)? != 0);
    let width = if wide { 8 } else { 4 };
    let mut at = 2 + width;
    for _ in 0..count {
        let name = directory.part(at + 3, usize::from(directory.u8(at)?))?;
        check_name(directory, name)?;
        let behind = at + 3 + name.len();
        let kind: Option<InodeKind> = if ftype { kind(directory, directory.u8(behind)?)? } else { None };
        let number = behind + usize::from(ftype);
        let inode = if wide { directory.u64(number)? } else { u64::from(directory.u32(number)?) };
        if each(DirEntry { name, inode, kind }).is_break() {
            break;
        }
        at = number + width;
    }
    Ok(())
}
