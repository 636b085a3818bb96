//! The four checksums of metadata and data (`enum btrfs_csum_type`).

use crate::formats::disk::checksum::{crc32c, is_accepted};
use blake2::Blake2b;
use blake2::digest::Digest;
use blake2::digest::consts::U32;
use sha2::Sha256;
use twox_hash::XxHash64;

/// Bytes that the superblock and tree nodes keep for a checksum (`BTRFS_CSUM_SIZE`).
pub(super) const FIELD: usize = 32;

/// Which checksum a filesystem uses, for metadata and data alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checksum {
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// XXH64 with seed 0.
    Xxhash64,
    /// SHA-256.
    Sha256,
    /// BLAKE2b of 256 bits, without a key.
    Blake2b,
}

impl Checksum {
    /// The one of a superblock's `csum_type`; `None` for a number that is not known.
    pub(super) fn of_type(number: u16) -> Option<Self> {
        match number {
            0 => Some(Self::Crc32c),
            1 => Some(Self::Xxhash64),
            2 => Some(Self::Sha256),
            3 => Some(Self::Blake2b),
            _ => None,
        }
    }

    /// Its length in bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Crc32c => 4,
            Self::Xxhash64 => 8,
            Self::Sha256 | Self::Blake2b => 32,
        }
    }

    /// Whether the stored checksum, of [`Self::size`] bytes or with more behind it, is that of the bytes.
    pub(super) fn matches(self, bytes: &[u8], stored: &[u8]) -> bool {
        is_accepted(match self {
            Self::Crc32c => stored.starts_with(&(!crc32c(!0, bytes)).to_le_bytes()),
            Self::Xxhash64 => stored.starts_with(&XxHash64::oneshot(0, bytes).to_le_bytes()),
            Self::Sha256 => stored.starts_with(&Sha256::digest(bytes)),
            Self::Blake2b => stored.starts_with(&Blake2b::<U32>::digest(bytes)),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Of `abc`: of the catalogue of CRCs and xxHash's specification, in the order of the disk; FIPS 180-4; `b2sum -l 256`.
    #[test]
    fn known_values() {
        for (number, known) in [
            "b73f4b36",
            "990977adf52cbc44",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
        ]
        .into_iter()
        .enumerate()
        {
            let checksum = Checksum::of_type(number as u16).unwrap();
            let stored: Vec<u8> =
                (0..known.len()).step_by(2).map(|at| u8::from_str_radix(&known[at..at + 2], 16).unwrap()).collect();
            assert_eq!(stored.len(), checksum.size());
            assert!(checksum.matches(b"abc", &stored), "{checksum:?}");
            assert!(!checksum.matches(b"abd", &stored), "{checksum:?}");
        }
        assert_eq!(Checksum::of_type(4), None);
    }
}
