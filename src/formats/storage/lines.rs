//! Tables of which each line is an entry of fields, as fstab(5) and crypttab(5) have it.

use isctpl_checks::facts::{Location, Problem};
use std::str::SplitWhitespace;

/// What kind of table it is.
pub(super) struct Table {
    /// Its name in messages.
    pub(super) name: &'static str,
    /// The most lines that are kept.
    pub(super) limit: usize,
    /// How many fields a line has at least, in words.
    pub(super) least: &'static str,
}

impl Table {
    /// The entries in order, and the lines that are none: those of which `read` makes nothing.
    pub(super) fn entries<T>(
        &self,
        text: &str,
        path: &str,
        read: impl Fn(SplitWhitespace<'_>, Location) -> Option<T>,
    ) -> (Vec<T>, Vec<Problem>) {
        let mut entries = Vec::new();
        let mut problems = Vec::new();
        for (line, raw) in (1u32..).zip(text.lines()) {
            let written = raw.trim();
            if written.is_empty() || written.starts_with('#') {
                continue;
            }
            let at = Location::line(path, line);
            let place = at.to_string();
            if entries.len() == self.limit {
                problems.push(Problem::new(place, "has too many lines; the rest was not read"));
                break;
            }
            match read(written.split_whitespace(), at) {
                Some(entry) => entries.push(entry),
                None => {
                    let Self { name, least, .. } = self;
                    let what = format!("is not a line of {name}: it has fewer than {least} fields");
                    problems.push(Problem::new(place, what));
                }
            }
        }
        (entries, problems)
    }
}
