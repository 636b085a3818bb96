//! How long each part of a run took, for `-v`. One run has one clock, whoever reads and judges in it.

use crate::probes::Stage;
use crate::report::{self, Durations, Style};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What was begun, and when.
static BEGUN: Mutex<Vec<(String, Instant)>> = Mutex::new(Vec::new());

/// Says that something begins, and with it that the part before it is over.
pub(super) fn begins(what: &str) {
    BEGUN.lock().unwrap_or_else(PoisonError::into_inner).push((what.to_owned(), Instant::now()));
}

/// What took how long until now, in the order in which it began.
pub(super) fn taken() -> Vec<(String, Duration)> {
    let begun = BEGUN.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let ends = begun.iter().skip(1).map(|(_, begin)| *begin).chain([now]);
    begun.iter().zip(ends).map(|((what, begin), end)| (what.clone(), end - *begin)).collect()
}

/// The same as a table; nothing where nothing was begun.
pub(super) fn table(style: &Style) -> String {
    report::times(&taken(), style)
}

/// The same for a monitor: the whole, and each stage of the reading.
pub(super) fn durations() -> Durations {
    let taken = taken();
    let of = |stage: Stage| taken.iter().filter(|(what, _)| *what == stage.to_string()).map(|(_, taken)| *taken).sum();
    Durations {
        whole: taken.iter().map(|(_, taken)| *taken).sum(),
        stages: Stage::ALL.map(|stage| (stage.name(), of(stage))).to_vec(),
    }
}
