//! Works off a list of steps, and takes it down again.

use super::journal::{Entry, Journal};
use super::step::{Failure, Kind, Log, Planned, Step};
use crate::system::cancel::Cancel;

/// Hears how it goes.
pub trait Listener {
    /// A step of so many begins. Answering `false` stops before it.
    fn begins(&mut self, number: usize, of: usize, title: &str) -> bool;

    /// It is over: what came of it, or `None` where there was nothing left to do.
    fn ended(&mut self, outcome: Option<&str>);

    /// It did not do its work.
    fn failed(&mut self, failure: &Failure);

    /// A deed of this step is put back.
    fn undoes(&mut self, title: &str);

    /// It is put back, or not.
    fn undone(&mut self, failure: Option<&Failure>);
}

/// How putting up ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Up {
    /// All steps are done.
    Done,
    /// A step did not do its work, and all was put back.
    Undone(Failure),
    /// A step did not do its work, and something could not be put back.
    Stuck(Failure, Failure),
}

impl Up {
    /// The exit code: 0 done, 1 failed and undone, 2 failed and not wholly undone, 3 refused.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Undone(Failure { kind: Kind::Refused, .. }) => 3,
            Self::Undone(_) => 1,
            Self::Stuck(..) => 2,
        }
    }
}

/// A procedure at work.
pub struct Engine<'a, C> {
    /// Its steps, in order.
    pub steps: &'a [&'a dyn Step<C>],
    /// Asked to stop between two steps.
    pub cancel: Cancel,
    /// Names this start of the machine.
    pub boot: &'a str,
}

impl<C> Engine<'_, C> {
    /// What would be done, step by step.
    pub fn plan(&self, cx: &C) -> Vec<(String, Vec<Planned>)> {
        self.steps.iter().map(|step| (step.title(cx), step.plan(cx))).collect()
    }

    /// Does every step that is not done, after an interruption those that are left. Where one fails, all
    /// deeds of the journal are put back, those of earlier runs too.
    pub fn up(&self, cx: &mut C, journal: &mut Journal, listener: &mut dyn Listener) -> Up {
        match self.forward(cx, journal, listener) {
            Ok(()) => Up::Done,
            Err(failure) => {
                listener.failed(&failure);
                match self.down(cx, journal, listener) {
                    Ok(()) => Up::Undone(failure),
                    Err(stuck) => Up::Stuck(failure, stuck),
                }
            }
        }
    }

    fn forward(&self, cx: &mut C, journal: &mut Journal, listener: &mut dyn Listener) -> Result<(), Failure> {
        if journal.boot() != self.boot {
            return Err(Failure::failed(
                "this machine was rebooted since the rescue began; the remaining changes are undone",
            )
            .advise("start again: isctpl rescue up"));
        }
        self.undo_open(cx, journal, listener)?;
        for (number, step) in (1..).zip(self.steps) {
            let stopped = |step: &dyn Step<C>, cx: &C| Failure {
                kind: Kind::Stopped,
                what: format!("stopped on request before: {}", step.title(cx)),
                advice: Vec::new(),
            };
            if self.cancel.is_requested() || !listener.begins(number, self.steps.len(), &step.title(cx)) {
                return Err(stopped(*step, cx));
            }
            if step.is_done(cx, &journal.deeds_of(step.id()))? {
                listener.ended(None);
                continue;
            }
            let mut log = Log { journal: &mut *journal, step: step.id() };
            let outcome = step.perform(cx, &mut log)?;
            listener.ended(Some(&outcome));
        }
        if self.cancel.is_requested() {
            return Err(Failure { kind: Kind::Stopped, what: "stopped on request".to_owned(), advice: Vec::new() });
        }
        Ok(())
    }

    /// Puts back the deed that a crash left open: nobody knows how far it got, so it is done anew.
    fn undo_open(&self, cx: &mut C, journal: &mut Journal, listener: &mut dyn Listener) -> Result<(), Failure> {
        let is_open = |entry: &Entry| entry.state == super::journal::State::Intended;
        match journal.last_standing().filter(is_open) {
            Some(entry) => self.undo(cx, journal, &entry, listener),
            None => Ok(()),
        }
    }

    /// Puts back every deed of the journal, the last one first. Stops at the first that cannot be put back:
    /// what came before it may lie under it.
    ///
    /// # Errors
    /// What could not be put back, and why.
    pub fn down(&self, cx: &mut C, journal: &mut Journal, listener: &mut dyn Listener) -> Result<(), Failure> {
        // Half way down is the worst place to stop.
        self.cancel.mask();
        while let Some(entry) = journal.last_standing() {
            self.undo(cx, journal, &entry, listener)?;
        }
        Ok(())
    }

    fn undo(
        &self,
        cx: &mut C,
        journal: &mut Journal,
        entry: &Entry,
        listener: &mut dyn Listener,
    ) -> Result<(), Failure> {
        let Some(step) = self.steps.iter().find(|step| step.id() == entry.step) else {
            return Err(Failure::failed(format!(
                "the journal names a step {}, which this version of isctpl does not have",
                entry.step
            )));
        };
        if journal.boot() == self.boot || step.outlasts_restart() {
            listener.undoes(&step.title(cx));
            let outcome = step.undo(cx, &entry.deed);
            listener.undone(outcome.as_ref().err());
            outcome?;
        }
        // A deed that cannot be marked is put back once more next time, which does no harm.
        match journal.undone(entry.id) {
            Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
