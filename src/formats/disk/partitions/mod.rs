//! The partitions of a disk, as Linux finds them (`block/partitions/efi.c`, `msdos.c`).

mod dos;
mod gpt;
mod partition;
#[cfg(test)]
mod tests;

use super::{Blocks, Result};

pub(crate) use partition::Partition;

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
