//! Whether a rescue is up, by its journal.

use crate::procedures::Failure;
use crate::procedures::journal::Journal;
use crate::procedures::rescue::{RescueRequest, STATE, recovery};
use crate::procedures::run::{request_of, this_boot};
use std::path::{Path, PathBuf};

/// The journal of a rescue that is up, or was interrupted.
pub(super) fn peek() -> Result<Option<Journal>, Failure> {
    peek_in(Path::new(STATE))
}

fn peek_in(state: &Path) -> Result<Option<Journal>, Failure> {
    // Where nothing of it is left, whatever it was asked for is over.
    Ok(Journal::peek(state)?.filter(|journal| journal.last_applied().is_some()))
}

/// Whether `isctpl rescue enter` enters this directory. The directory is touched only where a rescue is up: on a disk
/// that is gone, that never ends.
pub(in crate::commands) fn is_up_at(directory: &Path) -> bool {
    let up_at = || -> Result<Option<PathBuf>, Failure> {
        let Some(journal) =
            peek()?.filter(|journal| this_boot().is_ok_and(|boot| recovery::is_complete(journal, &boot)))
        else {
            return Ok(None);
        };
        let request: RescueRequest = request_of(&journal)?;
        Ok(Some(request.at).filter(|_| !request.login_only))
    };
    let Ok(Some(at)) = up_at() else { return false };
    directory.canonicalize().is_ok_and(|directory| at.canonicalize().is_ok_and(|at| at == directory))
}

/// Whether a rescue of this start of the machine was begun, and neither completed nor undone.
///
/// # Errors
/// When its journal cannot be read.
pub(in crate::commands) fn is_half_way() -> Result<bool, Failure> {
    let Some(journal) = peek()? else { return Ok(false) };
    let boot = this_boot()?;
    Ok(journal.boot() == boot && !recovery::is_complete(&journal, &boot))
}

/// Refuses whoever is not root.
pub(in crate::commands) fn root_only() -> Result<(), Failure> {
    if nix::unistd::geteuid().is_root() {
        Ok(())
    } else {
        Err(Failure::refused("must run as root").advise("run it with sudo"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::procedures::journal::JournalLock;
    use serde_json::Value;

    #[test]
    fn a_journal_of_nothing_tells_of_no_rescue() {
        let directory = tempfile::tempdir().unwrap();
        let lock = JournalLock::take(directory.path()).unwrap();
        let mut journal = Journal::begin(&lock, "rescue", "one", Value::Null).unwrap();
        let is_there = || peek_in(directory.path()).unwrap().is_some();
        assert!(!is_there());
        let id = journal.intend("login", &Value::Null).unwrap();
        assert!(is_there());
        journal.undone(id).unwrap();
        assert!(!is_there());
    }
}
