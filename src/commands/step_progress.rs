//! Step by step, on standard error.

use crate::formats::text::printable;
use crate::procedures::Failure;
use crate::procedures::engine::Listener;
use std::io::{Read, Write, stderr, stdin};

/// Tells each step and what came of it.
pub(super) struct StepProgress {
    quiet: bool,
    ask: bool,
    undoing: Option<String>,
}

impl StepProgress {
    /// `ask` waits for a yes before each step.
    pub(super) fn new(quiet: bool, ask: bool) -> Self {
        Self { quiet, ask, undoing: None }
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            // A terminal that went away is no reason to stop half way.
            let _ = writeln!(stderr(), "{}", printable::line(text));
        }
    }
}

impl Listener for StepProgress {
    fn begins(&mut self, number: usize, of: usize, title: &str) -> bool {
        self.say(&format!("[{number:2}/{of}] {title}"));
        if !self.ask {
            return true;
        }
        let _ = write!(stderr(), "        continue? [y/N] ");
        is_yes()
    }

    fn ended(&mut self, outcome: Option<&str>) {
        match outcome {
            None => self.say("        nothing to do"),
            Some("") => {}
            Some(outcome) => self.say(&format!("        {outcome}")),
        }
    }

    fn failed(&mut self, failure: &Failure) {
        self.say(&format!("        FAILED: {}", failure.what));
    }

    fn undoes(&mut self, title: &str) {
        // A step may have done several things.
        if self.undoing.as_deref() != Some(title) {
            self.say(&format!("[undo] {title}"));
            self.undoing = Some(title.to_owned());
        }
    }

    fn undone(&mut self, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            self.say(&format!("        FAILED: {}", failure.what));
        }
    }
}

/// Waits for an answer on standard input; all but yes is no.
pub(super) fn is_yes() -> bool {
    let mut byte = [0];
    let mut first = None;
    while stdin().lock().read(&mut byte).is_ok_and(|read| read == 1) && byte[0] != b'\n' {
        first = first.or(Some(byte[0]));
    }
    matches!(first, Some(b'y' | b'Y'))
}
