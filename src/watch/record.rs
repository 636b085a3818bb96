//! What is told while the SAN route is watched.

use isctpl_checks::facts::{Flow, Problem, Route};
use std::net::SocketAddr;
use std::time::Duration;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When, since the watch began: by the clock that nobody sets.
    pub at: Duration,
    /// The time of day, in microseconds since 1970.
    pub epoch_micros: i64,
    /// The time since the kernel started (`CLOCK_BOOTTIME`).
    pub since_boot: Duration,
    /// What.
    pub what: What,
}

/// Where the kernel sends the packets to a portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    /// Out through the SAN NIC.
    Held(Box<Route>),
    /// Out through another interface.
    Elsewhere(Box<Route>),
    /// Nowhere, for this reason.
    Nowhere(String),
    /// The kernel did not answer.
    Unknown(Problem),
}

impl Stand {
    /// Whether the portal is reached as it has to be. What is not known is no gap.
    pub fn is_gap(&self) -> bool {
        matches!(self, Self::Elsewhere(_) | Self::Nowhere(_))
    }
}

/// How far a gap's length may be off, since the messages of its ends may have waited to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Within {
    /// It began so much earlier, at most.
    pub longer: Duration,
    /// It ended so much earlier, at most.
    pub shorter: Duration,
}

impl Within {
    /// A length is called exact where it is so to within this time.
    const EXACT: Duration = Duration::from_millis(1);

    /// The greater of both.
    pub(crate) fn either(self) -> Duration {
        self.longer.max(self.shorter)
    }

    /// Whether the length is exact.
    pub(crate) fn is_exact(self) -> bool {
        self.either() <= Self::EXACT
    }
}

/// What made a change, and what came just before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// The message of the kernel that made it, in the words of iproute2; empty where it came without one.
    pub what: String,
    /// Who had made the route that changed: `dhcp`, `ra`, `static` …; `None` where it was no route.
    pub protocol: Option<String>,
    /// The messages before it, the latest one last, with the time that passed since.
    pub before: Vec<(Duration, String)>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The watch begins.
    Start {
        /// The portals, each with the packets that are asked for and how it stands.
        portals: Vec<(Flow, Stand)>,
        /// The SAN NIC, and how it is known.
        nic: Option<(String, String)>,
    },
    /// A portal is not reached through the SAN NIC any more.
    Gap {
        /// Which.
        portal: SocketAddr,
        /// How it stands.
        stand: Stand,
        /// Why.
        cause: Cause,
    },
    /// It is again.
    GapEnd {
        /// Which.
        portal: SocketAddr,
        /// How it stands.
        stand: Stand,
        /// How long it was not.
        length: Duration,
        /// How far that may be off; `None` where an end was not told by a message, but found by asking the kernel.
        within: Option<Within>,
        /// Why.
        cause: Cause,
    },
    /// A portal is reached by another route, and through the SAN NIC still; or in a gap, it is lost another way.
    Change {
        /// Which.
        portal: SocketAddr,
        /// How it stands.
        stand: Stand,
        /// Why.
        cause: Cause,
    },
    /// The watch did not run for a while, as one that was stopped or whose machine had no processor for it: what is told
    /// next may have happened so much earlier.
    StoodStill {
        /// How long at most.
        at_most: Duration,
    },
    /// Messages were lost, and everything was read anew. A gap that began and ended in between is not told.
    Resync {
        /// Why.
        why: String,
        /// How long it is since the last message that was read.
        blind: Duration,
    },
    /// A lost route was put back.
    Restored {
        /// The route.
        route: Box<Route>,
        /// How long after it was lost.
        after: Duration,
    },
    /// A lost route could not be put back.
    NotRestored {
        /// The route.
        route: Box<Route>,
        /// Why.
        problem: Problem,
    },
    /// A session was seen, stands otherwise than before, or is gone.
    Session {
        /// The kernel's name for it.
        name: String,
        /// The target's name.
        target: String,
        /// How it stands: `LOGGED_IN`, `FAILED`, `FREE`; `None` where it is gone.
        state: Option<String>,
        /// How it stood before, and for how long; `None` where it was not known.
        was: Option<(String, Duration)>,
    },
    /// systemd has started a service while the machine comes up (`--since-boot`).
    UnitStart {
        /// Its name.
        unit: String,
        /// It was started before the watch began.
        before: bool,
    },
    /// Something cannot be followed; the routes are.
    NotFollowed {
        /// What.
        what: &'static str,
        /// Why.
        problem: Problem,
    },
    /// The watch ends.
    Stop {
        /// How many gaps there were.
        gaps: u64,
        /// How long portals were not reached, all together.
        without: Duration,
        /// How often messages were lost.
        resyncs: u64,
        /// How often the kernel's answer was another than what its messages had told, as where an interface that goes
        /// down takes its routes with it.
        unannounced: u64,
    },
}
