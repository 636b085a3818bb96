//! How a text for people is laid out: width, character set, colour.

use crate::formats::text::printable;
use anstyle::{AnsiColor, Style as Ansi};
use isctpl_checks::{BootVerdict, LinkStatus, Severity};

/// Width, character set and amount. Colour is always written and taken out by the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// Columns.
    pub width: u16,
    /// Nothing but ASCII.
    pub ascii: bool,
    /// Say more.
    pub verbose: bool,
}

/// The red of what breaks.
pub(super) const BAD: Ansi = Ansi::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))).bold();
/// The yellow of what may hurt.
pub(super) const DOUBTFUL: Ansi = Ansi::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow))).bold();
/// The green of what holds.
pub(super) const GOOD: Ansi = Ansi::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green))).bold();
/// What can be skipped.
pub(super) const FAINT: Ansi = Ansi::new().dimmed();
/// Headings.
pub(super) const STRONG: Ansi = Ansi::new().bold();

pub(super) fn of_boot(boot: BootVerdict) -> Ansi {
    match boot {
        BootVerdict::Boots => GOOD,
        BootVerdict::Fails | BootVerdict::AtRisk => BAD,
        BootVerdict::Unknown => DOUBTFUL,
    }
}

pub(super) fn of_status(status: LinkStatus) -> Ansi {
    match status {
        LinkStatus::Pass => GOOD,
        LinkStatus::Warn | LinkStatus::Unknown => DOUBTFUL,
        LinkStatus::Fail => BAD,
        LinkStatus::NotApplicable => FAINT,
    }
}

pub(super) fn of_severity(severity: Severity) -> Ansi {
    match severity {
        Severity::Critical => BAD,
        Severity::Warning => DOUBTFUL,
        Severity::Info => FAINT,
    }
}

/// The word for how a link stands.
pub(super) fn status_word(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Pass => "ok",
        LinkStatus::Warn => "warning",
        LinkStatus::Fail => "FAILS",
        LinkStatus::Unknown => "unknown",
        LinkStatus::NotApplicable => "-",
    }
}

/// A word in a colour.
pub(super) fn paint(style: Ansi, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

impl Style {
    /// A paragraph, wrapped, with what stands before its first and its further lines.
    pub(super) fn wrap(&self, text: &str, first: &str, further: &str) -> String {
        let text = self.plain(text);
        let options = textwrap::Options::new(usize::from(self.width))
            .initial_indent(first)
            .subsequent_indent(further)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        let mut wrapped = textwrap::fill(&text, options);
        wrapped.push('\n');
        wrapped
    }

    /// Text as part of one line, without what this terminal cannot show.
    pub(super) fn plain(&self, text: &str) -> String {
        let text = printable::line(text);
        if !self.ascii || text.is_ascii() {
            return text.into_owned();
        }
        let mut plain = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                character if character.is_ascii() => plain.push(character),
                '…' => plain.push_str("..."),
                '–' | '—' => plain.push('-'),
                '→' => plain.push_str("->"),
                '×' => plain.push('x'),
                '\u{2018}' | '\u{2019}' => plain.push('\''),
                _ => plain.push('?'),
            }
        }
        plain
    }
}
