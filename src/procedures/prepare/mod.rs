//! `prepare`: what `doctor` finds wrong in the files of a root is fixed there.
#![allow(dead_code)]

pub(crate) mod draft;
pub(crate) mod repairs;
