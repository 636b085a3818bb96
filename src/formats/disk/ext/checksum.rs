//! The checksums of ext4 and its journal: CRC-32C, CRC-32 with the first bit first, and CRC-16.

use std::sync::LazyLock;

/// For each byte and for each place of it before the end of a word of eight, what it changes.
type Tables = [[u32; 256]; 8];

/// The Castagnoli polynomial, its bits reversed (RFC 3720, appendix B.4).
const CASTAGNOLI: u32 = 0x82F6_3B78;
/// The polynomial of Ethernet's CRC-32, the first bit first: what the kernel calls `crc32_be`.
const ETHERNET: u32 = 0x04C1_1DB7;
/// The polynomial of the kernel's `crc16`, its bits reversed.
const CRC16: u16 = 0xA001;

static CRC32C: LazyLock<Tables> = LazyLock::new(|| {
    let one = |byte: u32| (0..8).fold(byte, |crc, _| if crc & 1 == 1 { crc >> 1 ^ CASTAGNOLI } else { crc >> 1 });
    let first: [u32; 256] = std::array::from_fn(|byte| one(byte as u32));
    let further = |crc: u32| crc >> 8 ^ entry(&first, crc as u8);
    std::array::from_fn(|place| first.map(|crc| (0..place).fold(crc, |crc, _| further(crc))))
});

static CRC32_BE: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let bit = |crc: u32| if crc >> 31 == 1 { crc << 1 ^ ETHERNET } else { crc << 1 };
    std::array::from_fn(|byte| (0..8).fold((byte as u32) << 24, |crc, _| bit(crc)))
});

fn entry(table: &[u32; 256], byte: u8) -> u32 {
    table.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Goes on with a CRC-32C: it is not inverted, neither before nor after, as ext4 has it.
pub(super) fn crc32c(start: u32, bytes: &[u8]) -> u32 {
    let [t0, t1, t2, t3, t4, t5, t6, t7] = &*CRC32C;
    let (words, rest) = bytes.as_chunks::<8>();
    let crc = words.iter().fold(start, |crc, &[b0, b1, b2, b3, b4, b5, b6, b7]| {
        let [c0, c1, c2, c3] = crc.to_le_bytes();
        entry(t7, b0 ^ c0)
            ^ entry(t6, b1 ^ c1)
            ^ entry(t5, b2 ^ c2)
            ^ entry(t4, b3 ^ c3)
            ^ entry(t3, b4)
            ^ entry(t2, b5)
            ^ entry(t1, b6)
            ^ entry(t0, b7)
    });
    rest.iter().fold(crc, |crc, &byte| crc >> 8 ^ entry(t0, crc as u8 ^ byte))
}

/// Goes on with a CRC-32, the first bit first, not inverted.
pub(super) fn crc32_be(start: u32, bytes: &[u8]) -> u32 {
    let table = &*CRC32_BE;
    bytes.iter().fold(start, |crc, &byte| crc << 8 ^ entry(table, (crc >> 24) as u8 ^ byte))
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
        assert_eq!(!crc32c(!0, b"123456789"), 0xE306_9283);
        assert_eq!(!crc32c(!0, &[0; 32]), 0x8A91_36AA);
        assert_eq!(!crc32_be(!0, b"123456789"), 0xFC89_1918);
        assert_eq!(crc16(0, b"123456789"), 0xBB3D);
    }
}
