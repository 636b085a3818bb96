//! Extensions of the header, of which only what names things is read.

use crate::formats::disk::{Blocks, fields};

const FEATURE_NAMES: u32 = 0x6803_f857;
const DATA_FILE: u32 = 0x4441_5441;

/// Length of a row of the table of feature names: kind of feature, bit, name.
const ROW: usize = 48;
const INCOMPATIBLE: u8 = 0;

/// Text up to its NUL.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// The names of incompatible features, as far as the image tells them, and the numbers of the other ones. `within` is
/// where the extensions begin and end.
pub(super) fn feature_names(file: &dyn Blocks, within: (u64, u64), features: u64) -> String {
    let table = find(file, within, FEATURE_NAMES).unwrap_or_default();
    let name = |bit: u8| {
        let row = table.chunks_exact(ROW).find(|row| row.starts_with(&[INCOMPATIBLE, bit]));
        row.and_then(|row| row.get(2..)).map(text).filter(|name| !name.is_empty())
    };
    let named = |bit: u8| match name(bit) {
        Some(name) => format!("the feature {name:?} (incompatible bit {bit})"),
        None => format!("the feature of the incompatible bit {bit}"),
    };
    let bits = (0..64).filter(|bit| features & (1 << bit) != 0);
    bits.map(named).collect::<Vec<_>>().join(" and ")
}

/// The name of the external data file.
pub(super) fn data_file(file: &dyn Blocks, within: (u64, u64)) -> Option<String> {
    find(file, within, DATA_FILE).map(|name| text(&name)).filter(|name| !name.is_empty())
}

/// What an extension holds; `None` when there is none or it cannot be read, as it only helps to name what is refused.
fn find(file: &dyn Blocks, (start, end): (u64, u64), wanted: u32) -> Option<Vec<u8>> {
    let mut offset = start;
    while end.checked_sub(offset)? >= 8 {
        let mut head = [0; 8];
        super::padded::read_padded(file, offset, &mut head).ok()?;
        let (magic, length) = (fields::be32(&head, 0), u64::from(fields::be32(&head, 4)));
        offset += 8;
        if magic == 0 || length > end.checked_sub(offset)? {
            return None;
        }
        if magic == wanted {
            let mut bytes = vec![0; usize::try_from(length).ok()?];
            super::padded::read_padded(file, offset, &mut bytes).ok()?;
            return Some(bytes);
        }
        offset += length.next_multiple_of(8);
    }
    None
}
