//! What a step is.

use super::journal::{Journal, JournalError};
use crate::system::command::CommandError;
use isctpl_checks::facts::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::marker::PhantomData;
use std::path::Path;

/// One step of a procedure.
///
/// A step may change several things; each change is written to the journal before it is made. Undoing one must
/// work whether or not it was made, made half way, or undone already: after a crash nobody knows.
pub trait Step {
    /// What the steps of the procedure work with.
    type Context;
    /// What the step changes, with what was there before; never a secret. This is what stands in the journal.
    type Change: Serialize + DeserializeOwned;
    /// What earlier steps hand on to it.
    type Input;
    /// What it hands on to later ones.
    type Output;

    /// The name under which its changes stand in the journal.
    fn id(&self) -> &'static str;

    /// What it does, in a few words that begin with a verb.
    fn title(&self, cx: &Self::Context) -> String;

    /// What would be done now, for a person to read and paste.
    fn plan(&self, cx: &Self::Context) -> Vec<Planned>;

    /// Looks at the machine, given this step's changes so far. Gives what is handed on where there is nothing left
    /// to do, and `None` where the step is to be applied.
    ///
    /// # Errors
    /// When it cannot be told, or when it can be told that the step must not be applied.
    fn inspect(
        &self,
        cx: &mut Self::Context,
        input: &Self::Input,
        changes: &[Self::Change],
    ) -> Result<Option<Self::Output>, Failure>;

    /// Makes the changes, each within [`Log::guarded`]; [`Log::say`] tells in a few words what came of it.
    ///
    /// # Errors
    /// When it could not be done. What was done of it stands in the journal.
    fn apply(
        &self,
        cx: &mut Self::Context,
        input: &Self::Input,
        log: &mut Log<'_, Self::Change>,
    ) -> Result<Self::Output, Failure>;

    /// Puts back what a change of this step changed.
    ///
    /// # Errors
    /// When it is still changed.
    fn undo(&self, cx: &mut Self::Context, change: Self::Change) -> Result<(), Failure>;

    /// Whether its changes outlast a restart of the machine, as changed files do and mounts do not.
    fn outlasts_restart(&self) -> bool {
        false
    }

    /// This step's changes that stand in the journal, in the order of making.
    ///
    /// # Errors
    /// When one is not of this step's kind.
    fn changes(&self, journal: &Journal) -> Result<Vec<Self::Change>, Failure> {
        journal.changes_of(self.id()).map(read_change).collect()
    }

    /// Whether a change of this step is known to be made, and not undone.
    fn is_applied(&self, journal: &Journal) -> bool {
        journal.is_done(self.id())
    }
}

fn read_change<T: DeserializeOwned>(change: &Value) -> Result<T, Failure> {
    T::deserialize(change)
        .map_err(|error| Failure::failed(format!("the journal has an entry that cannot be read: {error}")))
}

/// A step whatever it changes and hands on: enough to plan it, and to undo what the journal says of it.
pub trait ErasedStep<C> {
    /// As [`Step::id`].
    fn id(&self) -> &'static str;

    /// As [`Step::title`].
    fn title(&self, cx: &C) -> String;

    /// As [`Step::plan`].
    fn plan(&self, cx: &C) -> Vec<Planned>;

    /// As [`Step::undo`], of a change as the journal has it.
    ///
    /// # Errors
    /// When the change cannot be read, or is not undone.
    fn undo(&self, cx: &mut C, change: &Value) -> Result<(), Failure>;

    /// As [`Step::outlasts_restart`].
    fn outlasts_restart(&self) -> bool;
}

impl<S: Step> ErasedStep<S::Context> for S {
    fn id(&self) -> &'static str {
        Step::id(self)
    }

    fn title(&self, cx: &S::Context) -> String {
        Step::title(self, cx)
    }

    fn plan(&self, cx: &S::Context) -> Vec<Planned> {
        Step::plan(self, cx)
    }

    fn undo(&self, cx: &mut S::Context, change: &Value) -> Result<(), Failure> {
        Step::undo(self, cx, read_change(change)?)
    }

    fn outlasts_restart(&self) -> bool {
        Step::outlasts_restart(self)
    }
}

/// The change of a step that makes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoChange {}

/// What a procedure is called, and what a person types for it.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// Its name, in the journal and in messages.
    pub name: &'static str,
    /// The command that begins it, or goes on with it.
    pub up: &'static str,
    /// The command that undoes it.
    pub down: &'static str,
    /// The command that shows how far it is.
    pub status: &'static str,
}

/// A line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// A command that a person could paste.
    Command(String),
    /// What no command says: a remark.
    Remark(String),
}

impl Planned {
    /// A command, as a shell takes it.
    pub fn command(invocation: &impl ToString) -> Self {
        Self::Command(invocation.to_string())
    }

    /// What no command says.
    pub fn remark(text: impl Into<String>) -> Self {
        Self::Remark(text.into())
    }
}

/// How a step ended that did not do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It went wrong.
    Failed,
    /// It must not or cannot be tried here; something is missing that a person has to supply.
    Refused,
    /// Somebody asked to stop.
    Stopped,
}

/// Why a step did not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whether it went wrong, was refused, or was stopped.
    pub kind: Kind,
    /// What is wrong.
    pub what: String,
    /// What a person can do about it, a line each.
    pub advice: Vec<String>,
}

impl Failure {
    /// Something went wrong.
    pub fn failed(what: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, what: what.into(), advice: Vec::new() }
    }

    /// Something is missing.
    pub fn refused(what: impl Into<String>) -> Self {
        Self { kind: Kind::Refused, what: what.into(), advice: Vec::new() }
    }

    /// Somebody asked to stop.
    pub fn stopped(what: impl Into<String>) -> Self {
        Self { kind: Kind::Stopped, what: what.into(), advice: Vec::new() }
    }

    /// A file could not be read or changed.
    pub fn of_file(path: &Path, error: &std::io::Error) -> Self {
        Self::failed(format!("{}: {error}", path.display()))
    }

    /// Adds what can be done about it.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.push(advice.into());
        self
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let kind = match &error {
            CommandError::Missing { .. } => Kind::Refused,
            CommandError::Stopped { .. } => Kind::Stopped,
            _ => Kind::Failed,
        };
        Self { kind, what: error.to_string(), advice: Vec::new() }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::failed(problem.to_string())
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::failed(error.to_string())
    }
}

/// Where a step writes its changes, and tells what came of it.
#[derive(Debug)]
pub struct Log<'a, Change> {
    pub(super) journal: &'a mut Journal,
    pub(super) step: &'static str,
    pub(super) names: Names,
    pub(super) said: String,
    pub(super) change: PhantomData<Change>,
}

impl<Change: Serialize> Log<'_, Change> {
    /// Makes a change: it stands in the journal, on the disk, before it is begun.
    ///
    /// # Errors
    /// When the journal cannot be written, and then nothing is changed; or when the action fails.
    pub fn guarded<T>(
        &mut self,
        change: impl Into<Change>,
        action: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let id = self.journal.intend(self.step, &change.into())?;
        let outcome = action()?;
        self.journal.done(id)?;
        Ok(outcome)
    }

    /// Whether this step has made no change yet, in this run or an earlier one.
    pub fn is_empty(&self) -> bool {
        self.journal.changes_of(self.step).next().is_none()
    }

    /// Tells in a few words what came of the step.
    pub fn say(&mut self, words: impl Into<String>) {
        self.said = words.into();
    }

    /// The refusal to go on over a file that an earlier run of the procedure left.
    pub fn left_over(&self, path: &Path) -> Failure {
        Failure::refused(format!("{} is left from an earlier {}", path.display(), self.names.name))
            .advise(self.names.down)
    }
}
