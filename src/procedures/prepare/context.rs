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

/// Looks whether the root is better than before; refuses where it is worse.
pub(crate) type Check = Box<dyn FnMut() -> Result<String, Failure>>;

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
