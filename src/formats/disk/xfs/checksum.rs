//! The sums of XFS (`fs/xfs/libxfs/xfs_cksum.h`): a CRC-32C over a whole structure, the four bytes of the sum itself
//! taken as zeros, stored with the low byte first in a format that is big-endian elsewhere.

use super::view::View;
use crate::formats::disk::Result;
use crate::formats::disk::checksum::{crc32c, is_accepted};

/// Holds a structure against the sum that stands `at` bytes into it.
///
/// # Errors
/// When it does not fit.
pub(super) fn check(view: View<'_>, at: usize) -> Result<()> {
    let stored = u32::from_le_bytes(view.array(at)?);
    let rest = view.bytes().get(at.saturating_add(4)..).unwrap_or_default();
    let sum = !crc32c(crc32c(crc32c(!0, view.part(0, at)?), &[0; 4]), rest);
    if is_accepted(sum == stored) { Ok(()) } else { Err(view.damaged("its checksum does not fit")) }
}
