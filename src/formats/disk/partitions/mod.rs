//! The partitions of a disk, as Linux finds them (`block/partitions/efi.c`, `msdos.c`).

mod dos;
mod gpt;
#[cfg(test)]
mod tests;

use super::{Blocks, Result};

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Its number, which the kernel's name of it ends with.
    pub(crate) number: u32,
    /// Where it begins, in bytes.
    pub(crate) start: u64,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// What `PARTUUID=` names, as blkid prints it.
    pub(crate) uuid: String,
    /// Its name, where a GUID partition table gives it one.
    pub(crate) label: Option<String>,
}

/// The partitions of a disk; `None` where it has no table.
///
/// # Errors
/// When the table cannot be read, or the kernel would refuse it.
pub(crate) fn partitions(disk: &dyn Blocks) -> Result<Option<Vec<Partition>>> {
    match gpt::partitions(disk)? {
        Some(partitions) => Ok(Some(partitions)),
        None => dos::partitions(disk),
    }
}
