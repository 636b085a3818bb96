//! Reads past the end of the file.

use crate::formats::disk::{Blocks, Result};

/// Fills the buffer with what lies from `offset` on, and with zeros behind the end.
pub(super) fn read_padded(file: &dyn Blocks, offset: u64, buffer: &mut [u8]) -> Result<()> {
    let there = usize::try_from(file.size().saturating_sub(offset)).unwrap_or(usize::MAX).min(buffer.len());
    let (inside, behind) = buffer.split_at_mut_checked(there).unwrap_or_default();
    behind.fill(0);
    if inside.is_empty() { Ok(()) } else { file.read_at(offset, inside) }
}
