//! Kernel modules that are compressed.

use super::Error;
use crate::formats::image::allowance::Allowance;
use crate::formats::image::compression::{self, Compression};

/// The most that a compressed module unpacks to, in bytes; the largest have some 10 MB. It is less than what is read
/// of a file (`MODULE_LIMIT` in `probes/kernel`), since packed bytes, what came out of them and the decoder's window are
/// in memory together, while of a plain module there is nothing else.
const UNPACKED_LIMIT: u64 = 24 << 20;

/// A module as the kernel sees it: unpacked where it is compressed as `.ko.gz`, `.ko.xz` or `.ko.zst`.
///
/// # Errors
/// When it cannot be unpacked, or not within the limits.
pub(crate) fn unpacked(bytes: Vec<u8>, allowance: &Allowance) -> Result<Vec<u8>, Error> {
    match Compression::detect(&bytes) {
        Some(packed @ (Compression::Gzip | Compression::Xz | Compression::Zstd)) => {
            compression::unpack(packed, &bytes, UNPACKED_LIMIT, allowance).map_err(Error::Packed)
        }
        _ => Ok(bytes),
    }
}
