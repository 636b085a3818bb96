#![allow(clippy::unwrap_used)]

use super::ledger::{Account, Learnt, Totals};
use super::record::{Cause, Stand, What, Within};
use isctpl_checks::facts::{Flow, Problem, Route};
use std::time::{Duration, Instant};

/// By a message that was read at once.
const FOLLOWED: Learnt = Learnt::Followed { late: Duration::ZERO };

fn held(gateway: &str) -> Stand {
    Stand::Held(Box::new(Route {
        destination: Some("100.97.0.0/16".parse().unwrap()),
        gateway: Some(gateway.parse().unwrap()),
        index: Some(2),
        interface: Some("san".to_owned()),
        table: 254,
        ..Route::default()
    }))
}

fn nowhere() -> Stand {
    Stand::Nowhere("the kernel has no route to it".to_owned())
}

struct Portal {
    account: Account,
    totals: Totals,
    begun: Instant,
}

impl Portal {
    fn new(stand: Stand) -> Self {
        let (mut totals, begun) = (Totals::default(), Instant::now());
        let flow = Flow::to("100.97.0.10".parse().unwrap());
        Self { account: Account::new(flow, stand, begun, &mut totals), totals, begun }
    }

    /// What is told of a stand that was learnt so many milliseconds after the beginning.
    fn note(&mut self, at: u64, stand: Stand, learnt: Learnt) -> Option<What> {
        let now = self.begun + Duration::from_millis(at);
        self.account.note(stand, now, learnt, Cause::default, &mut self.totals)
    }
}

#[test]
fn a_gap_is_as_long_as_it_was_to_within_the_time_that_its_messages_may_have_waited() {
    let late = |micros| Learnt::Followed { late: Duration::from_micros(micros) };
    for (begins, ends, may_differ, exact) in [
        (late(40), late(70), Some((40, 70)), true),
        (late(3_000_000), late(70), Some((3_000_000, 70)), false),
        (late(40), late(1001), Some((40, 1001)), false),
        (Learnt::Asked, FOLLOWED, None, false),
        (FOLLOWED, Learnt::Asked, None, false),
    ] {
        let mut portal = Portal::new(held("100.64.16.49"));
        assert!(matches!(portal.note(10, nowhere(), begins), Some(What::Gap { .. })));
        let Some(What::GapEnd { length, within, .. }) = portal.note(35, held("100.64.16.49"), ends) else { panic!() };
        let may_differ = may_differ.map(|(longer, shorter)| Within {
            longer: Duration::from_micros(longer),
            shorter: Duration::from_micros(shorter),
        });
        assert_eq!((length, within), (Duration::from_millis(25), may_differ));
        assert_eq!(within.is_some_and(Within::is_exact), exact);
        assert_eq!((portal.totals.gaps, portal.totals.without), (1, length));
        assert_eq!(portal.account.lost_since(), None);
    }
}

#[test]
fn a_portal_that_is_lost_in_the_beginning_is_in_a_gap() {
    let mut portal = Portal::new(nowhere());
    assert_eq!(portal.totals.gaps, 1);
    let Some(What::GapEnd { within, .. }) = portal.note(5, held("100.64.16.49"), FOLLOWED) else { panic!() };
    assert_eq!(within, None, "when it began is not known");
}

#[test]
fn what_is_not_known_begins_and_ends_no_gap() {
    let unknown = || Stand::Unknown(Problem::new("rtnetlink", "the kernel did not answer"));
    let mut portal = Portal::new(held("100.64.16.49"));
    assert_eq!(portal.note(1, unknown(), Learnt::Asked), None);
    assert!(matches!(portal.note(2, nowhere(), FOLLOWED), Some(What::Gap { .. })));
    assert_eq!(portal.note(3, unknown(), Learnt::Asked), None);
    let Some(What::GapEnd { length, .. }) = portal.note(4, held("100.64.16.49"), FOLLOWED) else { panic!() };
    assert_eq!(length, Duration::from_millis(2));
}

#[test]
fn another_way_is_told_and_the_same_way_in_other_words_is_not() {
    let mut portal = Portal::new(held("100.64.16.49"));
    let Stand::Held(mut route) = held("100.64.16.49") else { panic!() };
    route.source = Some("100.64.16.54".parse().unwrap());
    assert_eq!(portal.note(1, Stand::Held(route), Learnt::Asked), None);
    assert!(matches!(portal.note(2, held("100.64.16.50"), FOLLOWED), Some(What::Change { .. })));
    assert!(matches!(portal.note(3, nowhere(), FOLLOWED), Some(What::Gap { .. })));
    let refused = Stand::Nowhere("a route of type prohibit refuses it".to_owned());
    assert_eq!(portal.note(4, refused, FOLLOWED), None, "it is lost either way");
    assert_eq!(portal.totals.gaps, 1);
}
