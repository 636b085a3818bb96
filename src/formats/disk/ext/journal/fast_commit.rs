//! Fast commits (fs/ext4/fast_commit.h): they tell of changes in a language of their own, which is not read.

use super::log::Log;
use crate::formats::disk::ext::bytes::{le16, le32};
use crate::formats::disk::{DiskError, Result};

/// The tag with which the first one after a commit begins.
const HEAD: u16 = 9;

/// Refuses a journal with fast commits after its last transaction. Those after earlier ones are part of a later one by
/// now; they have another number.
///
/// # Errors
/// `Unsupported` when there are some.
pub(super) fn must_be_empty(log: &Log<'_>, end: u32) -> Result<()> {
    let Some(first) = log.superblock.fast_commits else { return Ok(()) };
    // The tag, its length, the features, and the transaction to which they belong.
    let bytes = log.block(first)?;
    match le16(&bytes, 0)? == HEAD && le32(&bytes, 8)? == end {
        true => Err(DiskError::Unsupported("a journal of ext4 with fast commits to replay".to_owned())),
        false => Ok(()),
    }
}
