//! Whether a rescue is up, by its journal.

use crate::procedures::Failure;
use crate::procedures::journal::Journal;
use crate::procedures::rescue::{RescueRequest, STATE, recovery};
use crate::procedures::run::{request_of, this_boot};
use std::path::{Path, PathBuf};

/// The journal of a rescue that is up, or was interrupted.
pub(super) fn peek() -> Result<Option<Journal>, Failure> {
    Ok(Journal::peek(Path::new(STATE))?)
}

/// Whether `isctpl rescue enter` enters this directory.
pub(in crate::commands) fn is_up_at(directory: &Path) -> bool {
    let up_at = || -> Result<Option<PathBuf>, Failure> {
        let Some(journal) =
            peek()?.filter(|journal| this_boot().is_ok_and(|boot| recovery::is_complete(journal, &boot)))
        else {
            return Ok(None);
        };
        Ok(Some(request_of::<RescueRequest>(&journal)?.at))
    };
    match (up_at(), directory.canonicalize()) {
        (Ok(Some(at)), Ok(directory)) => at.canonicalize().is_ok_and(|at| at == directory),
        _ => false,
    }
}

/// Refuses whoever is not root.
pub(super) fn root_only() -> Result<(), Failure> {
    if nix::unistd::geteuid().is_root() {
        Ok(())
    } else {
        Err(Failure::refused("must run as root").advise("run it with sudo"))
    }
}
