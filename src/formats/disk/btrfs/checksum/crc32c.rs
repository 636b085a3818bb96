//! CRC-32C, sixteen bytes at a time: every block that is read goes through it.

/// The polynomial of Castagnoli, its bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// Bytes that one step takes.
const STEP: usize = 16;
/// For each place in a step, counted from its end, what a byte there adds to the remainder.
static TABLES: [[u32; 256]; STEP] = tables();

#[allow(clippy::indexing_slicing)] // The compiler runs it: it cannot fail later.
const fn tables() -> [[u32; 256]; STEP] {
    let mut tables = [[0; 256]; STEP];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            remainder = (remainder >> 1) ^ if remainder & 1 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        tables[0][byte] = remainder;
        byte += 1;
    }
    let mut place = 1;
    while place < STEP {
        let mut byte = 0;
        while byte < 256 {
            let remainder = tables[place - 1][byte];
            tables[place][byte] = (remainder >> 8) ^ tables[0][(remainder & 0xff) as usize];
            byte += 1;
        }
        place += 1;
    }
    tables
}

/// What a byte adds from its place in a step; never outside, since a table has an entry for each byte.
#[inline]
fn part(table: &[u32; 256], byte: u8) -> u32 {
    table.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Goes on with a remainder, which is inverted neither before nor behind: the kernel's `crc32c()`.
pub(in super::super) fn update(remainder: u32, bytes: &[u8]) -> u32 {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    let remainder = steps.iter().fold(remainder, |remainder, step| {
        let mut step = *step;
        step.iter_mut().zip(remainder.to_le_bytes()).for_each(|(byte, before)| *byte ^= before);
        TABLES.iter().rev().zip(step).fold(0, |sum, (table, byte)| sum ^ part(table, byte))
    });
    let [table, ..] = &TABLES;
    rest.iter().fold(remainder, |remainder, byte| (remainder >> 8) ^ part(table, remainder as u8 ^ byte))
}

/// The checksum, as RFC 3720 has it.
pub(super) fn of(bytes: &[u8]) -> u32 {
    !update(!0, bytes)
}
