//! What lies on the disk that a template must not carry, and what it must.

mod credentials;
mod leftovers;
mod wanted;

use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Leftover, LeftoverKind, Problem, Template};

/// Looks for what a template must and must not carry. It is read alike on every root: whether a booted instance
/// may have a log is for the checks to say.
pub fn read(root: &Root) -> Template {
    let mut search = Search { root, left: Vec::new(), problems: Vec::new() };
    leftovers::histories(&mut search);
    leftovers::logs(&mut search);
    leftovers::net_rules(&mut search);
    leftovers::host_keys(&mut search);
    leftovers::machine_ids(&mut search);
    leftovers::temporary_files(&mut search);
    leftovers::package_caches(&mut search);
    credentials::look(&mut search);
    let wanted = wanted::look(&mut search);
    Template { left: search.left, wanted, problems: search.problems }
}

/// A search through a root: what was found, and what could not be looked at.
struct Search<'a> {
    root: &'a Root,
    left: Vec<Leftover>,
    problems: Vec<Problem>,
}

impl Search<'_> {
    fn found(&mut self, kind: LeftoverKind, path: impl Into<String>, amount: u64) {
        self.left.push(Leftover { kind, path: path.into(), amount, line: 0 });
    }

    /// Names in a directory with their kinds; an absent one has none.
    fn list(&mut self, path: &str) -> Vec<(String, FileKind)> {
        match self.root.list(path) {
            Ok(names) => names.unwrap_or_default(),
            Err(problem) => {
                self.problems.push(problem);
                Vec::new()
            }
        }
    }

    /// Bytes of a regular file itself, links not followed; `None` when there is none or it is empty.
    fn filled(&mut self, path: &str) -> Option<u64> {
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
    fn text(&mut self, path: &str) -> Option<String> {
        match self.root.text(path) {
            Ok(text) => text,
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
