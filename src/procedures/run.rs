//! How a command starts a procedure and takes it down: alone on the machine, with the journal that an earlier
//! process left, or a new one.

use super::engine::{Applied, Engine, Listener, Procedure};
use super::journal::{Journal, JournalLock};
use super::step::Failure;
use crate::system::Root;
use crate::system::cancel::Cancel;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Where a procedure runs.
pub struct Run<'a, P> {
    /// What is run.
    pub procedure: &'a P,
    /// The directory of its journal.
    pub state: &'a Path,
    /// Names this start of the machine ([`this_boot`]).
    pub boot: String,
    /// Asks it to stop.
    pub cancel: Cancel,
}

/// How taking down ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenDown {
    /// No journal told of anything; what an earlier run had left is undone, and told.
    Nothing(Vec<String>),
    /// All is undone.
    Done {
        /// Whether the machine was restarted since, which ended what did not outlast it.
        restarted: bool,
        /// Why the journal is still there, where it could not be removed. What is down is down: it tells of changes
        /// that are all undone, and stands in nobody's way.
        journal: Option<Failure>,
    },
    /// Something could not be undone.
    Failed(Failure),
}

impl<P: Procedure> Run<'_, P> {
    /// Does what is asked for, or goes on with it after an interruption.
    ///
    /// # Errors
    /// When nothing was begun: another process is at it, something else is up, or the journal cannot be written.
    pub fn up(
        &self,
        request: &P::Request,
        cx: &mut P::Context,
        listener: &mut dyn Listener,
    ) -> Result<Applied<P::Outcome>, Failure> {
        let lock = JournalLock::take(self.state)?;
        // Where nothing of it is left, whatever it was asked for is over.
        let earlier = Journal::open(&lock)?.filter(|journal| journal.last_applied().is_some());
        let mut journal = match earlier {
            Some(journal) if request_of::<P::Request>(&journal)? == *request => journal,
            Some(_) => {
                let names = P::NAMES;
                return Err(Failure::refused(format!("another {} is already up, or was interrupted", names.name))
                    .advise(format!("{}   shows it", names.status))
                    .advise(format!("{:2$}   {}", names.down, "undoes it", names.status.len())));
            }
            None => {
                let request = serde_json::to_value(request).map_err(|error| Failure::failed(error.to_string()))?;
                Journal::begin(&lock, P::NAMES.name, &self.boot, request)?
            }
        };
        let mut applied = self.engine().up(cx, &mut journal, listener);
        if let Applied::RolledBack(failure) = &mut applied
            && let Err(error) = journal.finish()
        {
            failure.advice.push(format!("the journal tells of nothing any more, and could not be removed: {error}"));
        }
        Ok(applied)
    }

    /// Undoes all of it. The context is made of what the journal says was asked for; of nothing where there is none.
    ///
    /// # Errors
    /// When nothing was undone: another process is at it, the journal cannot be read, or it must not be taken down.
    /// What went wrong later is told by [`TakenDown`].
    pub fn down(
        &self,
        context: impl FnOnce(Option<P::Request>) -> Result<P::Context, Failure>,
        listener: &mut dyn Listener,
    ) -> Result<(TakenDown, P::Context), Failure> {
        let lock = JournalLock::take(self.state)?;
        let Some(mut journal) = Journal::open(&lock)? else {
            let mut cx = context(None)?;
            let stale = self.procedure.clean_up_stale(&mut cx)?;
            return Ok((TakenDown::Nothing(stale), cx));
        };
        let mut cx = context(Some(request_of(&journal)?))?;
        let restarted = journal.boot() != self.boot;
        if !restarted {
            self.procedure.may_be_taken_down(&mut cx, &journal)?;
        }
        let down = match self.engine().down(&mut cx, &mut journal, listener) {
            Ok(()) => TakenDown::Done { restarted, journal: journal.finish().err().map(Failure::from) },
            Err(failure) => TakenDown::Failed(failure),
        };
        Ok((down, cx))
    }

    fn engine(&self) -> Engine<'_, P> {
        Engine { procedure: self.procedure, cancel: self.cancel.clone(), boot: &self.boot }
    }
}

/// What a journal says was asked for.
///
/// # Errors
/// When it is not what this version asks for.
pub(crate) fn request_of<R: DeserializeOwned>(journal: &Journal) -> Result<R, Failure> {
    R::deserialize(journal.request())
        .map_err(|error| Failure::refused(format!("the journal has a request that cannot be read: {error}")))
}

/// Names this start of the machine.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn this_boot() -> Result<String, Failure> {
    Ok(Root::running()?.line("/proc/sys/kernel/random/boot_id")?.unwrap_or_default().trim().to_owned())
}
