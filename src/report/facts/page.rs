//! The text of one page of facts as it grows: headings, items, labelled fields, and what could not be read.

use crate::report::columns;
use crate::report::style::{DOUBTFUL, FAINT, STRONG, Style, paint};
use isctpl_checks::facts::{Fact, Located, Problem};
use std::fmt::Display;

/// What stands before a line below a heading.
const INDENT: &str = "  ";

/// A page of facts.
pub(super) struct Page<'a> {
    text: String,
    /// How wide and in which characters.
    pub(super) style: &'a Style,
}

impl<'a> Page<'a> {
    pub(super) fn new(style: &'a Style) -> Self {
        Self { text: String::new(), style }
    }

    /// The text; a page never is empty.
    pub(super) fn text(mut self) -> String {
        if self.text.is_empty() {
            self.text.push_str("Nothing was found.\n");
        }
        self.text
    }

    /// A heading, with an empty line before it.
    pub(super) fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let lines = self.style.wrap(text, "", INDENT);
        self.text.push_str(&format!("{}\n", paint(STRONG, lines.trim_end())));
    }

    /// A line below a heading.
    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(&self.style.wrap(text, INDENT, "      "));
    }

    /// A sentence that can be skipped.
    pub(super) fn note(&mut self, text: &str) {
        let lines = self.style.wrap(text, INDENT, INDENT);
        self.text.push_str(&format!("{}\n", paint(FAINT, lines.trim_end())));
    }

    /// Rows whose columns line up, below a heading.
    pub(super) fn rows(&mut self, rows: Vec<Vec<String>>) {
        let indented: Vec<Vec<String>> = rows
            .into_iter()
            .map(|mut row| {
                if let Some(first) = row.first_mut() {
                    first.insert_str(0, INDENT);
                }
                row
            })
            .collect();
        self.text.push_str(&columns::rows(&indented, self.style).concat());
    }

    /// Labels and values, below a heading. What is empty is left out.
    pub(super) fn fields(&mut self, fields: impl IntoIterator<Item = (&'static str, String)>) {
        let rows = fields.into_iter().filter(|(_, value)| !value.is_empty());
        self.rows(rows.map(|(label, value)| vec![label.to_owned(), value]).collect());
    }

    /// Says why something is not known; nothing where it is.
    pub(super) fn unread<T>(&mut self, read: &Fact<T>) {
        match read {
            Fact::Known(_) => {}
            Fact::Unknown(problem) => self.unknown(problem),
            Fact::NotApplicable(why) => self.note(&format!("not read: {why}")),
        }
    }

    /// What could not be read or understood.
    pub(super) fn problems(&mut self, problems: &[Problem]) {
        if problems.is_empty() {
            return;
        }
        self.heading("Unreadable");
        problems.iter().for_each(|problem| self.unknown(problem));
    }

    fn unknown(&mut self, problem: &Problem) {
        let line = self.style.wrap(&format!("unknown: {problem}"), INDENT, "      ");
        self.text.push_str(&line.replacen("unknown", &paint(DOUBTFUL, "unknown"), 1));
    }
}

/// A value with its place; nothing where there is none.
pub(super) fn located<T: Display>(value: Option<&Located<T>>) -> String {
    value.map(|value| format!("{} ({})", value.value, value.at)).unwrap_or_default()
}

/// Words as a list.
pub(super) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Bytes in the unit in which a person counts them.
pub(in crate::report) fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.into_iter().find(|(_, unit)| count >= *unit) {
        Some((name, unit)) => {
            let tenths = count.saturating_mul(10) / unit;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{count} bytes"),
    }
}
