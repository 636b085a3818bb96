//! What stands in the way of sealing: a change of the root that has not come to its end.

use crate::procedures::Failure;
use crate::procedures::journal::Journal;
use crate::system::Root;
use std::path::PathBuf;

/// Where `isctpl prepare` keeps its journal and the files that it has changed, in the root.
const PREPARED: &str = "/var/lib/isctpl";

/// The directory of a `prepare` that was interrupted: its journal is all that can put the root's files back.
///
/// # Errors
/// When there is a journal that cannot be read.
pub(crate) fn unfinished(root: &Root) -> Result<Option<PathBuf>, Failure> {
    let Some(directories) = root.list(PREPARED)? else { return Ok(None) };
    let below = directories.into_iter().map(|(name, _)| format!("{PREPARED}/{name}"));
    for directory in [PREPARED.to_owned()].into_iter().chain(below) {
        let is_there = root.stat(&format!("{directory}/journal"))?.is_some();
        let Some(place) = root.resolved(&directory)?.filter(|_| is_there) else { continue };
        let journal = Journal::peek(&place)?;
        if journal.is_some_and(|journal| !journal.is_complete() && journal.last_applied().is_some()) {
            return Ok(Some(place));
        }
    }
    Ok(None)
}
