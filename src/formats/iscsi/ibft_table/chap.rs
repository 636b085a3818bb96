//! The CHAP credentials in an iBFT: for a login, and for nothing else. [`super::parse`] never looks at them,
//! and what is read here becomes no fact.

use super::{CONTROL, HEADER, ID_TARGET, MOST_STRUCTURES, SIGNATURES, TARGET_LENGTH};
use crate::formats::text::secret::Secret;
use zeroize::Zeroizing;

/// One-way CHAP, as the target's structure has it.
#[derive(Debug, Clone)]
pub(crate) struct Chap {
    /// The name to answer by.
    pub name: String,
    /// The secret.
    pub secret: Secret,
}

/// The credentials of the target with this name; `None` when there is no such target, or none for it.
pub(crate) fn of_target(table: &[u8], target: &str) -> Option<Chap> {
    let signature = table.get(..4)?;
    if !SIGNATURES.iter().any(|known| known.as_bytes() == signature) {
        return None;
    }
    let length = usize::from(u16_at(table, CONTROL + 2)?);
    let offsets = table.get(CONTROL + HEADER + 2..CONTROL + length)?;
    let (offsets, _) = offsets.as_chunks::<2>();
    offsets.iter().take(MOST_STRUCTURES).map(|offset| usize::from(u16::from_le_bytes(*offset))).find_map(|at| {
        let structure = table.get(at..at.checked_add(TARGET_LENGTH)?)?;
        if structure.first() != Some(&ID_TARGET) {
            return None;
        }
        // RFC 3722: names that differ in case alone are one.
        if !text(table, structure, 34)?.eq_ignore_ascii_case(target) {
            return None;
        }
        let (name, secret) = (text(table, structure, 38)?, text(table, structure, 42)?);
        (!name.is_empty() && !secret.is_empty())
            .then(|| Chap { name: name.to_string(), secret: Secret::new(secret.to_string()) })
    })
}

/// The text that a structure points at with a length and an offset.
fn text(table: &[u8], structure: &[u8], field: usize) -> Option<Zeroizing<String>> {
    let length = usize::from(u16_at(structure, field)?);
    let offset = usize::from(u16_at(structure, field + 2)?);
    let bytes = table.get(offset..offset.checked_add(length)?)?;
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    std::str::from_utf8(bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::super::sample::{CANARY, Sample};
    use super::*;
    use proptest::prelude::*;

    const TARGET: &str = "iqn.2013-01.com.example:storage.1";

    #[test]
    fn finds_the_credentials_of_one_target() {
        let table = Sample::default().build();
        let chap = of_target(&table, TARGET).unwrap();
        assert_eq!((chap.name.as_str(), chap.secret.expose()), ("user", CANARY));
        assert!(!format!("{chap:?}").contains(CANARY));
        assert!(of_target(&table, "iqn.other").is_none());
    }

    #[test]
    fn a_target_without_chap_has_none() {
        assert!(of_target(&Sample { chap: false, ..Sample::default() }.build(), TARGET).is_none());
    }

    #[test]
    fn a_cut_table_is_no_panic() {
        let table = Sample::default().build();
        for end in 0..table.len() {
            let _ = of_target(&table[..end], TARGET);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn never_panics(at in 0_usize..0x150, bytes in proptest::collection::vec(any::<u8>(), 0..8)) {
            let mut table = Sample::default().build();
            for (number, byte) in bytes.iter().enumerate() {
                if let Some(place) = table.get_mut(at + number) {
                    *place = *byte;
                }
            }
            let _ = of_target(&table, TARGET);
        }
    }
}
