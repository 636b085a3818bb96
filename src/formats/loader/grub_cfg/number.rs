//! Numbers as GRUB reads them (`grub_strtoull` in `grub-core/kern/misc.c`).

/// The number that a text begins with, and how many bytes belong to it, none where it begins with none: decimal,
/// hexadecimal behind `0x`, octal behind `0`.
pub(super) fn unsigned(text: &str) -> (u64, usize) {
    let blanks = text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let trimmed = text.get(blanks..).unwrap_or_default().as_bytes();
    let (base, mut at) = match trimmed {
        [b'0', b'x', ..] => (16, 2),
        [b'0', b'0'..=b'7', ..] => (8, 0),
        _ => (10, 0),
    };
    let begin = at;
    let mut number: u64 = 0;
    while let Some(digit) = trimmed.get(at).and_then(|byte| char::from(*byte).to_digit(base)) {
        number = match number.checked_mul(u64::from(base)).and_then(|number| number.checked_add(u64::from(digit))) {
            Some(number) => number,
            None => return (u64::MAX, blanks + at),
        };
        at += 1;
    }
    (number, if at == begin { 0 } else { blanks + at })
}

/// The number that a test compares: 0 where there is none, and as wide as GRUB's `int`.
pub(super) fn signed(text: &str) -> i32 {
    let low = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX).cast_signed();
    match text.strip_prefix('-') {
        Some(text) => low(unsigned(text).0).wrapping_neg(),
        None => low(unsigned(text).0),
    }
}
