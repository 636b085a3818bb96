//! What is known of each portal, and since when: gaps begin and end here.

use super::record::{Cause, Stand, What, Within};
use crate::system::netlink::Installed;
use isctpl_checks::facts::{Flow, Route};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// One portal.
#[derive(Debug)]
pub(super) struct Account {
    /// The packets that are asked for.
    pub(super) flow: Flow,
    stand: Stand,
    gap: Option<Gap>,
    /// The route by which it was reached through the SAN NIC last.
    pub(super) held: Option<Installed>,
}

#[derive(Debug, Clone, Copy)]
struct Gap {
    since: Instant,
    /// How long before that it may have begun; `None` where that is not known.
    late: Option<Duration>,
}

/// The sums.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// Gaps that began.
    pub(super) gaps: u64,
    /// How long they took, those that are over.
    pub(super) without: Duration,
}

/// How a new stand was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Learnt {
    /// By the message that told of the change.
    Followed {
        /// How long that may have waited to be read.
        late: Duration,
    },
    /// By asking the kernel, some time after.
    Asked,
}

impl Learnt {
    /// How long before it was learnt that it may have been so; `None` where that is not known.
    fn late(self) -> Option<Duration> {
        match self {
            Self::Followed { late } => Some(late),
            Self::Asked => None,
        }
    }
}

impl Account {
    /// As it stands in the beginning.
    pub(super) fn new(flow: Flow, stand: Stand, now: Instant, totals: &mut Totals) -> Self {
        let gap = stand.is_gap().then(|| {
            totals.gaps += 1;
            Gap { since: now, late: None }
        });
        Self { flow, stand, gap, held: None }
    }

    /// The portal.
    pub(super) fn portal(&self) -> SocketAddr {
        self.flow.portal()
    }

    /// How it stands.
    pub(super) fn stand(&self) -> &Stand {
        &self.stand
    }

    /// Whether an answer of the kernel is the one that is known, or none.
    pub(super) fn stands(&self, stand: &Stand) -> bool {
        matches!(stand, Stand::Unknown(_)) || same_stand(&self.stand, stand)
    }

    /// Takes a new stand in; tells what there is to tell of it.
    pub(super) fn note(
        &mut self,
        stand: Stand,
        now: Instant,
        learnt: Learnt,
        cause: impl FnOnce() -> Cause,
        totals: &mut Totals,
    ) -> Option<What> {
        if stand == self.stand || matches!(stand, Stand::Unknown(_)) {
            return None;
        }
        let is_told = !same_stand(&self.stand, &stand);
        let portal = self.portal();
        self.stand = stand.clone();
        match (self.gap, stand.is_gap()) {
            (None, true) => {
                totals.gaps += 1;
                self.gap = Some(Gap { since: now, late: learnt.late() });
                Some(What::Gap { portal, stand, cause: cause() })
            }
            (Some(gap), false) => {
                self.gap = None;
                let length = now.saturating_duration_since(gap.since);
                totals.without += length;
                let within = gap.late.zip(learnt.late()).map(|(longer, shorter)| Within { longer, shorter });
                Some(What::GapEnd { portal, stand, length, within, cause: cause() })
            }
            _ => is_told.then(|| What::Change { portal, stand, cause: cause() }),
        }
    }

    /// When the gap that is open began.
    pub(super) fn lost_since(&self) -> Option<Instant> {
        self.gap.map(|gap| gap.since)
    }

    /// How long the gap that is open has lasted.
    pub(super) fn open_for(&self, now: Instant) -> Duration {
        self.gap.map_or(Duration::ZERO, |gap| now.saturating_duration_since(gap.since))
    }
}

/// Whether two answers send packets the same way: what the kernel tells of a route besides is no change.
fn same_stand(a: &Stand, b: &Stand) -> bool {
    match (a, b) {
        (Stand::Held(a), Stand::Held(b)) | (Stand::Elsewhere(a), Stand::Elsewhere(b)) => same_way(a, b),
        (Stand::Nowhere(_), Stand::Nowhere(_)) => true,
        _ => false,
    }
}

/// Whether two routes send packets the same way.
pub(super) fn same_way(a: &Route, b: &Route) -> bool {
    let way = |route: &Route| (route.destination, route.gateway, route.index, route.table, route.metric, route.ipv6);
    way(a) == way(b)
}
