//! Patterns as fnmatch(3) without flags matches them.

use std::borrow::Cow;

/// Whether a text fits a pattern of `*`, `?`, `[…]`, `[!…]` and `\` escapes.
///
/// It takes at most the product of both lengths: only the last `*` is ever taken back.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when the text after the last star does not fit.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let rest = pattern.get(p..).unwrap_or_default();
        let step = match (rest.first(), text.get(t)) {
            (None, None) => return true,
            (Some(b'*'), _) => {
                p += 1;
                retry = Some((p, t));
                continue;
            }
            (Some(_), Some(byte)) => one(rest, *byte),
            (_, None) => return false,
            (None, Some(_)) => None,
        };
        match (step, retry) {
            (Some(width), _) => {
                p += width;
                t += 1;
            }
            (None, Some((star, from))) => {
                p = star;
                t = from + 1;
                retry = Some((star, t));
            }
            (None, None) => return false,
        }
    }
}

/// Matches one byte with what the pattern begins with; the pattern's bytes that this took.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', ..] => match class(pattern, byte) {
            Some((true, width)) => Some(width),
            Some((false, _)) => None,
            // Without its end a bracket stands for itself.
            None => (byte == b'[').then_some(1),
        },
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [literal, ..] => (*literal == byte).then_some(1),
        [] => None,
    }
}

/// Whether a byte is in the class that the pattern begins with, and the class's width.
fn class(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(1), Some(b'!' | b'^'));
    let start = if negated { 2 } else { 1 };
    let mut at = start;
    let mut found = false;
    loop {
        let first = *pattern.get(at)?;
        if first == b']' && at > start {
            return Some((found != negated, at + 1));
        }
        let last = match (pattern.get(at + 1), pattern.get(at + 2)) {
            (Some(b'-'), Some(last)) if *last != b']' => {
                at += 2;
                *last
            }
            _ => first,
        };
        found |= (first..=last).contains(&byte);
        at += 1;
    }
}

/// An alias as modprobe compares it: `-` written as `_` outside of brackets.
pub(super) fn with_underscores(text: &str) -> Cow<'_, str> {
    if !text.contains('-') {
        return Cow::Borrowed(text);
    }
    let mut in_class = false;
    let written = text.chars().map(|c| {
        match c {
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        if c == '-' && !in_class { '_' } else { c }
    });
    Cow::Owned(written.collect())
}
