//! The four checksums of metadata and data (`enum btrfs_csum_type`).

mod blake2b;
mod crc32c;
mod sha256;
mod xxhash64;

pub(super) use crc32c::update as crc32c_update;

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
        match self {
            Self::Crc32c => stored.starts_with(&crc32c::of(bytes).to_le_bytes()),
            Self::Xxhash64 => stored.starts_with(&xxhash64::of(bytes).to_le_bytes()),
            Self::Sha256 => stored.starts_with(&sha256::of(bytes)),
            Self::Blake2b => stored.starts_with(&blake2b::of(bytes)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// Check values: RFC 3720 B.4 and the catalogue of CRCs; xxHash's own; FIPS 180-4; RFC 7693 and `b2sum -l 256`.
    #[test]
    fn known_values() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(crc32c::of(b""), 0);
        assert_eq!(crc32c::of(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c::of(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c::of(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(xxhash64::of(b""), 0xef46_db37_51d8_e999);
        assert_eq!(xxhash64::of(b"abc"), 0x44bc_2cf5_ad77_0999);
        assert_eq!(hex(&sha256::of(b"abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(hex(&blake2b::of(b"abc")), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    }

    /// Every length around the sizes of blocks, against the programs of coreutils.
    #[test]
    fn against_coreutils() {
        use std::{io::Write, process};
        let run = |program: &[&str], input: &[u8]| {
            let mut child = process::Command::new(program[0])
                .args(&program[1..])
                .stdin(process::Stdio::piped())
                .stdout(process::Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(input).unwrap();
            String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
        };
        for length in [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 255, 256, 257, 4064, 16352] {
            let bytes: Vec<u8> = (0..length).map(|index| (index * 7 + index / 251) as u8).collect();
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            assert!(run(&["sha256sum"], &bytes).starts_with(&hex(&sha256::of(&bytes))), "{length}");
            assert!(run(&["b2sum", "-l", "256"], &bytes).starts_with(&hex(&blake2b::of(&bytes))), "{length}");
        }
    }

    /// However it is cut into parts, and by the definition, a bit at a time.
    #[test]
    fn crc_by_bits() {
        let bytes: Vec<u8> = (0..500_u32).map(|index| (index * index / 3) as u8).collect();
        for length in 0..bytes.len() {
            let bitwise = bytes[..length].iter().fold(!0_u32, |mut crc, byte| {
                crc ^= u32::from(*byte);
                (0..8).for_each(|_| crc = crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 });
                crc
            });
            assert_eq!(crc32c::of(&bytes[..length]), !bitwise);
            let half = crc32c::update(!0, &bytes[..length / 2]);
            assert_eq!(crc32c::update(half, &bytes[length / 2..length]), bitwise);
        }
    }
}
