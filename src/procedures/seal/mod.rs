//! `seal`: a root is cleared of what a template must not carry to its copies.
//!
//! What is removed cannot be put back, so this is no procedure of the engine: there is nothing to undo, and no journal.
//! Each place is cleared by itself and once more where it was cleared before, so a run that ends half way is finished
//! by the next one.

mod clear;
mod identity;
mod images;
mod plan;
mod table;
mod unfinished;

pub(crate) use crate::probes::template::{KeyMaker, key_maker};
pub(crate) use clear::{Cleared, clear};
pub(crate) use identity::{Architecture, Bootstrap, Identity, Loaders, identify};
pub(crate) use plan::{Item, Plan, Wishes, plan};
pub(crate) use table::How;
pub(crate) use unfinished::refuse_unfinished;
