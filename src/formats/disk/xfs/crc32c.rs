//! CRC-32C (Castagnoli) as XFS stores it (`fs/xfs/libxfs/xfs_cksum.h`): over a whole structure, the four bytes of the
//! sum itself taken as zeros, stored with the low byte first in a format that is big-endian elsewhere.

use super::view::View;
use crate::formats::disk::Result;

/// The polynomial 0x1EDC6F41, its bits reversed.
const POLYNOMIAL: u32 = 0x82F6_3B78;

/// `TABLES[n][byte]`: what `byte` does to the sum when `n` further bytes follow it.
static TABLES: [[u32; 256]; 8] = tables();

#[allow(clippy::indexing_slicing)] // While it is compiled, where an index behind the end is an error.
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = (sum >> 1) ^ (POLYNOMIAL * (sum & 1));
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[table - 1][byte];
            tables[table][byte] = (before >> 8) ^ tables[0][(before & 0xFF) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// The entry of a table for the lowest byte of a word.
#[inline]
fn entry(table: &[u32; 256], word: u32) -> u32 {
    let [byte, ..] = word.to_le_bytes();
    table.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The sum after `bytes`, without the inversion at its end.
fn update(mut sum: u32, bytes: &[u8]) -> u32 {
    let [one, two, three, four, five, six, seven, eight] = &TABLES;
    let (eights, rest) = bytes.as_chunks::<8>();
    for [a, b, c, d, e, f, g, h] in eights {
        let low = sum ^ u32::from_le_bytes([*a, *b, *c, *d]);
        let high = u32::from_le_bytes([*e, *f, *g, *h]);
        sum = entry(eight, low) ^ entry(seven, low >> 8) ^ entry(six, low >> 16) ^ entry(five, low >> 24);
        sum ^= entry(four, high) ^ entry(three, high >> 8) ^ entry(two, high >> 16) ^ entry(one, high >> 24);
    }
    rest.iter().fold(sum, |sum, byte| (sum >> 8) ^ entry(one, sum ^ u32::from(*byte)))
}

/// The sum of `bytes`.
#[cfg(test)]
pub(super) fn sum(bytes: &[u8]) -> u32 {
    !update(u32::MAX, bytes)
}

/// Holds a structure against the sum that stands `at` bytes into it.
///
/// # Errors
/// When it does not fit.
pub(super) fn check(view: View<'_>, at: usize) -> Result<()> {
    let stored = u32::from_le_bytes(view.array(at)?);
    let sum = update(u32::MAX, view.part(0, at)?);
    let sum = update(sum, &[0; 4]);
    let rest = view.bytes().get(at.saturating_add(4)..).unwrap_or_default();
    if !update(sum, rest) == stored { Ok(()) } else { Err(view.damaged("its checksum does not fit")) }
}
