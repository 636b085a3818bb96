//! Changes what a file of assignments sets, and nothing else in it.
//!
//! An assignment is changed where it stands, in the quotes that it has. What hangs on a condition, is a command's
//! output or is not understood is refused.

use super::grammar::{Goes, Scope, Visitor, walk};
use super::lexer::Lexer;
use super::words::assigned;
use crate::formats::cmdline::edit::{cuts, joint};
use crate::formats::text::edit::{Unedited, append};
use std::ops::Range;

/// What a piece of a value that is not known without running it reads as.
const UNKNOWN: char = '\u{fffd}';

/// An assignment of the variable that is looked for.
struct Site {
    /// Where its value stands in the text, as written, without a carriage return at its end.
    value: Range<usize>,
    line: u32,
    /// Whether it is `+=`.
    append: bool,
    /// Whether it hangs on nothing.
    certain: bool,
}

struct Sites<'a> {
    text: &'a str,
    name: &'a str,
    found: Vec<Site>,
    problem: Option<Unedited>,
}

impl Visitor for Sites<'_> {
    fn command(&mut self, words: &[(&str, u32)], scope: Scope) -> Goes {
        let leading = words.iter().take_while(|(word, _)| assigned(word).is_some()).count();
        let declares = matches!(words.first(), Some(("export" | "readonly" | "declare" | "typeset" | "local", _)));
        let assignments = match () {
            () if leading == words.len() => words,
            () if declares => &words[1..],
            () => return Ok(()),
        };
        for (word, line) in assignments {
            let Some((_, append, written)) = assigned(word).filter(|(name, ..)| *name == self.name) else { continue };
            let written = written.strip_suffix('\r').unwrap_or(written);
            // The words of a walk are parts of the text.
            let start = written.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
            let value = start..start + written.len();
            if self.text.get(value.clone()) != Some(written) {
                return Err(());
            }
            let certain = !scope.conditional && !scope.subshell && !scope.function;
            self.found.push(Site { value, line: *line, append, certain });
        }
        Ok(())
    }

    fn word(&mut self, _: &str, _: u32, _: Scope) -> Goes {
        Ok(())
    }

    fn function(&mut self, _: &str, _: u32) {}

    fn list_ends(&mut self, _: bool) {}

    fn problem(&mut self, line: u32, what: String) {
        self.problem.get_or_insert(Unedited { line: Some(line), what });
    }

    fn cut_off(&mut self) {}
}

fn sites(text: &str, name: &str) -> Result<Vec<Site>, Unedited> {
    let mut sites = Sites { text, name, found: Vec::new(), problem: None };
    walk(text, &mut sites);
    sites.problem.map_or(Ok(sites.found), Err)
}

/// Whether a file sets a variable anywhere, under a condition or not.
///
/// # Errors
/// When the file is not understood.
pub(crate) fn sets(text: &str, name: &str) -> Result<bool, Unedited> {
    sites(text, name).map(|found| !found.is_empty())
}

/// How a character of a value is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoted {
    /// Not at all.
    No,
    Escaped,
    Single,
    Double,
}

/// A value as a shell reads it, and where each of its characters is written.
#[derive(Default)]
struct Decoded {
    /// Without quotes; what only running it would tell is one [`UNKNOWN`].
    text: String,
    /// Of each character: where it begins in `text`, where it is written, and how.
    chars: Vec<(usize, Range<usize>, Quoted)>,
    /// Behind the first quote that opens, where there is one.
    first_quote: Option<(usize, Quoted)>,
    /// Whether a quote stands in it.
    quotes: bool,
}

impl Decoded {
    fn of(value: &str) -> Self {
        let mut decoded = Self::default();
        let mut lexer = Lexer::new(value, 1);
        let mut quote: Option<char> = None;
        while let Some(c) = lexer.peek() {
            let start = lexer.at;
            let around = match quote {
                None => Quoted::No,
                Some('"') => Quoted::Double,
                Some(_) => Quoted::Single,
            };
            let (read, quoted) = match (c, quote) {
                ('"' | '\'', None) => {
                    lexer.bump();
                    quote = Some(c);
                    decoded.quotes = true;
                    let kind = if c == '"' { Quoted::Double } else { Quoted::Single };
                    decoded.first_quote.get_or_insert((lexer.at, kind));
                    continue;
                }
                (c, Some(open)) if c == open => {
                    lexer.bump();
                    quote = None;
                    continue;
                }
                ('\\', None | Some('"')) => match escaped(&mut lexer, quote.is_some()) {
                    Some(read) => (read, if quote.is_some() { Quoted::Double } else { Quoted::Escaped }),
                    None => continue,
                },
                ('$', None | Some('"')) => {
                    lexer.skip_dollar(quote.is_some());
                    let dialect = matches!(lexer.peek(), Some('[')) || quote.is_none() && lexer.peek() == Some('"');
                    (if lexer.since(start) == "$" && !dialect { '$' } else { UNKNOWN }, around)
                }
                ('`', None | Some('"')) => {
                    lexer.skip_backquotes();
                    (UNKNOWN, around)
                }
                _ => {
                    lexer.bump();
                    (c, around)
                }
            };
            decoded.chars.push((decoded.text.len(), start..lexer.at, quoted));
            decoded.text.push(read);
        }
        decoded
    }

    /// What is written for a part of the text.
    fn written(&self, part: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
        self.chars.iter().filter(|(at, ..)| part.contains(at)).map(|(_, written, _)| written.clone())
    }
}

/// What a backslash makes of the next character; `None` where it joins two lines.
fn escaped(lexer: &mut Lexer<'_>, quoted: bool) -> Option<char> {
    lexer.bump();
    match lexer.peek() {
        Some('\n') => {
            lexer.bump();
            None
        }
        Some(next) if !quoted || matches!(next, '$' | '`' | '"' | '\\') => {
            lexer.bump();
            Some(next)
        }
        _ => Some('\\'),
    }
}

/// A text as it stands between two marks of a kind.
fn escaped_for(quoted: Quoted, words: &str) -> String {
    match quoted {
        Quoted::Double => words.chars().fold(String::new(), |mut escaped, c| {
            if matches!(c, '\\' | '"' | '$' | '`') {
                escaped.push('\\');
            }
            escaped.push(c);
            escaped
        }),
        Quoted::Single => words.replace('\'', "'\\''"),
        Quoted::No | Quoted::Escaped => format!("\"{}\"", escaped_for(Quoted::Double, words)),
    }
}

/// Takes words out of every assignment of a variable, those under a condition included.
///
/// # Errors
/// When the file is not understood, or a word that is meant stands in a command or an expansion.
pub(crate) fn without_words(text: &str, name: &str, meant: impl Fn(&str) -> bool) -> Result<String, Unedited> {
    let mut edited = text.to_owned();
    for site in sites(text, name)?.into_iter().rev() {
        let value = text.get(site.value.clone()).unwrap_or_default();
        let decoded = Decoded::of(value);
        refuse_hidden(value, &decoded, site.line, &meant)?;
        for cut in cuts(&decoded.text, &meant).iter().rev() {
            let written: Vec<Range<usize>> = decoded.written(cut).collect();
            for range in written.into_iter().rev() {
                edited.replace_range(site.value.start + range.start..site.value.start + range.end, "");
            }
        }
    }
    Ok(edited)
}

/// Refuses a value in whose expansions a word stands that is meant.
fn refuse_hidden(value: &str, decoded: &Decoded, line: u32, meant: impl Fn(&str) -> bool) -> Result<(), Unedited> {
    let unknown =
        decoded.chars.iter().filter(|(at, ..)| decoded.text.get(*at..).is_some_and(|t| t.starts_with(UNKNOWN)));
    for (_, written, _) in unknown {
        let inner = value.get(written.clone()).unwrap_or_default();
        // A default, `${A:-word}`, begins behind an operator.
        let mut words = inner.split(|c: char| c.is_whitespace() || "\"'`(){};|&".contains(c));
        let behind_operator = |word: &str| word.split_once(['-', '+', '=']).is_some_and(|(_, word)| meant(word));
        if words.any(|word| meant(word) || inner.starts_with("${") && behind_operator(word)) {
            return Err(Unedited::at(line as usize, "has a word that must go in an expansion or a command"));
        }
    }
    Ok(())
}

/// Adds words to a variable: in its last assignment, or in one more where that hangs on a condition or there is none.
///
/// # Errors
/// When the file is not understood.
pub(crate) fn with_words(text: &str, name: &str, words: &[&str]) -> Result<String, Unedited> {
    if words.is_empty() {
        return Ok(text.to_owned());
    }
    let found = sites(text, name)?;
    let joined = words.join(" ");
    let Some(last) = found.last() else {
        return with_line(text, name, &format!("{name}={}", escaped_for(Quoted::No, &joined)));
    };
    if !last.certain {
        return with_line(text, name, &format!("{name}=\"${name} {}\"", escaped_for(Quoted::Double, &joined)));
    }
    let value = text.get(last.value.clone()).unwrap_or_default();
    if value.starts_with('(') {
        return Err(Unedited::at(last.line as usize, format!("sets {name} to a list")));
    }
    let mut edited = text.to_owned();
    edited.replace_range(last.value.clone(), &joined_value(value, last.append, &joined));
    Ok(edited)
}

/// One more assignment of a variable, at the end.
///
/// # Errors
/// When the last line goes on in the next one, which would take the assignment for a part of it.
fn with_line(text: &str, name: &str, assignment: &str) -> Result<String, Unedited> {
    let edited = append(text, &[assignment]);
    let place = edited.rfind(assignment).unwrap_or_default() + name.len() + 1;
    match sites(&edited, name)?.last() {
        Some(last) if last.certain && last.value.start == place => Ok(edited),
        _ => Err(Unedited::goes_on(text)),
    }
}

/// A value as written, with words behind its last one.
fn joined_value(value: &str, is_append: bool, words: &str) -> String {
    let decoded = Decoded::of(value);
    let (at, behind, before) = joint(&decoded.text);
    let words = format!(
        "{}{words}{}",
        if behind || is_append && !decoded.text.starts_with(' ') { " " } else { "" },
        if before { " " } else { "" }
    );
    let last = decoded.chars.iter().rev().find(|(start, ..)| *start < at);
    let (place, quoted) = match (last, decoded.first_quote) {
        (Some((_, written, quoted)), _) => (written.end, *quoted),
        (None, Some((place, quoted))) => (place, quoted),
        (None, None) => (0, Quoted::No),
    };
    let mut edited = value.to_owned();
    // A value without any quote gets one pair around all of it.
    if !decoded.quotes && decoded.chars.iter().all(|(_, _, quoted)| *quoted == Quoted::No) {
        edited.insert_str(place, &escaped_for(Quoted::Double, &words));
        return format!("\"{edited}\"");
    }
    edited.insert_str(place, &escaped_for(quoted, &words));
    edited
}

/// Sets a variable: in its last assignment, or in a new line where there is none.
///
/// # Errors
/// When the file is not understood, or its last assignment hangs on a condition.
pub(crate) fn with_value(text: &str, name: &str, value: &str) -> Result<String, Unedited> {
    let found = sites(text, name)?;
    let is_bare = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "_./:-".contains(c));
    let Some(last) = found.last() else {
        let written = if is_bare { value.to_owned() } else { escaped_for(Quoted::No, value) };
        return with_line(text, name, &format!("{name}={written}"));
    };
    if !last.certain || last.append {
        return Err(Unedited::at(last.line as usize, format!("sets {name} under a condition, or adds to it")));
    }
    let written = text.get(last.value.clone()).unwrap_or_default();
    let decoded = Decoded::of(written);
    if decoded.text == value && !written.starts_with('(') {
        return Ok(text.to_owned());
    }
    let new = match decoded.first_quote {
        Some((1, Quoted::Single)) if !value.contains('\'') => format!("'{value}'"),
        Some((1, Quoted::Double)) => escaped_for(Quoted::No, value),
        _ if is_bare => value.to_owned(),
        _ => escaped_for(Quoted::No, value),
    };
    let mut edited = text.to_owned();
    edited.replace_range(last.value.clone(), &new);
    Ok(edited)
}

#[cfg(test)]
#[path = "edit_tests.rs"]
mod tests;
