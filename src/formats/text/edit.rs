//! Text that is changed in one place and stays as it was in all others: comments, order, line ends, the missing
//! newline at the end.

use std::fmt;

/// Why a text is not edited: what stands in it is not understood well enough to change it safely.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct Unedited {
    /// The line that stands in the way, counted from 1.
    pub(crate) line: Option<u32>,
    /// What is wrong with it.
    pub(crate) what: String,
}

impl Unedited {
    /// For the whole text.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { line: None, what: what.into() }
    }

    /// For a line, counted from 1.
    pub(crate) fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line: u32::try_from(line).ok(), what: what.into() }
    }

    /// For the last line of a text, which takes what is added behind it for a part of itself.
    pub(crate) fn goes_on(text: &str) -> Self {
        Self::at(text.lines().count(), "goes on in the next line, so nothing can be added after it")
    }
}

impl fmt::Display for Unedited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// How the lines of a text end: as its first line does.
pub(crate) fn line_end(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The text with lines added at its end, which end as the others do. A last line without its newline gets one.
pub(crate) fn append(text: &str, lines: &[&str]) -> String {
    let end = line_end(text);
    let mut edited = text.to_owned();
    if !edited.is_empty() && !edited.ends_with('\n') {
        edited.push_str(end);
    }
    for line in lines {
        edited.push_str(line);
        edited.push_str(end);
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appended_lines_end_as_the_others_do() {
        assert_eq!(append("", &["b"]), "b\n");
        assert_eq!(append("a\n", &["b", "c"]), "a\nb\nc\n");
        assert_eq!(append("a", &["b"]), "a\nb\n");
        assert_eq!(append("a\r\nb", &["c"]), "a\r\nb\r\nc\r\n");
    }

    #[test]
    fn a_reason_names_its_line() {
        assert_eq!(Unedited::at(3, "is cut").to_string(), "line 3: is cut");
        assert_eq!(Unedited::new("is empty").to_string(), "is empty");
    }
}
