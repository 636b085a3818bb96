//! Text that may reach a terminal, a log or another program: the one place that decides which characters do.
//!
//! Facts come from files, firmware and targets that anybody may have written. What moves the cursor, changes
//! the direction of text, ends a line or cannot be seen is shown as an escape and never obeyed, so that one
//! fact is one line.

use crate::formats::text::names;
use std::borrow::Cow;
use std::fmt::{Display, Write};
use std::path::Path;

/// Whether a character shows as itself wherever it stands. Controls, formats (zero width, direction of text,
/// tags), line and paragraph separators, spaces other than U+0020, marks that join the character before
/// them, private and unassigned characters do not.
fn shows(character: char) -> bool {
    match character {
        // What escapes in Rust's source only.
        '\'' | '"' | '\\' => true,
        character if character.is_ascii() => !character.is_ascii_control(),
        character => character.escape_debug().len() == 1,
    }
}

fn escape(character: char, into: &mut String) {
    if let Some(byte) = names::byte_of(character) {
        // Writing to a String cannot fail.
        let _ = write!(into, "\\x{byte:02x}");
        return;
    }
    match character {
        '\n' => into.push_str("\\n"),
        '\r' => into.push_str("\\r"),
        character => into.extend(character.escape_unicode()),
    }
}

/// A text as part of one line: `\u{1b}` for ESC, `\n` for a line end, a space for a tab.
pub fn line(text: &str) -> Cow<'_, str> {
    if text.chars().all(shows) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\t' => shown.push(' '),
            character if shows(character) => shown.push(character),
            character => escape(character, &mut shown),
        }
    }
    Cow::Owned(shown)
}

/// Anything that can be told, as part of one line.
pub fn told(what: &impl Display) -> String {
    line(&what.to_string()).into_owned()
}

/// Bytes that should be UTF-8: those that are not stand as `\xff`.
pub fn lossless(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    Cow::Owned(text)
}

/// A path as part of one line.
pub fn path(path: &Path) -> String {
    line(&lossless(path.as_os_str().as_encoded_bytes())).into_owned()
}

/// A whole text of our own, laid out, with our own colours: the last sieve before a stream. Line ends, tabs
/// and colours pass; whatever else should not have come so far is escaped.
pub fn screen(text: &str) -> Cow<'_, str> {
    let passes = |character: char| shows(character) || matches!(character, '\n' | '\t');
    if text.chars().all(passes) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let taken = match colour(rest) {
            Some(length) => {
                shown.push_str(&rest[..length]);
                length
            }
            None => {
                if passes(character) {
                    shown.push(character);
                } else {
                    escape(character, &mut shown);
                }
                character.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    Cow::Owned(shown)
}

/// The length of the colour sequence that a text begins with: `ESC [ NUMBERS m`.
fn colour(text: &str) -> Option<usize> {
    let numbers = text.strip_prefix("\x1b[")?;
    let end = numbers.find(|character: char| !(character.is_ascii_digit() || character == ';'))?;
    numbers[end..].starts_with('m').then_some(2 + end + 1)
}

/// JSON text as it is written: outside of strings JSON is ASCII, so every other character stands in a string, where
/// its escape (RFC 8259, section 7) means the same. A byte of a name that is no UTF-8 stands as `\xff`, as everywhere.
pub fn json(text: &str) -> Cow<'_, str> {
    let passes = |character: char| shows(character) || matches!(character, '\n' | '\r' | '\t');
    if text.chars().all(passes) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 64);
    for character in text.chars() {
        if passes(character) {
            shown.push(character);
            continue;
        }
        if let Some(byte) = names::byte_of(character) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\\\x{byte:02x}");
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        for (text, wanted) in [
            ("plain, übergroß, 日本, “quoted” 'x' \\ \"y\"", "plain, übergroß, 日本, “quoted” 'x' \\ \"y\""),
            ("a\tb", "a b"),
            ("title\nBOOTS: x\r", "title\\nBOOTS: x\\r"),
            ("\x1b[2J\x07\x7f\u{9b}31m", "\\u{1b}[2J\\u{7}\\u{7f}\\u{9b}31m"),
            ("\u{61c}\u{200e}\u{202e}\u{2066}\u{2069}", "\\u{61c}\\u{200e}\\u{202e}\\u{2066}\\u{2069}"),
            ("\u{2028}\u{2029}\u{85}", "\\u{2028}\\u{2029}\\u{85}"),
            ("a\u{200b}\u{ad}\u{feff}\u{a0}b", "a\\u{200b}\\u{ad}\\u{feff}\\u{a0}b"),
            ("\u{e0041}\u{e000}\u{fff9}\u{10ffff}", "\\u{e0041}\\u{e000}\\u{fff9}\\xff"),
        ] {
            assert_eq!(line(text), wanted);
        }
    }

    #[test]
    fn a_name_that_is_no_utf_8_reads_the_same_everywhere() {
        let name = names::decode(b"99-\xff.yaml");
        assert_eq!(line(&name), "99-\\xff.yaml");
        assert_eq!(json(&serde_json::to_string(&name).unwrap()), r#""99-\\xff.yaml""#);
    }

    #[test]
    fn bytes_that_are_no_text_are_told_apart() {
        assert_eq!(lossless(b"99-\xff.yaml"), "99-\\xff.yaml");
        assert_eq!(lossless(b"\xc3\xa4\xc3"), "ä\\xc3");
        assert_eq!(lossless("ü".as_bytes()), "ü");
    }

    #[test]
    fn our_own_colours_and_lines_pass() {
        let ours = "\x1b[1m\x1b[31mFAILS\x1b[0m at login\n\t│ x │\n";
        assert_eq!(screen(ours), ours);
        assert_eq!(screen("\x1b[31mA\x1b[2J\x1b]0;t\x07\x1b[\n\u{202e}"), {
            "\x1b[31mA\\u{1b}[2J\\u{1b}]0;t\\u{7}\\u{1b}[\n\\u{202e}"
        });
    }

    proptest! {
        #[test]
        fn nothing_that_is_obeyed_passes(text in any::<String>()) {
            let shown = line(&text);
            prop_assert!(shown.chars().all(shows), "{:?}", shown);
            prop_assert_eq!(line(&shown), shown.as_ref());
            let shown = screen(&text);
            prop_assert_eq!(screen(&shown), shown.as_ref());
        }

        #[test]
        fn json_means_the_same(text in any::<String>()) {
            let written = serde_json::to_string(&text).unwrap();
            let shown = json(&written);
            prop_assert!(shown.chars().all(shows));
            let bytes = |character: char| names::byte_of(character).map(|byte| format!("\\x{byte:02x}"));
            let wanted: String = text.chars().map(|c| bytes(c).unwrap_or_else(|| c.to_string())).collect();
            prop_assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), wanted);
        }

        #[test]
        fn any_bytes_are_shown(bytes in any::<Vec<u8>>()) {
            lossless(&bytes);
            path(Path::new(std::ffi::OsStr::new(&*lossless(&bytes))));
        }
    }
}
