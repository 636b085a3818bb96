//! What every part of the page writes with: escaped text, and the classes of its style.

use crate::formats::text::printable;
use isctpl_checks::{LinkStatus, Severity};

pub(super) fn of_status(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Pass => "good",
        LinkStatus::Warn | LinkStatus::Unknown => "doubt",
        LinkStatus::Fail => "bad",
        LinkStatus::NotApplicable => "faint",
    }
}

pub(super) fn of_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "bad",
        Severity::Warning => "doubt",
        Severity::Info => "info",
    }
}

/// A text of anybody's as a part of the page: one line, and nothing that a browser takes for markup.
pub(super) fn text(text: &str) -> String {
    let line = printable::line(text);
    let mut escaped = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        assert_eq!(text("<b title='x'>&\"</b>"), "&lt;b title=&#39;x&#39;&gt;&amp;&quot;&lt;/b&gt;");
        assert!(!text("a\u{1b}[31m\nb\u{202e}").contains(['\u{1b}', '\n', '\u{202e}']));
    }
}
