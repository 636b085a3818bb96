//! Works off the steps of a procedure, and takes them down again.

use super::journal::{Entry, Journal, State};
use super::step::{ErasedStep, Failure, Kind, Log, Names, Planned, Step};
use crate::system::cancel::Cancel;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// A list of steps that belong together.
pub trait Procedure {
    /// What its steps work with.
    type Context;
    /// What was asked for, as it stands in the journal: without any secret.
    type Request: Serialize + DeserializeOwned + PartialEq;
    /// What it gives when all is done.
    type Outcome;

    /// What it is called.
    const NAMES: Names;

    /// Its steps, in order: a later one lies on those before it, so its changes are undone first, whenever they were
    /// made. What is not listed here cannot be undone, and so is not begun.
    fn steps(&self) -> &[&dyn ErasedStep<Self::Context>];

    /// Takes the steps one after the other ([`Walk::step`]), and hands on what each has learnt.
    ///
    /// # Errors
    /// When a step did not do its work.
    fn forward(&self, walk: &mut Walk<'_, Self::Context>) -> Result<Self::Outcome, Failure>;

    /// Undoes what an earlier run left and no journal tells of any more; tells what that was.
    ///
    /// # Errors
    /// When something cannot be undone.
    fn clean_up_stale(&self, _: &mut Self::Context) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    /// Looks whether it may be taken down, before anything is.
    ///
    /// # Errors
    /// When it may not: why, and what has to be done first.
    fn may_be_taken_down(&self, _: &mut Self::Context, _: &Journal) -> Result<(), Failure> {
        Ok(())
    }
}

/// Hears how it goes.
pub trait Listener {
    /// A step of so many begins. Answering `false` stops before it.
    fn begins(&mut self, number: usize, of: usize, title: &str) -> bool;

    /// It is over: what came of it, or `None` where there was nothing left to do.
    fn ended(&mut self, outcome: Option<&str>);

    /// It did not do its work.
    fn failed(&mut self, failure: &Failure);

    /// A change of this step is put back.
    fn undoes(&mut self, title: &str);

    /// It is put back, or not.
    fn undone(&mut self, failure: Option<&Failure>);
}

/// How the steps ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied<T> {
    /// All are done: what the procedure gives.
    Done(T),
    /// All was done before, and this run could not tell, or restore, that it still is. Nothing was taken down.
    Unchanged(Failure),
    /// A step did not do its work, and all was put back.
    RolledBack(Failure),
    /// A step did not do its work, and then something could not be put back.
    RollbackFailed(Failure, Failure),
}

impl<T> Applied<T> {
    /// The exit code: 0 done, 1 failed and undone, 2 failed and not wholly undone, 3 refused, or nothing was taken down.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Done(_) => 0,
            Self::Unchanged(_) | Self::RolledBack(Failure { kind: Kind::Refused, .. }) => 3,
            Self::RolledBack(_) => 1,
            Self::RollbackFailed(..) => 2,
        }
    }
}

/// The way through the steps, as far as it was gone.
pub struct Walk<'a, C> {
    /// What the steps work with.
    pub context: &'a mut C,
    journal: &'a mut Journal,
    listener: &'a mut dyn Listener,
    steps: &'a [&'a dyn ErasedStep<C>],
    cancel: &'a Cancel,
    names: Names,
}

impl<C> Walk<'_, C> {
    /// Does a step, unless it is done already; gives what it hands on.
    ///
    /// # Errors
    /// When it did not do its work, or somebody asked to stop before it.
    pub fn step<S: Step<Context = C>>(&mut self, step: &S, input: &S::Input) -> Result<S::Output, Failure> {
        self.begin(step)?;
        let changes = step.changes(self.journal)?;
        if let Some(output) = step.inspect(self.context, input, &changes)? {
            self.listener.ended(None);
            return Ok(output);
        }
        let mut log = Log {
            journal: &mut *self.journal,
            step: Step::id(step),
            names: self.names,
            said: String::new(),
            change: PhantomData,
        };
        let output = step.apply(self.context, input, &mut log)?;
        self.listener.ended(Some(&log.said));
        Ok(output)
    }

    /// The changes of a step that stand in the journal.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn changes_of<S: Step<Context = C>>(&self, step: &S) -> Result<Vec<S::Change>, Failure> {
        step.changes(self.journal)
    }

    /// Whether no change stands in the journal: nothing is up.
    pub fn is_first(&self) -> bool {
        self.journal.last_applied().is_none()
    }

    fn begin(&mut self, step: &dyn ErasedStep<C>) -> Result<(), Failure> {
        let title = step.title(self.context);
        let Some(at) = self.steps.iter().position(|listed| listed.id() == step.id()) else {
            return Err(Failure::failed(format!("{title}: is not among the listed steps, so it could not be undone")));
        };
        if self.cancel.is_requested() || !self.listener.begins(at + 1, self.steps.len(), &title) {
            return Err(Failure::stopped(format!("stopped on request before: {title}")));
        }
        Ok(())
    }
}

/// A procedure at work.
pub struct Engine<'a, P> {
    /// Its steps, and their order.
    pub procedure: &'a P,
    /// Asked to stop between two steps.
    pub cancel: Cancel,
    /// Names this start of the machine.
    pub boot: &'a str,
}

/// What would be done, step by step.
pub fn plan<P: Procedure>(procedure: &P, cx: &P::Context) -> Vec<(String, Vec<Planned>)> {
    procedure.steps().iter().map(|step| (step.title(cx), step.plan(cx))).collect()
}

impl<P: Procedure> Engine<'_, P> {
    /// Does every step that is not done. Where one fails, all changes of the journal are put back, those of earlier
    /// runs too, unless all steps were done before this run: somebody may work with what is up.
    pub fn up(&self, cx: &mut P::Context, journal: &mut Journal, listener: &mut dyn Listener) -> Applied<P::Outcome> {
        let was_complete = journal.is_complete() && journal.boot() == self.boot;
        match self.forward(cx, journal, listener) {
            Ok(outcome) => Applied::Done(outcome),
            Err(mut failure) => {
                listener.failed(&failure);
                if was_complete {
                    // A change of this run has ended that: without it the next failure would take all down.
                    if let Err(error) = journal.complete() {
                        failure.advice.push(error.to_string());
                    }
                    return Applied::Unchanged(failure);
                }
                match self.down(cx, journal, listener) {
                    Ok(()) => Applied::RolledBack(failure),
                    Err(stuck) => Applied::RollbackFailed(failure, stuck),
                }
            }
        }
    }

    fn forward(
        &self,
        cx: &mut P::Context,
        journal: &mut Journal,
        listener: &mut dyn Listener,
    ) -> Result<P::Outcome, Failure> {
        if journal.boot() != self.boot {
            let what = format!(
                "this machine was rebooted since the {} began; the remaining changes are undone",
                P::NAMES.name
            );
            return Err(Failure::failed(what).advise(format!("start again: {}", P::NAMES.up)));
        }
        // A crash left this change half made or half undone: it is undone, and its step makes it anew. One that lies
        // below others stays until its step is reached, for to undo it now would take away what they lie on.
        if let Some(entry) = self.topmost(journal).filter(|entry| entry.state == State::Intended) {
            self.undo(cx, journal, &entry, listener)?;
        }
        let (steps, cancel) = (self.procedure.steps(), &self.cancel);
        let mut walk = Walk { context: cx, journal: &mut *journal, listener, steps, cancel, names: P::NAMES };
        let outcome = self.procedure.forward(&mut walk)?;
        if cancel.is_requested() {
            return Err(Failure::stopped("stopped on request"));
        }
        journal.complete()?;
        Ok(outcome)
    }

    /// Puts back every change of the journal, those of the last step first. Stops at the first that cannot be put
    /// back: it may lie on what is left.
    ///
    /// # Errors
    /// What could not be put back, and why.
    pub fn down(&self, cx: &mut P::Context, journal: &mut Journal, listener: &mut dyn Listener) -> Result<(), Failure> {
        // Half way down is the worst place to stop.
        self.cancel.mask();
        while let Some(entry) = self.topmost(journal) {
            self.undo(cx, journal, &entry, listener)?;
        }
        Ok(())
    }

    /// The change that is undone next: the last one of the last step that has any. A step may have made it later than
    /// those above it, where it had to be done again. One of an unknown step comes first, and stops all.
    fn topmost(&self, journal: &Journal) -> Option<Entry> {
        let steps = self.procedure.steps();
        let height = |entry: &Entry| steps.iter().position(|step| step.id() == entry.step).unwrap_or(usize::MAX);
        journal.applied().max_by_key(|entry| (height(entry), entry.id)).cloned()
    }

    fn undo(
        &self,
        cx: &mut P::Context,
        journal: &mut Journal,
        entry: &Entry,
        listener: &mut dyn Listener,
    ) -> Result<(), Failure> {
        let Some(step) = self.procedure.steps().iter().find(|step| step.id() == entry.step) else {
            return Err(Failure::failed(format!(
                "the journal names a step {}, which this version of isctpl does not have",
                entry.step
            )));
        };
        if journal.boot() == self.boot || step.outlasts_restart() {
            journal.undo(entry.id)?;
            listener.undoes(&step.title(cx));
            let outcome = step.undo(cx, &entry.change);
            listener.undone(outcome.as_ref().err());
            outcome?;
        }
        // A change that cannot be marked is put back once more next time, which does no harm.
        Ok(journal.undone(entry.id)?)
    }
}
