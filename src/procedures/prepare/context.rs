//! What a run of `prepare` works with.

use super::build::Build;
use super::replacement::{NewContent, NewDirectory};
use super::tree::Tree;
use crate::procedures::Failure;
use crate::system::command::Runner;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What was asked for, as far as undoing needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrepareRequest {
    /// Directories that were made for the journal itself, the outermost first.
    pub(crate) made: Vec<NewDirectory>,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// Files and links, by their path in the root.
    pub(crate) files: Vec<(String, NewContent)>,
    /// What is built then.
    pub(crate) builds: Vec<Build>,
}

/// The file of a run in which the checks' findings after it are kept.
pub(crate) const FOUND: &str = "found";

/// How a root stands after a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checked {
    /// The verdict in a sentence.
    pub(crate) verdict: String,
    /// What the checks find, by check and summary.
    pub(crate) found: Vec<(String, String)>,
}

/// Looks how the root stands; refuses where that is worse than before.
pub(crate) type Check = Box<dyn FnMut() -> Result<Checked, Failure>>;

/// What the steps work with.
pub(crate) struct Context {
    /// The root.
    pub(crate) tree: Tree,
    /// Where the journal of this run lies on this machine.
    pub(crate) state: PathBuf,
    /// What is to be done; nothing where it is undone.
    pub(crate) work: Work,
    /// Runs programs.
    pub(crate) runner: Runner,
    /// Judges what has come of it.
    pub(crate) check: Check,
}

impl Context {
    /// Where what is replaced is kept.
    pub(crate) fn kept(&self) -> PathBuf {
        self.state.join("kept")
    }

    /// Where generators write.
    pub(crate) fn work_directory(&self) -> PathBuf {
        self.state.join("work")
    }
}
