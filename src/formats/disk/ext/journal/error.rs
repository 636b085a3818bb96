//! How a journal that is damaged is told.

use crate::formats::disk::DiskError;

/// What is wrong with the journal.
pub(super) fn damaged(what: impl Into<String>) -> DiskError {
    DiskError::damaged("the journal of ext4", what)
}
