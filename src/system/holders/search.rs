//! A search that may be given up: what it has found until then.

use super::found::Holders;
use isctpl_checks::facts::Problem;
use std::sync::{Mutex, PoisonError};

/// What was found so far, and what is being looked at.
#[derive(Default)]
pub(super) struct Progress {
    pub(super) holders: Holders,
    pub(super) at: String,
    pub(super) given_up: bool,
}

/// Where findings go: the lock is never held while something is looked at.
pub(super) type Shared = Mutex<Progress>;

pub(super) fn note(shared: &Shared, change: impl FnOnce(&mut Progress)) {
    change(&mut shared.lock().unwrap_or_else(PoisonError::into_inner));
}

/// Notes what is looked at next; `false` when nobody waits for it any more.
pub(super) fn next(shared: &Shared, place: String) -> bool {
    let mut progress = shared.lock().unwrap_or_else(PoisonError::into_inner);
    progress.at = place;
    !progress.given_up
}

pub(super) fn problem(shared: &Shared, problem: Problem) {
    note(shared, |progress| progress.holders.problems.push(problem));
}
