//! The second pass: which blocks must not be replayed, since they were freed and may be something else now.

use super::block;
use super::error::damaged;
use super::log::Log;
use super::walk::{Kind, Walk};
use crate::formats::disk::{DiskError, Result};
use std::collections::HashMap;

/// How many blocks may be revoked.
const MOST: usize = 1 << 20;

/// By number of block, the last transaction that has revoked it.
#[derive(Debug)]
pub(super) struct Revoked(HashMap<u64, u32>);

impl Revoked {
    /// Whether a block of this transaction was revoked in it or later.
    pub(super) fn contains(&self, block: u64, sequence: u32) -> bool {
        self.0.get(&block).is_some_and(|revoked| sequence.wrapping_sub(*revoked).cast_signed() <= 0)
    }
}

/// What the transactions before `end` have revoked.
///
/// # Errors
/// When the log is damaged, or there is too much.
pub(super) fn find(log: &Log<'_>, end: u32) -> Result<Revoked> {
    let mut walk = Walk::new(log);
    let mut revoked = HashMap::new();
    while !walk.is_at(end)
        && let Some((kind, bytes)) = walk.next()?
    {
        match kind {
            Kind::Descriptor => walk.skip(block::tags(&log.superblock, &bytes)?.len()).map(|_| ())?,
            Kind::Commit => walk.sequence = walk.sequence.wrapping_add(1),
            Kind::Revoke => {
                let too_long = || damaged("a block with what it revokes is longer than a block");
                let blocks = block::revocations(&log.superblock, &bytes)?.ok_or_else(too_long)?;
                // The log is read in the order of transactions, so that a later one replaces an earlier one.
                revoked.extend(blocks.into_iter().map(|block| (block, walk.sequence)));
                if revoked.len() > MOST {
                    return Err(DiskError::Unsupported(format!(
                        "a journal of ext4 that revokes more than {MOST} blocks"
                    )));
                }
            }
        }
    }
    Ok(Revoked(revoked))
}
