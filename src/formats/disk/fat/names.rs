//! Names as Linux shows and compares them, mounted with `utf8`: short names in code page 437, its default, and long
//! ones in UTF-16.

use std::hash::{DefaultHasher, Hasher};

/// The upper half of code page 437.
const CODE_PAGE_437: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// A character of a short name; in lower case when its case bit says so and the code page has it.
pub(super) fn shown(byte: u8, lower: bool) -> char {
    let character = match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(index) => CODE_PAGE_437.chars().nth(usize::from(index)).unwrap_or('?'),
    };
    let folded = if lower { fold(character) } else { character };
    if folded.is_ascii() || CODE_PAGE_437.contains(folded) { folded } else { character }
}

/// The characters of a long name, up to its NUL. Halves of surrogate pairs are left out, as the kernel does
/// (`utf16s_to_utf8s`).
pub(super) fn long(units: &[u16]) -> impl Iterator<Item = char> + '_ {
    char::decode_utf16(units.iter().copied().take_while(|unit| *unit != 0)).filter_map(Result::ok)
}

/// Whether two names are the same but for case.
pub(super) fn same(one: impl Iterator<Item = char>, other: &str) -> bool {
    one.map(fold).eq(other.chars().map(fold))
}

/// A number that names have in common which are the same but for case, and few other ones.
pub(super) fn hash(name: impl Iterator<Item = char>) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.for_each(|character| hasher.write_u32(u32::from(fold(character))));
    hasher.finish()
}

/// Lower case. Beyond ASCII Linux folds what its `iocharset` has; here it is all that Unicode folds to one character.
fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}
