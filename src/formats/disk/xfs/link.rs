//! The targets of symbolic links (`fs/xfs/libxfs/xfs_symlink_remote.c`).

use super::block;
use super::fork::Fork;
use super::inode::Node;
use super::superblock::Superblock;
use super::view::{Place, View};
use crate::formats::disk::{Disk, InodeKind, Result};

/// The longest target, in bytes (`XFS_SYMLINK_MAXLEN`).
const LONGEST: usize = 1024;
/// Bytes of the header that each run of blocks begins with in version 5 (`struct xfs_dsymlink_hdr`).
const HEADER: usize = 56;

/// Where a symbolic link points.
///
/// # Errors
/// When the inode is none, or it is damaged.
pub(super) fn target(disk: &Disk, superblock: &Superblock, node: &Node) -> Result<Vec<u8>> {
    let fork = match &node.fork {
        Some(fork) if node.stat.kind == InodeKind::Link => fork,
        _ => return Err(node.damaged("it is no symbolic link")),
    };
    let length = usize::try_from(node.stat.size).ok().filter(|length| (1..=LONGEST).contains(length));
    let length = length.ok_or_else(|| node.damaged(format!("its target has {} bytes", node.stat.size)))?;
    let target = match fork {
        Fork::Local(target) => target.clone(),
        _ => remote(disk, superblock, node, fork, length)?,
    };
    if target.contains(&0) {
        return Err(node.damaged("its target has NUL in it"));
    }
    Ok(target)
}

/// A target that lies in blocks of its own.
fn remote(disk: &Disk, superblock: &Superblock, node: &Node, fork: &Fork, length: usize) -> Result<Vec<u8>> {
    let (mut target, mut next) = (Vec::new(), 0);
    for record in fork.records(disk, superblock)? {
        if target.len() >= length {
            break;
        }
        // 1024 bytes and their headers take no more than three blocks of 512 bytes.
        let place = superblock.place(record.block, record.count).filter(|_| !record.unwritten && record.offset == next);
        let at = place.filter(|_| record.count <= 4);
        let at = at.ok_or_else(|| node.damaged("its target was never written, or lies nowhere"))?;
        next = record.end();
        let size = usize::try_from(record.count << superblock.block_log).unwrap_or(usize::MAX);
        let bytes = disk.metadata(at, size)?;
        let owner = node.number;
        let view = View::new(&bytes, Place::Block { kind: "block of a target", owner, sector: at >> 9 });
        let header = if superblock.features.version5 { HEADER } else { 0 };
        let wanted = (length - target.len()).min(size.saturating_sub(header));
        if superblock.features.version5 {
            block::check(superblock, view, block::TARGET)?;
            let fits = view.part(0, 4)? == b"XSLM" && view.u32(4)? as usize == target.len();
            if !fits || view.u32(8)? as usize != wanted {
                return Err(view.damaged("its header does not fit the inode"));
            }
        }
        target.extend_from_slice(view.part(header, wanted)?);
    }
    if target.len() == length { Ok(target) } else { Err(node.damaged("its target is cut")) }
}
