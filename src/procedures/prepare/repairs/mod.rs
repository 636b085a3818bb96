//! What makes each repair's change to the files of a root.

pub(crate) mod words;
