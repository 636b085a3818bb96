//! The checksums of older filesystems and journals: CRC-32 with the first bit first, and CRC-16.

use std::sync::LazyLock;

/// The polynomial of Ethernet's CRC-32, the first bit first: what the kernel calls `crc32_be`.
const ETHERNET: u32 = 0x04C1_1DB7;
/// The polynomial of the kernel's `crc16`, its bits reversed.
const CRC16: u16 = 0xA001;

static CRC32_BE: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let bit = |crc: u32| if crc >> 31 == 1 { crc << 1 ^ ETHERNET } else { crc << 1 };
    std::array::from_fn(|byte| (0..8).fold((byte as u32) << 24, |crc, _| bit(crc)))
});

/// Goes on with a CRC-32, the first bit first, not inverted.
pub(super) fn crc32_be(start: u32, bytes: &[u8]) -> u32 {
    let entry = |byte: u8| CRC32_BE.get(usize::from(byte)).copied().unwrap_or_default();
    bytes.iter().fold(start, |crc, &byte| crc << 8 ^ entry((crc >> 24) as u8 ^ byte))
}

/// Goes on with a CRC-16.
pub(super) fn crc16(start: u16, bytes: &[u8]) -> u16 {
    let bit = |crc: u16| if crc & 1 == 1 { crc >> 1 ^ CRC16 } else { crc >> 1 };
    bytes.iter().fold(start, |crc, &byte| (0..8).fold(crc ^ u16::from(byte), |crc, _| bit(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_come_out() {
        assert_eq!(!crc32_be(!0, b"123456789"), 0xFC89_1918);
        assert_eq!(crc16(0, b"123456789"), 0xBB3D);
    }
}
