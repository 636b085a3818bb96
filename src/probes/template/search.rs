//! What every search of a template shares.

use crate::probes::files::first_of;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Leftover, LeftoverKind, Problem};

/// A search through a root: what was found, and what could not be looked at.
pub(super) struct Search<'a> {
    pub(super) root: &'a Root,
    pub(super) left: Vec<Leftover>,
    pub(super) problems: Vec<Problem>,
}

impl Search<'_> {
    pub(super) fn found(&mut self, kind: LeftoverKind, path: impl Into<String>, amount: u64) {
        self.left.push(Leftover { kind, path: path.into(), amount, line: 0 });
    }

    /// Whether a path leads to a directory.
    pub(super) fn is_directory(&mut self, path: &str) -> bool {
        match self.root.kind(path) {
            Ok(kind) => kind == Some(FileKind::Directory),
            Err(problem) => {
                self.problems.push(problem);
                false
            }
        }
    }

    /// Names in a directory with their kinds; an absent one has none.
    pub(super) fn list(&mut self, path: &str) -> Vec<(String, FileKind)> {
        match self.root.list(path) {
            Ok(names) => names.unwrap_or_default(),
            Err(problem) => {
                self.problems.push(problem);
                Vec::new()
            }
        }
    }

    /// The first of these that is a regular file.
    pub(super) fn first_file(&mut self, paths: &[&str]) -> Option<String> {
        match first_of(self.root, paths, FileKind::File) {
            Ok(found) => found.map(|path| (*path).to_owned()),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// Bytes of a regular file itself, links not followed; `None` when there is none or it is empty.
    pub(super) fn filled(&mut self, path: &str) -> Option<u64> {
        match self.root.lstat(path) {
            Ok(Some(meta)) if meta.kind == FileKind::File && meta.size > 0 => Some(meta.size),
            Ok(_) => None,
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// A text file's content; an absent one has none.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        match self.root.text(path) {
            Ok(text) => text,
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }
}
