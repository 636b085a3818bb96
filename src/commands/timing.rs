//! How long each part of a run took, for `-v`. One run has one clock, whoever reads and judges in it.

use crate::report::{self, Style};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What was begun, and when.
static BEGUN: Mutex<Vec<(String, Instant)>> = Mutex::new(Vec::new());

/// Says that something begins, and with it that the part before it is over.
pub(super) fn begins(what: &str) {
    BEGUN.lock().unwrap_or_else(PoisonError::into_inner).push((what.to_owned(), Instant::now()));
}

/// What took how long until now; nothing where nothing was begun.
pub(super) fn table(style: &Style) -> String {
    let begun = BEGUN.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    let ends = begun.iter().skip(1).map(|(_, begin)| *begin).chain([now]);
    let taken: Vec<_> = begun.iter().zip(ends).map(|((what, begin), end)| (what.as_str(), end - *begin)).collect();
    report::times(&taken, style)
}
