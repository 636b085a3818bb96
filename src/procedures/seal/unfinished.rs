//! What stands in the way of sealing: a `prepare` of the root that has not come to its end.

use crate::procedures::Failure;
use crate::procedures::prepare::runs::Runs;
use crate::procedures::prepare::tree::Tree;
use std::path::Path;

/// Refuses a root in which `isctpl prepare` was interrupted: its journal is all that can put the root's files back.
/// While a root is cleared, what is given back keeps other runs of `prepare` off.
///
/// # Errors
/// When one was interrupted or is at work, or that cannot be told.
pub(crate) fn refuse_unfinished(root: &Path, only_looks: bool) -> Result<Option<Runs>, Failure> {
    let tree = Tree::open(root)?;
    let runs = if only_looks { Runs::peek(tree)? } else { Runs::existing(tree)? };
    let Some(runs) = runs else { return Ok(None) };
    if runs.is_interrupted()? {
        return Err(Failure::refused("isctpl prepare was interrupted in this root")
            .advise("isctpl prepare --root DIR --undo   puts back what it changed"));
    }
    Ok(Some(runs))
}
