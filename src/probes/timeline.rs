//! What `isctpl watch --since-boot` has written since the machine started.

use crate::formats::timeline::{LIMIT, parse};
use crate::system::{Root, awake, boot_id};
use isctpl_checks::facts::{Problem, TIMELINE, Timeline};
use std::time::Duration;

/// The watch writes at least once a minute; one that did not for so long has ended without a word.
const SILENCE: Duration = Duration::from_secs(180);

/// Reads the timeline of this boot; `None` where there is none. `root` is `/` of the running system.
///
/// # Errors
/// When there is one that cannot be read.
pub(super) fn read(root: &Root) -> Result<Option<Timeline>, Problem> {
    let Some(bytes) = root.read(TIMELINE, LIMIT)? else { return Ok(None) };
    let timeline = parse(&bytes).map_err(|what| Problem::new(root.name(TIMELINE), what))?;
    Ok(of_boot(timeline, &boot_id()?, awake()))
}

/// The timeline of the boot with this id, which has lasted for so long without its suspends. Another boot's, as in a
/// container or where /run lies on a disk, tells nothing of this one.
fn of_boot(timeline: Timeline, boot_id: &str, awake: Duration) -> Option<Timeline> {
    let silent = awake.saturating_sub(Duration::from_micros(timeline.seen_awake_us)) > SILENCE;
    (timeline.boot_id == boot_id).then_some(Timeline { ended: timeline.ended || silent, ..timeline })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_is_of_this_boot_alone() {
        let timeline = Timeline { boot_id: "b-1".to_owned(), seen_awake_us: 9, ..Timeline::default() };
        let of = |boot, seconds| of_boot(timeline.clone(), boot, Duration::from_secs(seconds));
        assert!(!of("b-1", 1).unwrap().ended);
        assert!(of("b-1", 400).unwrap().ended, "nobody has written for minutes");
        assert_eq!(of("b-2", 1), None);
    }
}
