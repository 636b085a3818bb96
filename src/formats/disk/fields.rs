//! Numbers at known places of a structure.

/// `N` bytes of a structure from `offset` on; zeros where it ends before them. Whoever asks has read the structure in
/// the length that its format gives it.
pub(super) fn bytes<const N: usize>(structure: &[u8], offset: usize) -> [u8; N] {
    structure.get(offset..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

/// A byte.
pub(super) fn byte(structure: &[u8], offset: usize) -> u8 {
    structure.get(offset).copied().unwrap_or(0)
}

/// 16 bits, the lowest byte first.
pub(super) fn le16(structure: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(bytes(structure, offset))
}

/// 32 bits, the lowest byte first.
pub(super) fn le32(structure: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes(structure, offset))
}

/// 32 bits, the highest byte first.
pub(super) fn be32(structure: &[u8], offset: usize) -> u32 {
    u32::from_be_bytes(bytes(structure, offset))
}

/// 64 bits, the highest byte first.
pub(super) fn be64(structure: &[u8], offset: usize) -> u64 {
    u64::from_be_bytes(bytes(structure, offset))
}
