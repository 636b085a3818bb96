//! From a plan to what the steps do.

use super::context::Work;
use super::draft::{Content, FileChange};
use super::plan::Plan;
use super::replacement::NewContent;
use super::tree::Tree;
use crate::procedures::Failure;

/// What the steps do for a plan.
///
/// # Errors
/// When a file that is to be copied is not in the root.
pub(crate) fn work_of(plan: &Plan, tree: &Tree) -> Result<Work, Failure> {
    let mut files = Vec::new();
    for (path, change) in &plan.files {
        files.push((path.clone(), new_content(change, tree)?));
    }
    Ok(Work { files, builds: plan.builds.clone() })
}

fn new_content(change: &FileChange, tree: &Tree) -> Result<NewContent, Failure> {
    Ok(match &change.after {
        Content::Text(text) => NewContent::Text(text.clone(), change.mode),
        Content::Copy { from } => match tree.root.resolved(from)? {
            Some(file) => NewContent::CopyOf(file),
            None => return Err(Failure::refused(format!("{from} does not exist"))),
        },
        Content::Link(target) => NewContent::Link(target.clone()),
        Content::Absent => NewContent::Nothing,
    })
}
