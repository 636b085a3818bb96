//! Lines of a file of rules, continuations joined (`udev_rules_parse_file`).

use std::borrow::Cow;

/// The most bytes of a line that udev takes, its continuations included (`UDEV_LINE_SIZE`).
const LINE_LIMIT: usize = 16384;

/// Lines that are rules, with the number of the first of those that were joined; or why udev ignores them.
pub(super) struct Lines<'a> {
    rest: &'a str,
    number: u32,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, number: 0 }
    }

    /// The next one as it stands. Two different marks of an end stand for one.
    fn physical(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        self.number = self.number.saturating_add(1);
        let is_end = |c: char| matches!(c, '\n' | '\r' | '\0');
        let (line, rest) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        let mut ends = rest.chars().take_while(|c| is_end(*c));
        let length = match (ends.next(), ends.next()) {
            (None, _) => 0,
            (Some(first), Some(second)) if first != second => 2,
            (Some(_), _) => 1,
        };
        self.rest = rest.get(length..).unwrap_or_default();
        Some(line)
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (u32, Result<Cow<'a, str>, &'static str>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut joined: Option<(u32, Cow<'a, str>)> = None;
        let mut too_long = false;
        while let Some(line) = self.physical() {
            if line.len() >= LINE_LIMIT {
                self.rest = "";
                return Some((self.number, Err("the line is so long that udev reads no further")));
            }
            let line = line.trim_start_matches([' ', '\t']);
            // A comment does not end a continuation.
            if line.starts_with('#') {
                continue;
            }
            let (start, line) = match joined.take() {
                None => (self.number, Cow::Borrowed(line)),
                Some((start, before)) => {
                    too_long |= before.len() + line.len() >= LINE_LIMIT;
                    (start, if too_long { before } else { before + line })
                }
            };
            match line.strip_suffix('\\') {
                Some(before) => joined = Some((start, Cow::Owned(before.to_owned()))),
                None if too_long => return Some((start, Err("the line is too long, and udev ignores it"))),
                None if line.is_empty() => {}
                None => return Some((start, Ok(line))),
            }
        }
        // What is still open at the end is lost.
        None
    }
}
