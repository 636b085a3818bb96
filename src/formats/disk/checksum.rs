//! CRC-32C (Castagnoli): the checksum of ext4 and its journal, of XFS, and of btrfs unless it was given another one.

/// Goes on with a remainder, which is inverted neither before nor behind: the kernel's `crc32c()`. The checksum that
/// RFC 3720 defines is `!crc32c(!0, bytes)`.
pub(super) fn crc32c(remainder: u32, bytes: &[u8]) -> u32 {
    !crc32c::crc32c_append(!remainder, bytes)
}

#[cfg(any(test, fuzzing))]
thread_local! {
    static UNVERIFIED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Does it with every checksum of a filesystem taken for right, as whoever means harm computes them.
#[cfg(any(test, fuzzing))]
pub(crate) fn unverified(work: impl FnOnce()) {
    UNVERIFIED.set(true);
    work();
    UNVERIFIED.set(false);
}

/// Whether a checksum is accepted: one that is right, and every one within `unverified`.
pub(crate) fn is_accepted(right: bool) -> bool {
    #[cfg(any(test, fuzzing))]
    let right = right || UNVERIFIED.get();
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the catalogue of CRCs, and of RFC 3720, appendix B.4.
    #[test]
    fn known_values() {
        assert_eq!(!crc32c(!0, b"123456789"), 0xE306_9283);
        assert_eq!(!crc32c(!0, &[0; 32]), 0x8A91_36AA);
        assert_eq!(!crc32c(crc32c(!0, b"1234"), b"56789"), 0xE306_9283);
        assert_eq!(crc32c(0, &[0; 32]), 0);
    }
}
