//! Change things, step by step, so that all of it can be undone.
//!
//! A procedure is a list of [`Step`]s. The [`engine`] works them off and keeps a [`journal`] on disk: what a
//! step is about to change is written there before it is changed, with all that it takes to put it back.
//! Whatever ends the process, the next one reads the journal, and goes on or undoes.

pub mod engine;
pub mod journal;
pub mod replaced_file;
pub mod rescue;
mod step;

pub use step::{Failure, Kind, Log, Planned, Step};
