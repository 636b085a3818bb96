//! Numbers in structures.

use crate::formats::disk::{DiskError, Result};

/// The `N` bytes of a structure from `at` on.
fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    let field = at.checked_add(N).and_then(|end| bytes.get(at..end)).and_then(|field| field.try_into().ok());
    field.ok_or_else(|| DiskError::damaged("a structure of ext4", format!("it ends before its byte {at}")))
}

/// One byte.
pub(super) fn byte(bytes: &[u8], at: usize) -> Result<u8> {
    array::<1>(bytes, at).map(|[byte]| byte)
}

/// A little-endian number of 16 bits.
pub(super) fn le16(bytes: &[u8], at: usize) -> Result<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

/// A little-endian number of 32 bits.
pub(super) fn le32(bytes: &[u8], at: usize) -> Result<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// A little-endian number whose lower 32 bits and whose upper ones lie apart.
pub(super) fn le64_of(bytes: &[u8], low: usize, high: usize) -> Result<u64> {
    Ok(u64::from(le32(bytes, low)?) | u64::from(le32(bytes, high)?) << 32)
}

/// A big-endian number of 16 bits, as the journal has them.
pub(super) fn be16(bytes: &[u8], at: usize) -> Result<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

/// A big-endian number of 32 bits.
pub(super) fn be32(bytes: &[u8], at: usize) -> Result<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

/// A big-endian number of 64 bits.
pub(super) fn be64(bytes: &[u8], at: usize) -> Result<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

/// A part of a structure.
pub(super) fn part(bytes: &[u8], start: usize, end: usize) -> Result<&[u8]> {
    let cut_short = || DiskError::damaged("a structure of ext4", format!("it ends before its byte {end}"));
    bytes.get(start..end).ok_or_else(cut_short)
}
