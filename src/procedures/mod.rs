//! Change things, step by step, so that all of it can be undone.
//!
//! A [`Procedure`] is a list of [`Step`]s and the order in which one hands on to the next what it has learnt. The
//! [`engine`] works them off and keeps a [`journal`] on disk: what a step is about to change is written there before
//! it is changed, with all that it takes to put it back. Whatever ends the process, the next one reads the journal,
//! and goes on or undoes. [`run`] is how a command starts a procedure and takes it down.

pub mod engine;
pub(crate) mod gate;
pub mod journal;
pub(crate) mod prepare;
pub(crate) mod replaced_file;
pub(crate) mod rescue;
pub mod run;
pub(crate) mod seal;
mod step;

pub use engine::Procedure;
pub use step::{ErasedStep, Failure, Kind, Log, Names, NoChange, Planned, Step};
