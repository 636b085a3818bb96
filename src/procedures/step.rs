//! What a step is.

use super::journal::{Journal, JournalError};
use crate::system::command::CommandError;
use isctpl_checks::facts::Problem;
use serde::Serialize;
use serde_json::Value;

/// One step of a procedure over a context `C`.
///
/// A step may change several things; each is a *deed*, written to the journal before it is done. A deed
/// holds what was there before, and never a secret. Undoing one must work whether or not it was done, done
/// half way, or undone already: after a crash nobody knows.
pub trait Step<C> {
    /// The name under which its deeds stand in the journal.
    fn id(&self) -> &'static str;

    /// What it does, in a few words that begin with a verb.
    fn title(&self, cx: &C) -> String;

    /// What would be done now, for a person to read and paste.
    fn plan(&self, cx: &C) -> Vec<Planned>;

    /// Whether there is nothing left to do, judged from the machine itself and from this step's deeds so far.
    /// What later steps need is learnt here, and put into the context.
    ///
    /// # Errors
    /// When it cannot be told, or when it can be told that the step must not be done.
    fn is_done(&self, cx: &mut C, deeds: &[Value]) -> Result<bool, Failure>;

    /// Does it; gives a few words on the outcome.
    ///
    /// # Errors
    /// When it could not be done. What was done of it stands in the journal.
    fn perform(&self, cx: &mut C, log: &mut Log<'_>) -> Result<String, Failure>;

    /// Puts back what a deed of this step changed.
    ///
    /// # Errors
    /// When it is still changed.
    fn undo(&self, cx: &mut C, deed: &Value) -> Result<(), Failure>;

    /// Whether its deeds outlast a restart of the machine, as changed files do and mounts do not.
    fn outlasts_restart(&self) -> bool {
        false
    }
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
    /// A command.
    pub fn command(call: &impl ToString) -> Self {
        Self::Command(call.to_string())
    }

    /// A remark.
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
    /// Kind.
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
        Self::failed(format!("{}: {}", problem.place, problem.what))
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::failed(error.to_string())
    }
}

/// Where a step writes its deeds.
#[derive(Debug)]
pub struct Log<'a> {
    pub(super) journal: &'a mut Journal,
    pub(super) step: &'static str,
}

impl Log<'_> {
    /// Does a deed: it stands in the journal, on the disk, before it is begun.
    ///
    /// # Errors
    /// When the journal cannot be written, and then nothing is done; or when the deed fails.
    pub fn record<T>(
        &mut self,
        deed: &impl Serialize,
        action: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let id = self.journal.intend(self.step, deed)?;
        let outcome = action()?;
        self.journal.done(id)?;
        Ok(outcome)
    }
}
