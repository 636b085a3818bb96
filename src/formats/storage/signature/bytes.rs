//! Little-endian fields of a header, where there are that many bytes.

pub(super) fn slice(bytes: &[u8], offset: usize, length: usize) -> Option<&[u8]> {
    bytes.get(offset..offset.checked_add(length)?)
}

pub(super) fn array<const N: usize>(bytes: &[u8], offset: usize) -> Option<[u8; N]> {
    slice(bytes, offset, N)?.try_into().ok()
}

pub(super) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    array(bytes, offset).map(u16::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    array(bytes, offset).map(u32::from_le_bytes)
}

pub(super) fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    array(bytes, offset).map(u64::from_le_bytes)
}

pub(super) fn has(bytes: &[u8], offset: usize, magic: &[u8]) -> bool {
    slice(bytes, offset, magic.len()) == Some(magic)
}

/// Text up to the first NUL, without trailing spaces; `None` when there is none.
pub(super) fn text(bytes: &[u8], offset: usize, length: usize) -> Option<String> {
    let raw = slice(bytes, offset, length)?;
    let end = raw.iter().position(|byte| *byte == 0).unwrap_or(raw.len());
    let text = String::from_utf8_lossy(raw.get(..end)?).trim_end().to_owned();
    (!text.is_empty()).then_some(text)
}

/// A UUID in the order of its bytes, as RFC 9562 writes it; `None` when it is all zero.
pub(super) fn uuid(bytes: &[u8], offset: usize) -> Option<String> {
    let raw: [u8; 16] = array(bytes, offset)?;
    raw.iter().any(|byte| *byte != 0).then(|| dashed(&raw))
}

/// A GUID as the UEFI specification lays it out: the first three fields are little-endian.
pub(super) fn guid(bytes: &[u8], offset: usize) -> Option<String> {
    let mut raw: [u8; 16] = array(bytes, offset)?;
    for field in [0..4, 4..6, 6..8] {
        raw.get_mut(field)?.reverse();
    }
    raw.iter().any(|byte| *byte != 0).then(|| dashed(&raw))
}

fn dashed(raw: &[u8; 16]) -> String {
    let mut written = String::with_capacity(36);
    for (index, byte) in raw.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            written.push('-');
        }
        written.push_str(&format!("{byte:02x}"));
    }
    written
}
