//! Unit files, drop-ins and networkd's files: the syntax of systemd.syntax(7).
//!
//! One reader serves units, `.network`, `.link`, `.netdev` and `.conf` files: sections, assignments
//! that may repeat, continuation by `\`, comments, and drop-ins that add to a file. What a key means
//! is for the caller.

pub(crate) mod exec;
pub(crate) mod sysctl;
#[cfg(test)]
mod tests;
pub(crate) mod udev_rules;
mod words;

use crate::formats::text::harmless::wrong_value;
use isctpl_checks::facts::{Located, Location, Problem};
use std::collections::BTreeMap;
pub(crate) use words::{boolean, split_words};

/// The most assignments that are kept of one file with its drop-ins.
const ENTRY_LIMIT: usize = 5_000;

/// A file in systemd's syntax, with the drop-ins that were merged into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UnitFile {
    /// Sections in the order read. A name may repeat: some mean one object each (`[Route]`), others
    /// are one section in pieces (`[Service]`); the lookups below see all of one name.
    pub sections: Vec<Section>,
    /// Lines that systemd ignores with a warning.
    pub problems: Vec<Problem>,
}

/// A section of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// Name, without brackets.
    pub name: String,
    /// The line of its header.
    pub at: Location,
    /// Assignments in order.
    pub entries: Vec<Entry>,
}

/// An assignment `Key=Value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Key; upper and lower case differ.
    pub key: String,
    /// Value without surrounding blanks, continuation lines joined by a blank, quotes kept.
    pub value: String,
    /// The line on which it begins.
    pub at: Location,
}

impl Entry {
    /// The value with its place.
    pub(crate) fn located(&self) -> Located<String> {
        Located::new(self.value.clone(), self.at.clone())
    }
}

impl Section {
    /// The last assignment of a key; an empty value is an assignment too.
    pub(crate) fn last(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.key == key)
    }
}

impl UnitFile {
    /// Adds a drop-in: its sections come after those that are there, so its assignments win.
    pub(crate) fn merge(&mut self, drop_in: Self) {
        let room = ENTRY_LIMIT.saturating_sub(self.sections.iter().map(|section| section.entries.len()).sum());
        let mut taken = 0usize;
        for section in drop_in.sections {
            taken = taken.saturating_add(section.entries.len());
            if taken > room {
                self.problems.push(Problem::new(
                    section.at.to_string(),
                    format!("the file and its drop-ins have more than {ENTRY_LIMIT} lines; the rest is not read"),
                ));
                break;
            }
            self.sections.push(section);
        }
        self.problems.extend(drop_in.problems);
    }

    /// Every section of a name, in order.
    pub(crate) fn named(&self, section: &str) -> Vec<&Section> {
        self.sections.iter().filter(|candidate| candidate.name == section).collect()
    }

    /// Every assignment of a key in every section of a name, in order, empty ones included.
    pub(crate) fn entries(&self, section: &str, key: &str) -> Vec<&Entry> {
        self.sections
            .iter()
            .filter(|candidate| candidate.name == section)
            .flat_map(|section| section.entries.iter().filter(|entry| entry.key == key))
            .collect()
    }

    /// The assignment that holds for a key of one value: the last, unless it is empty.
    pub(crate) fn last(&self, section: &str, key: &str) -> Option<&Entry> {
        self.entries(section, key).last().copied().filter(|entry| !entry.value.is_empty())
    }

    /// The assignments that hold for a key that is a list: an empty one resets those before it.
    pub(crate) fn list(&self, section: &str, key: &str) -> Vec<&Entry> {
        reset_by_empty(self.entries(section, key).into_iter())
    }

    /// The words of a list, quotes resolved, each with the line of its assignment.
    pub(crate) fn words(&self, section: &str, key: &str) -> Vec<Located<String>> {
        self.list(section, key)
            .into_iter()
            .flat_map(|entry| split_words(&entry.value).into_iter().map(|word| Located::new(word, entry.at.clone())))
            .collect()
    }

    /// A boolean; `None` when it is not set or is none of systemd's words for one.
    pub(crate) fn boolean(&self, section: &str, key: &str) -> Option<Located<bool>> {
        let entry = self.last(section, key)?;
        Some(Located::new(boolean(&entry.value)?, entry.at.clone()))
    }

    /// A whole number; `None` when it is not set or is no number.
    pub(crate) fn number(&self, section: &str, key: &str) -> Option<Located<u32>> {
        let entry = self.last(section, key)?;
        Some(Located::new(entry.value.parse().ok()?, entry.at.clone()))
    }
}

fn reset_by_empty<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<&'a Entry> {
    let mut kept = Vec::new();
    for entry in entries {
        if entry.value.is_empty() {
            kept.clear();
        } else {
            kept.push(entry);
        }
    }
    kept
}

/// Reads one file. Never fails: what systemd would ignore is ignored and listed in
/// [`UnitFile::problems`]. `path` is what places name.
pub(crate) fn parse(text: &str, path: &str) -> UnitFile {
    let mut file = UnitFile::default();
    let mut count = 0usize;
    for (line, logical) in logical_lines(text) {
        let at = Location::line(path, line);
        let logical = logical.trim();
        if let Some(rest) = logical.strip_prefix('[') {
            match rest.strip_suffix(']') {
                Some(name) => file.sections.push(Section { name: name.to_owned(), at, entries: Vec::new() }),
                None => file.problems.push(Problem::new(at.to_string(), "the `]` of the section's name is missing")),
            }
            continue;
        }
        let Some((key, value)) = logical.split_once('=') else {
            file.problems
                .push(Problem::new(at.to_string(), "is not a section, comment or assignment, so systemd ignores it"));
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        let Some(section) = file.sections.last_mut() else {
            file.problems.push(Problem::new(
                at.to_string(),
                format!("`{}=` is in front of the first section", wrong_value(key)),
            ));
            continue;
        };
        if key.is_empty() {
            file.problems.push(Problem::new(at.to_string(), "the name in front of `=` is missing"));
            continue;
        }
        if count == ENTRY_LIMIT {
            file.problems.push(Problem::new(
                at.to_string(),
                format!("the file has more than {ENTRY_LIMIT} assignments; the rest is not read"),
            ));
            break;
        }
        count += 1;
        section.entries.push(Entry { key: key.to_owned(), value: value.to_owned(), at });
    }
    file
}

/// Lines with their numbers: continuations joined, comments and empty lines left out. A comment
/// between the pieces of a continued line is skipped, as systemd does.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Vec::new();
    let mut open: Option<(u32, String)> = None;
    let mut number = 0u32;
    for raw in text.split('\n') {
        number = number.saturating_add(1);
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        let trimmed = raw.trim_start();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        let continues = raw.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
        let piece = if continues { raw.get(..raw.len() - 1).unwrap_or_default() } else { raw };
        let (start, mut joined) = open.take().unwrap_or((number, String::new()));
        joined.push_str(piece);
        if continues {
            joined.push(' ');
            open = Some((start, joined));
        } else if !joined.trim().is_empty() {
            lines.push((start, joined));
        }
    }
    if let Some((start, joined)) = open
        && !joined.trim().is_empty()
    {
        lines.push((start, joined));
    }
    lines
}

/// Which files of a set of directories count: of files with one name the one in the first directory,
/// all sorted by file name (systemd.unit(5), sysctl.d(5), networkd's `*.network`, netplan).
///
/// `listings` are directories, the one of the highest priority first, with the names in each.
pub(crate) fn conf_files(listings: &[(&str, Vec<String>)], suffix: &str) -> Vec<String> {
    let mut chosen: BTreeMap<&str, &str> = BTreeMap::new();
    for (directory, names) in listings {
        for name in names {
            let hidden = name.starts_with('.');
            if !hidden && name.ends_with(suffix) && name.len() > suffix.len() {
                chosen.entry(name).or_insert(directory);
            }
        }
    }
    chosen.into_iter().map(|(name, directory)| format!("{directory}/{name}")).collect()
}
