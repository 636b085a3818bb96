//! Names of files as text, without loss: names are bytes, and need not be UTF-8.
//!
//! A byte that is no UTF-8 becomes a character of a range that Unicode leaves for private use, and becomes that
//! byte again where the name is used. So a name can be compared, cut and joined as text, and the file that it
//! names is still found.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What stands for the byte 0: the byte 0xff is the last character that there is.
const BASE: u32 = 0x10_ff00;

/// The first byte in UTF-8 of every character that stands for a byte. Few names have it.
const LEAD: u8 = 0xf4;

fn character_of(byte: u8) -> char {
    char::from_u32(BASE + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that a character stands for.
pub(crate) fn byte_of(character: char) -> Option<u8> {
    u8::try_from(u32::from(character).checked_sub(BASE)?).ok()
}

/// A name as text.
pub(crate) fn decode(bytes: &[u8]) -> String {
    if !bytes.contains(&LEAD)
        && let Ok(text) = str::from_utf8(bytes)
    {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    let stand_for = |bytes: &[u8], text: &mut String| text.extend(bytes.iter().map(|byte| character_of(*byte)));
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if byte_of(character).is_some() {
                // A name that truly has such a character must not become another one.
                stand_for(character.encode_utf8(&mut [0; 4]).as_bytes(), &mut text);
            } else {
                text.push(character);
            }
        }
        stand_for(chunk.invalid(), &mut text);
    }
    text
}

/// The bytes of a name.
pub(crate) fn encode(text: &str) -> Cow<'_, [u8]> {
    if !text.as_bytes().contains(&LEAD) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match byte_of(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// The path that a text names.
pub(crate) fn path(text: &str) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(&encode(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_utf_8_stays_as_it_is() {
        assert_eq!(decode("99-größe.yaml".as_bytes()), "99-größe.yaml");
        assert_eq!(*encode("99-größe.yaml"), *"99-größe.yaml".as_bytes());
    }

    #[test]
    fn another_byte_is_a_character_of_its_own() {
        let name = decode(b"99-\xff.yaml");
        assert!(name.starts_with("99-") && name.ends_with(".yaml") && name.chars().count() == 9, "{name:?}");
        assert_ne!(name, decode(b"99-\xfe.yaml"));
    }

    proptest! {
        #[test]
        fn every_name_comes_back(bytes in any::<Vec<u8>>(), character in any::<char>(), high in 0x10_ff00u32..=0x10_ffff) {
            let comes_back = |bytes: &[u8]| *encode(&decode(bytes)) == *bytes;
            prop_assert!(comes_back(&bytes));
            for character in [Some(character), char::from_u32(high)].into_iter().flatten() {
                prop_assert!(comes_back(character.to_string().as_bytes()));
            }
        }
    }
}
