//! The steps of a run of `prepare`.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod files;
