//! What is being read, on standard error, once it takes long enough for a person to wonder.

use super::timing;
use crate::formats::text::printable;
use std::io::{IsTerminal, Write, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A run shorter than this needs no word.
const PATIENCE: Duration = Duration::from_millis(700);

/// A line on the terminal that says what is being read, and is wiped in the end.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    shown: AtomicBool,
    terminal: bool,
    last: Mutex<String>,
}

impl Progress {
    /// Starts the clock.
    pub(super) fn start() -> Self {
        let dumb = std::env::var("TERM").is_ok_and(|terminal| terminal == "dumb");
        let terminal = stderr().is_terminal() && !dumb;
        Self { start: Instant::now(), shown: AtomicBool::new(false), terminal, last: Mutex::default() }
    }

    /// Says what comes next.
    pub(super) fn say(&self, what: &str) {
        what.clone_into(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner));
        timing::begins(what);
        if self.terminal && self.start.elapsed() > PATIENCE {
            // A terminal that cannot be written to is no reason to stop reading facts.
            let _ = write!(stderr(), "\r\x1b[K{} ...", printable::line(what));
            self.shown.store(true, Ordering::Relaxed);
        }
    }

    /// What was said last.
    pub(super) fn last(&self) -> String {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the line off the terminal.
    pub(super) fn wipe(&self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.wipe();
    }
}
