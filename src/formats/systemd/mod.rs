//! Unit files, drop-ins and networkd's files: the syntax of systemd.syntax(7).
//!
//! One reader serves units, `.network`, `.link`, `.netdev` and `.conf` files: sections, assignments
//! that may repeat, continuation by `\`, comments, and drop-ins that add to a file. What a key means
//! is for the caller.

pub(crate) mod exec;
pub(crate) mod interface_commands;
pub(crate) mod sysctl;
#[cfg(test)]
mod tests;
pub(crate) mod udev_rules;
mod words;

use crate::formats::text::harmless::wrong_value;
use isctpl_checks::facts::{Located, Location, Problem};
use std::collections::BTreeMap;
pub(crate) use words::{boolean, split_words};

/// The most lines that are read of one file with its drop-ins, comments and empty ones left out.
const LINE_LIMIT: usize = 5_000;

/// The characters of a line that counts as one: a longer one, with a list of names, takes as much as several.
const LINE_WIDTH: usize = 80;

/// The most lines of one file that are told as ignored.
const TOLD_LIMIT: usize = 16;

/// A file in systemd's syntax, with the drop-ins that were merged into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UnitFile {
    /// Sections in the order read. A name may repeat: some mean one object each (`[Route]`), others
    /// are one section in pieces (`[Service]`); the lookups below see all of one name.
    pub sections: Vec<Section>,
    /// Lines that systemd ignores with a warning.
    pub problems: Vec<Problem>,
    /// Where there are more lines than are read: what the rest says is not known.
    pub cut: Option<Problem>,
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
    /// The lines that it has, its header included.
    fn lines(&self) -> usize {
        self.entries.iter().map(|entry| lines_of(entry.value.len())).sum::<usize>().saturating_add(1)
    }

    /// The last assignment of a key; an empty value is an assignment too.
    pub(crate) fn last(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.key == key)
    }
}

impl UnitFile {
    /// Adds a drop-in: its sections come after those that are there, so its assignments win.
    pub(crate) fn merge(&mut self, drop_in: Self) {
        let mut lines: usize = self.sections.iter().map(Section::lines).sum();
        for section in drop_in.sections {
            lines = lines.saturating_add(section.lines());
            if lines > LINE_LIMIT {
                self.cut_at(&section.at);
                break;
            }
            self.sections.push(section);
        }
        self.problems.extend(drop_in.problems);
        self.cut = self.cut.take().or(drop_in.cut);
    }

    fn cut_at(&mut self, at: &Location) {
        let what = format!(
            "a file and its drop-ins have more than {LINE_LIMIT} lines of {LINE_WIDTH} characters; the rest is not read"
        );
        self.cut.get_or_insert(Problem::new(at.to_string(), what));
    }

    /// Adds a line, trimmed.
    ///
    /// # Errors
    /// Why systemd ignores it.
    fn add_line(&mut self, line: &str, at: Location) -> Result<(), String> {
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.strip_suffix(']').ok_or("the `]` of the section's name is missing")?;
            self.sections.push(Section { name: name.to_owned(), at, entries: Vec::new() });
            return Ok(());
        }
        let (key, value) =
            line.split_once('=').ok_or("is not a section, comment or assignment, so systemd ignores it")?;
        let (key, value) = (key.trim(), value.trim());
        let section = self.sections.last_mut();
        let section = section.ok_or_else(|| format!("`{}=` is in front of the first section", wrong_value(key)))?;
        if key.is_empty() {
            return Err("the name in front of `=` is missing".to_owned());
        }
        section.entries.push(Entry { key: key.to_owned(), value: value.to_owned(), at });
        Ok(())
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

/// How many lines one of this length counts as.
fn lines_of(length: usize) -> usize {
    1 + length / LINE_WIDTH
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
    let (mut ignored, mut count) = (0_usize, 0_usize);
    for (line, logical) in logical_lines(text) {
        let at = Location::line(path, line);
        count += lines_of(logical.len());
        if count > LINE_LIMIT {
            file.cut_at(&at);
            break;
        }
        if let Err(why) = file.add_line(logical.trim(), at.clone()) {
            ignored += 1;
            if ignored <= TOLD_LIMIT {
                file.problems.push(Problem::new(at.to_string(), why));
            }
        }
    }
    if let Some(more) = ignored.checked_sub(TOLD_LIMIT).filter(|more| *more > 0) {
        file.problems.push(Problem::new(path, format!("and {more} more lines that systemd ignores")));
    }
    file
}

/// Lines with their numbers: continuations joined, comments and empty lines left out. A comment
/// between the pieces of a continued line is skipped, as systemd does.
fn logical_lines(text: &str) -> impl Iterator<Item = (u32, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1u32..)
        .zip(text.split('\n').map(|raw| raw.strip_suffix('\r').unwrap_or(raw)))
        .filter(|(_, raw)| !raw.trim_start().starts_with(['#', ';']));
    let joined = std::iter::from_fn(move || {
        let (start, mut raw) = lines.next()?;
        let mut joined = String::new();
        while raw.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1 {
            joined.push_str(raw.get(..raw.len() - 1).unwrap_or_default());
            joined.push(' ');
            raw = lines.next().map_or("", |(_, next)| next);
        }
        joined.push_str(raw);
        Some((start, joined))
    });
    joined.filter(|(_, line)| !line.trim().is_empty())
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
