//! The file of `isctpl watch --since-boot`: `isctpl.timeline/v1`.

use isctpl_checks::facts::{TIMELINE_SCHEMA, Timeline};

/// The most that the file may hold, in bytes. The watch keeps it far smaller.
pub(crate) const LIMIT: u64 = 1 << 20;

/// Reads the file.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Timeline, String> {
    let timeline: Timeline = serde_json::from_slice(bytes).map_err(|error| format!("is no timeline: {error}"))?;
    if timeline.schema != TIMELINE_SCHEMA {
        return Err(format!("is no {TIMELINE_SCHEMA}"));
    }
    Ok(timeline)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_timeline_is_told() {
        assert_eq!(parse(br#"{"schema": "isctpl.timeline/v9"}"#).unwrap_err(), "is no isctpl.timeline/v1");
        assert!(parse(b"[1").unwrap_err().starts_with("is no timeline: "));
        assert!(parse(br#"{"schema": "isctpl.timeline/v1", "seen_us": -1}"#).is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
