//! The third pass: where in the log the last copy of each block lies.

use super::block;
use super::error::damaged;
use super::header::MAGIC;
use super::log::Log;
use super::revoked::Revoked;
use super::walk::{Kind, Walk};
use crate::formats::disk::Result;
use crate::formats::disk::ext::overlay::Replacement;
use std::collections::HashMap;

/// The copies, by number of block, in rising order.
///
/// # Errors
/// When a block of the log is damaged.
pub(super) fn find(log: &Log<'_>, end: u32, revoked: &Revoked) -> Result<Vec<(u64, Replacement)>> {
    let superblock = &log.superblock;
    let mut walk = Walk::new(log);
    let mut copies = HashMap::new();
    while !walk.is_at(end) {
        match walk.next()? {
            Some((Kind::Descriptor, bytes)) => {
                let corrupt =
                    || damaged(format!("the checksum of a descriptor of transaction {} is wrong", walk.sequence));
                block::tail_fits(superblock, &bytes)?.then_some(()).ok_or_else(corrupt)?;
                descriptor(log, &mut walk, &bytes, revoked, &mut copies)?;
            }
            Some((Kind::Commit, _)) => walk.sequence = walk.sequence.wrapping_add(1),
            Some((Kind::Revoke, _)) => {}
            None => return Err(damaged(format!("its transaction {} is not the same twice", walk.sequence))),
        }
    }
    let mut copies: Vec<_> = copies.into_iter().collect();
    copies.sort_unstable_by_key(|(block, _)| *block);
    Ok(copies)
}

fn descriptor(
    log: &Log<'_>,
    walk: &mut Walk<'_>,
    bytes: &[u8],
    revoked: &Revoked,
    copies: &mut HashMap<u64, Replacement>,
) -> Result<()> {
    for tag in block::tags(&log.superblock, bytes)? {
        let position = walk.skip(1)?;
        if revoked.contains(tag.block, walk.sequence) {
            continue;
        }
        if tag.block >= log.filesystem.blocks_count {
            return Err(damaged(format!("it has a copy of block {}, and there is no such block", tag.block)));
        }
        if log.superblock.checksums.is_for_blocks() && !tag.fits(&log.superblock, walk.sequence, &log.copy(position)?) {
            return Err(damaged(format!("the checksum of its copy of block {} is wrong", tag.block)));
        }
        let start = tag.escaped.then_some(MAGIC.to_be_bytes());
        copies.insert(tag.block, Replacement { place: log.place(position)?, start });
    }
    Ok(())
}
