//! What was seen since the machine started, as doctor reads it: bounded, and carried on by a watch that begins again.

use super::past::stood;
use super::record::{Cause, Record, Stand, What};
use isctpl_checks::facts::{PortalTimeline, SanGap, TIMELINE_SCHEMA, Timeline, UnitStart, Unseen, Way};
use std::net::SocketAddr;
use std::time::Duration;

/// Of more gaps of one portal, the first and the last so many are kept.
const KEPT: usize = 32;

/// The most times in which nothing was seen that are kept, and the most services.
const UNSEEN: usize = 32;
const STARTED: usize = 512;

/// Makes a timeline of what is told.
#[derive(Debug)]
pub(crate) struct Keeper {
    timeline: Timeline,
    /// When the watch before this one looked last.
    left_at: Option<u64>,
}

impl Keeper {
    /// Goes on with an earlier timeline where that is of this boot, and begins one where it is not.
    pub(crate) fn new(boot_id: String, earlier: Option<Timeline>) -> Self {
        match earlier.filter(|earlier| earlier.boot_id == boot_id && earlier.schema == TIMELINE_SCHEMA) {
            Some(timeline) => Self { left_at: Some(timeline.seen_us), timeline: Timeline { ended: false, ..timeline } },
            None => {
                let schema = TIMELINE_SCHEMA.to_owned();
                Self { left_at: None, timeline: Timeline { schema, boot_id, ..Timeline::default() } }
            }
        }
    }

    /// As it stands, looked at `now` after the kernel started; `awake` leaves the time in suspend out.
    pub(crate) fn timeline(&mut self, now: Duration, awake: Duration) -> &Timeline {
        (self.timeline.seen_us, self.timeline.seen_awake_us) = (micros(now), micros(awake));
        &self.timeline
    }

    /// Takes in what happened.
    pub(crate) fn take(&mut self, record: &Record) {
        let now = micros(record.since_boot);
        let timeline = &mut self.timeline;
        match &record.what {
            What::Start { portals, nic } => {
                match self.left_at {
                    Some(left) => unseen(timeline, left, now, "isctpl watch did not run"),
                    None => timeline.begun_us = now,
                }
                timeline.nic = nic.as_ref().map(|(name, _)| name.clone());
                for (flow, stand) in portals {
                    begin(timeline, flow.portal(), stand, now);
                }
            }
            What::Gap { portal, stand, cause } => {
                let gap = SanGap { from_us: now, how: stood(stand), cause: cause.what.clone(), ..SanGap::default() };
                let portal = of(timeline, *portal);
                portal.gaps += 1;
                keep(&mut portal.kept, gap);
                portal.last = way(stand);
            }
            What::GapEnd { portal, stand, length, within, cause } => {
                let portal = of(timeline, *portal);
                let late = within.filter(|within| !within.is_exact()).map(|within| micros(within.longer));
                end(portal, now, micros(*length), late, cause);
                portal.last = way(stand);
            }
            What::Change { portal, stand, .. } => of(timeline, *portal).last = way(stand),
            What::Resync { blind, .. } => {
                unseen(timeline, now.saturating_sub(micros(*blind)), now, "messages of the kernel were lost");
            }
            What::UnitStart { unit, before } => {
                let is_new = |known: &UnitStart| known.unit != *unit;
                if timeline.started.len() < STARTED && timeline.started.iter().all(is_new) {
                    let at_us = (!before).then_some(now);
                    timeline.started.push(UnitStart { unit: unit.clone(), at_us });
                }
            }
            What::Stop { .. } => timeline.ended = true,
            What::Restored { .. }
            | What::NotRestored { .. }
            | What::Session { .. }
            | What::StoodStill { .. }
            | What::NotFollowed { .. } => {}
        }
    }
}

/// Takes in how a portal stands when a watch begins.
fn begin(timeline: &mut Timeline, portal: SocketAddr, stand: &Stand, now: u64) {
    let is_known = timeline.portals.iter().any(|known| known.portal == portal.to_string());
    let account = of(timeline, portal);
    if !is_known {
        account.first = way(stand);
    }
    account.last = way(stand);
    let open = account.kept.iter_mut().rev().find(|gap| gap.length_us.is_none());
    match (open, stand) {
        (None, Stand::Elsewhere(_) | Stand::Nowhere(_)) => {
            account.gaps += 1;
            keep(&mut account.kept, SanGap { from_us: now, how: stood(stand), ..SanGap::default() });
        }
        // It ended while nobody watched.
        (Some(gap), Stand::Held(_)) => {
            let length = now.saturating_sub(gap.from_us);
            (gap.length_us, gap.at_most) = (Some(length), true);
            account.without_us = account.without_us.saturating_add(length);
        }
        (Some(_), _) | (None, Stand::Held(_) | Stand::Unknown(_)) => {}
    }
}

/// Takes in that a gap is over. Its length is taken from the beginning that is kept: a watch before this one may have seen
/// that. Where it is not exact, it is told how long at most: by `late` longer.
fn end(portal: &mut PortalTimeline, now: u64, length: u64, late: Option<u64>, cause: &Cause) {
    let open = portal.kept.iter_mut().rev().find(|gap| gap.length_us.is_none());
    let length = open.as_ref().map_or(length, |gap| now.saturating_sub(gap.from_us));
    portal.without_us = portal.without_us.saturating_add(length);
    if let Some(gap) = open {
        (gap.length_us, gap.at_most) = (Some(length.saturating_add(late.unwrap_or(0))), late.is_some());
        gap.ended_by.clone_from(&cause.what);
    }
}

fn keep(kept: &mut Vec<SanGap>, gap: SanGap) {
    if kept.len() >= 2 * KEPT {
        kept.remove(KEPT);
    }
    kept.push(gap);
}

fn unseen(timeline: &mut Timeline, from_us: u64, to_us: u64, why: &str) {
    let is_full = timeline.unseen.len() >= UNSEEN;
    match timeline.unseen.last_mut() {
        // Of too many, the last one stands for all that come.
        Some(last) if is_full => last.to_us = to_us,
        _ => timeline.unseen.push(Unseen { from_us, to_us, why: why.to_owned() }),
    }
}

/// The account of a portal; one that was not known begins.
fn of(timeline: &mut Timeline, portal: SocketAddr) -> &mut PortalTimeline {
    let portal = portal.to_string();
    let at = timeline.portals.iter().position(|known| known.portal == portal);
    let at = at.unwrap_or_else(|| {
        timeline.portals.push(PortalTimeline { portal, ..PortalTimeline::default() });
        timeline.portals.len() - 1
    });
    &mut timeline.portals[at]
}

fn way(stand: &Stand) -> Way {
    let held = (!matches!(stand, Stand::Unknown(_))).then(|| !stand.is_gap());
    Way { held, how: stood(stand) }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::watch::Within;
    use isctpl_checks::facts::{Flow, Route};

    fn portal() -> SocketAddr {
        "100.97.0.10:3260".parse().unwrap()
    }

    fn held() -> Stand {
        Stand::Held(Box::new(Route { interface: Some("san".to_owned()), ..Route::default() }))
    }

    fn lost() -> Stand {
        Stand::Nowhere("no route".to_owned())
    }

    fn caused(what: &str) -> Cause {
        Cause { what: what.to_owned(), ..Cause::default() }
    }

    fn take(keeper: &mut Keeper, second: u64, what: What) {
        let since_boot = Duration::from_secs(second);
        keeper.take(&Record { at: Duration::ZERO, epoch_micros: 0, since_boot, what });
    }

    fn start(stand: Stand) -> What {
        let flow = Flow { port: Some(3260), ..Flow::to(portal().ip()) };
        What::Start { portals: vec![(flow, stand)], nic: Some(("san".to_owned(), "told".to_owned())) }
    }

    fn gap(cause: &str) -> What {
        What::Gap { portal: portal(), stand: lost(), cause: caused(cause) }
    }

    fn gap_end(seconds: u64) -> What {
        let (length, cause) = (Duration::from_secs(seconds), caused("route added"));
        What::GapEnd { portal: portal(), stand: held(), length, within: Some(Within::default()), cause }
    }

    #[test]
    fn a_gap_has_its_beginning_its_length_and_both_causes() {
        let mut keeper = Keeper::new("b".to_owned(), None);
        take(&mut keeper, 3, start(held()));
        take(&mut keeper, 5, What::UnitStart { unit: "networking.service".to_owned(), before: false });
        take(&mut keeper, 6, gap("route removed"));
        take(&mut keeper, 8, gap_end(2));
        let timeline = keeper.timeline(Duration::from_secs(60), Duration::ZERO).clone();
        assert_eq!((timeline.begun_us, timeline.seen_us, timeline.sums()), (3_000_000, 60_000_000, (1, 2_000_000)));
        let gap = &timeline.portals[0].kept[0];
        assert_eq!((gap.from_us, gap.length_us), (6_000_000, Some(2_000_000)));
        assert_eq!((gap.cause.as_str(), gap.ended_by.as_str()), ("route removed", "route added"));
        let phases: Vec<(&str, usize)> = timeline.phases().iter().map(|phase| (phase.name, phase.gaps.len())).collect();
        assert_eq!(phases, [("initramfs", 0), ("start of the root", 0), ("networking.service", 1)]);
    }

    /// It may have begun earlier: the sum has what was seen.
    #[test]
    fn a_gap_whose_message_waited_took_so_long_at_most() {
        let mut keeper = Keeper::new("b".to_owned(), None);
        take(&mut keeper, 3, start(held()));
        take(&mut keeper, 6, gap("route removed"));
        let within = Within { longer: Duration::from_secs(4), shorter: Duration::from_secs(1) };
        let What::GapEnd { portal, stand, length, cause, .. } = gap_end(2) else { panic!() };
        take(&mut keeper, 8, What::GapEnd { portal, stand, length, within: Some(within), cause });
        let timeline = keeper.timeline(Duration::from_secs(60), Duration::ZERO);
        let gap = &timeline.portals[0].kept[0];
        assert_eq!((gap.length_us, gap.at_most, timeline.sums()), (Some(6_000_000), true, (1, 2_000_000)));
    }

    #[test]
    fn a_watch_that_begins_again_goes_on_and_tells_what_nobody_saw() {
        let mut keeper = Keeper::new("b".to_owned(), None);
        take(&mut keeper, 1, start(held()));
        take(&mut keeper, 2, gap("route removed"));
        let earlier = keeper.timeline(Duration::from_secs(9), Duration::ZERO).clone();
        let mut keeper = Keeper::new("b".to_owned(), Some(earlier.clone()));
        take(&mut keeper, 20, start(held()));
        let timeline = keeper.timeline(Duration::from_secs(21), Duration::ZERO);
        assert_eq!(timeline.begun_us, 1_000_000);
        assert_eq!(timeline.unseen[0].from_us..timeline.unseen[0].to_us, 9_000_000..20_000_000);
        let gap = &timeline.portals[0].kept[0];
        assert_eq!((gap.length_us, gap.at_most), (Some(18_000_000), true));
        let mut other = Keeper::new("c".to_owned(), Some(earlier));
        assert_eq!(other.timeline(Duration::ZERO, Duration::ZERO).portals, []);
    }

    #[test]
    fn a_gap_that_outlasts_a_watch_has_its_whole_length() {
        let mut keeper = Keeper::new("b".to_owned(), None);
        take(&mut keeper, 1, start(held()));
        take(&mut keeper, 2, gap("route removed"));
        let earlier = keeper.timeline(Duration::from_secs(9), Duration::ZERO).clone();
        let mut keeper = Keeper::new("b".to_owned(), Some(earlier));
        take(&mut keeper, 20, start(lost()));
        take(&mut keeper, 25, gap_end(5));
        let timeline = keeper.timeline(Duration::from_secs(30), Duration::ZERO);
        assert_eq!((timeline.sums(), timeline.portals[0].kept[0].length_us), ((1, 23_000_000), Some(23_000_000)));
    }

    #[test]
    fn of_many_gaps_the_first_and_the_last_are_kept() {
        let mut keeper = Keeper::new("b".to_owned(), None);
        take(&mut keeper, 0, start(held()));
        for second in (1..=100).map(|gap| 2 * gap) {
            take(&mut keeper, second, gap("x"));
            take(&mut keeper, second + 1, gap_end(1));
        }
        let timeline = keeper.timeline(Duration::from_secs(202), Duration::ZERO);
        let kept = &timeline.portals[0].kept;
        assert_eq!((timeline.portals[0].gaps, kept.len()), (100, 2 * KEPT));
        assert_eq!((kept[0].from_us, kept[KEPT].from_us), (2_000_000, 138_000_000));
        assert_eq!(timeline.sums(), (100, 100_000_000));
    }
}
