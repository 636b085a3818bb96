//! What `isctpl watch --since-boot` has written since the machine started.

use crate::system::{Root, since_boot};
use isctpl_checks::facts::{Problem, TIMELINE, TIMELINE_SCHEMA, Timeline};
use std::time::Duration;

/// The most that the file may hold. The watch keeps it far smaller.
const LIMIT: u64 = 1 << 20;

/// The watch writes at least once a minute; one that did not for so long has ended without a word.
const SILENCE: Duration = Duration::from_secs(180);

/// Reads the timeline of this boot; `None` where there is none. `root` is `/` of the running system.
///
/// # Errors
/// When there is one that cannot be read.
pub(super) fn read(root: &Root) -> Result<Option<Timeline>, Problem> {
    let Some(bytes) = root.read(TIMELINE, LIMIT)? else { return Ok(None) };
    let boot_id = root.line("/proc/sys/kernel/random/boot_id")?;
    timeline(&bytes, boot_id.as_deref().map(str::trim), since_boot())
        .map_err(|what| Problem::new(root.name(TIMELINE), what))
}

/// What the file says of the boot with this id, where that has lasted for so long.
fn timeline(bytes: &[u8], boot_id: Option<&str>, now: Duration) -> Result<Option<Timeline>, String> {
    let timeline: Timeline = serde_json::from_slice(bytes).map_err(|error| format!("is no timeline: {error}"))?;
    if timeline.schema != TIMELINE_SCHEMA {
        return Err(format!("is no {TIMELINE_SCHEMA}"));
    }
    let boot_id = boot_id.ok_or("the kernel does not tell this boot's id")?;
    let ended = timeline.ended || now.saturating_sub(Duration::from_micros(timeline.seen_us)) > SILENCE;
    // Another boot's, as in a container or where /run lies on a disk, tells nothing of this one.
    Ok((timeline.boot_id == boot_id).then_some(Timeline { ended, ..timeline }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"schema": "isctpl.timeline/v1", "boot_id": "b-1", "begun_us": 5, "seen_us": 9}"#;

    #[test]
    fn a_timeline_is_of_this_boot_alone() {
        let read = |boot, seconds| timeline(FILE.as_bytes(), Some(boot), Duration::from_secs(seconds)).unwrap();
        assert!(!read("b-1", 1).unwrap().ended);
        assert!(read("b-1", 400).unwrap().ended, "nobody has written for minutes");
        assert_eq!(read("b-2", 1), None);
    }

    #[test]
    fn what_is_no_timeline_is_told() {
        let told = |text: &str| timeline(text.as_bytes(), Some("b-1"), Duration::ZERO).unwrap_err();
        assert_eq!(told(r#"{"schema": "isctpl.timeline/v9"}"#), "is no isctpl.timeline/v1");
        assert!(told("[1").starts_with("is no timeline: "));
        assert!(timeline(FILE.as_bytes(), None, Duration::ZERO).is_err());
    }
}
