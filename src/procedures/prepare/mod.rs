//! `prepare`: what `doctor` finds wrong in the files of a root is fixed there.

mod apply;
pub(crate) mod build;
pub(crate) mod context;
pub(crate) mod draft;
pub(crate) mod packages;
pub(crate) mod plan;
mod procedure;
mod recipe;
pub(crate) mod repairs;
mod replacement;
pub(crate) mod runs;
mod steps;
mod targets;
pub(crate) mod tree;
pub(crate) mod work;
