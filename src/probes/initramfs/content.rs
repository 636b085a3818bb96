//! What is kept of the files of an image.

use crate::formats::image::elf::Linkage;
use std::collections::BTreeMap;

/// What is kept of a file's content.
#[derive(Debug)]
pub(super) enum Content {
    /// A script or configuration file.
    Text(String),
    /// A program or library.
    Elf(Binary),
    /// An index of modules: what it answers of the words that the kernel asks for.
    Aliases(BTreeMap<String, Vec<String>>),
}

/// A program or library.
#[derive(Debug, Default)]
pub(super) struct Binary {
    pub(super) linkage: Linkage,
    /// Of the strings that are looked for in such a program, those that it has.
    pub(super) strings: Vec<&'static str>,
}
