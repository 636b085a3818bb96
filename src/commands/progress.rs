//! What is being read, on standard error, once it takes long enough for a person to wonder.

use crate::formats::text;
use std::cell::Cell;
use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// A run shorter than this needs no word.
const PATIENCE: Duration = Duration::from_millis(700);

/// A line on the terminal that says what is being read, and is wiped in the end.
#[derive(Debug)]
pub(super) struct Progress {
    start: Instant,
    shown: Cell<bool>,
    terminal: bool,
}

impl Progress {
    /// Starts the clock.
    pub(super) fn start() -> Self {
        let dumb = std::env::var("TERM").is_ok_and(|terminal| terminal == "dumb");
        Self { start: Instant::now(), shown: Cell::new(false), terminal: stderr().is_terminal() && !dumb }
    }

    /// Says what comes next.
    pub(super) fn say(&self, what: &str) {
        if self.terminal && self.start.elapsed() > PATIENCE {
            // A terminal that cannot be written to is no reason to stop reading facts.
            let _ = write!(stderr(), "\r\x1b[K{} ...", text::line(what));
            self.shown.set(true);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.get() {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}
