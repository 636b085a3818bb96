//! The grammar of LVM2's text files (libdm/libdm-config.c): sections in braces, `key = value`, where a
//! value is a string, a number, or a list of both; comments from `#` to the end of the line.

use isctpl_checks::facts::Problem;
use std::ops::Range;
use std::rc::Rc;

/// The most settings that are kept.
const NODE_LIMIT: usize = 50_000;
/// The most values and commas of lists that are read; metadata of a thousand volumes has some ten thousand.
const VALUE_LIMIT: usize = 200_000;
/// The deepest nesting of sections, those of a path such as `devices/filter` included; LVM's own files have five
/// levels.
const DEPTH_LIMIT: usize = 32;

/// A value of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A string, quotes removed.
    Text(String),
    /// A number as it is written, or a bare word.
    Bare(String),
}

impl Value {
    /// What is written.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Bare(text) => text,
        }
    }
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// The names of the sections around it, outermost first; settings of one section share it.
    sections: Rc<[Rc<str>]>,
    /// Its own name, with those of sections before it where it is a path: `devices/filter`.
    name: String,
    /// One value, or those of a list.
    pub values: Vec<Value>,
    /// Where its value is written, the brackets of a list included.
    pub value: Range<usize>,
    /// Line of its key, counted from 1.
    pub line: u32,
}

impl Node {
    /// The names of the sections around it and its own, outermost first.
    pub(crate) fn path(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(Rc::as_ref).chain(parts(&self.name))
    }

    /// Whether it is the setting `section/key`.
    pub(crate) fn is(&self, path: &[&str]) -> bool {
        self.path().eq(path.iter().copied())
    }
}

/// Reads settings until the end or until the text breaks the grammar: then what was read so far, and why.
pub(crate) fn parse(text: &str, path: &str) -> (Vec<Node>, Option<Problem>) {
    let lexer = Lexer { rest: text, line: 1, length: text.len() };
    let mut parser = Parser { lexer, nodes: Vec::new(), values: 0 };
    let problem = parser.run().err().map(|what| Problem::new(format!("{path}:{}", parser.lexer.line), what));
    (parser.nodes, problem)
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    ListOpen,
    ListClose,
    Comma,
    Equals,
    Text(String),
    Bare(String),
}

struct Lexer<'a> {
    rest: &'a str,
    line: u32,
    /// Of the whole text.
    length: usize,
}

impl Lexer<'_> {
    /// Passes over blanks and remarks; how many bytes were read then.
    fn skip_blanks(&mut self) -> usize {
        while let Some(first) = self.rest.chars().next() {
            match first {
                '#' => self.rest = self.rest.find('\n').and_then(|end| self.rest.get(end..)).unwrap_or(""),
                c if c.is_whitespace() || c == '\0' => {
                    self.line = self.line.saturating_add(u32::from(c == '\n'));
                    self.rest = self.rest.get(c.len_utf8()..).unwrap_or("");
                }
                _ => break,
            }
        }
        self.length - self.rest.len()
    }

    fn next(&mut self) -> Result<Option<Token>, String> {
        self.skip_blanks();
        let mut chars = self.rest.chars();
        let Some(first) = chars.next() else { return Ok(None) };
        let after = chars.as_str();
        let token = match first {
            '"' | '\'' => return self.quoted(first, after).map(Some),
            '{' => Token::Open,
            '}' => Token::Close,
            '[' => Token::ListOpen,
            ']' => Token::ListClose,
            ',' => Token::Comma,
            '=' => Token::Equals,
            _ => return Ok(Some(self.bare())),
        };
        self.rest = after;
        Ok(Some(token))
    }

    /// The next token where a value may stand: behind `=`, `[` and `,`. A number ends where no more of it comes, so that
    /// `0x10` is a number and a word; a word ends at a blank, so that `[vg0]` is a list without an end.
    fn next_value(&mut self) -> Result<Option<Token>, String> {
        self.skip_blanks();
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let end = match first {
            '"' | '\'' | '{' | '}' | '[' | ']' | ',' | '=' => return self.next(),
            '0'..='9' | '.' | '+' | '-' => {
                let mut has_point = first == '.';
                let ends = |(at, c): &(usize, char)| {
                    let is_point = *c == '.' && !std::mem::replace(&mut has_point, true);
                    *at > 0 && !c.is_ascii_digit() && !is_point
                };
                self.rest.char_indices().find(ends).map(|(at, _)| at)
            }
            _ => self.rest.find(|c: char| c.is_whitespace() || matches!(c, '#' | '=' | '{' | '}' | '\0')),
        };
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        Ok(Some(Token::Bare(word.to_owned())))
    }

    fn bare(&mut self) -> Token {
        let stop =
            |c: char| c.is_whitespace() || matches!(c, '{' | '}' | '[' | ']' | ',' | '=' | '#' | '"' | '\'' | '\0');
        let end = self.rest.find(stop).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Token::Bare(word.to_owned())
    }

    fn quoted(&mut self, quote: char, text: &str) -> Result<Token, String> {
        let mut value = String::new();
        let mut chars = text.chars();
        let mut lines = 0u32;
        while let Some(c) = chars.next() {
            match c {
                c if c == quote => {
                    // The borrow of the text outlives this call only by its length.
                    let left = chars.as_str().len();
                    let start = self.rest.len().saturating_sub(left);
                    self.rest = self.rest.get(start..).unwrap_or("");
                    self.line = self.line.saturating_add(lines);
                    return Ok(Token::Text(value));
                }
                '\\' if quote == '"' => match chars.next() {
                    Some(escaped @ ('"' | '\\')) => value.push(escaped),
                    Some(other) => value.extend(['\\', other]),
                    None => break,
                },
                '\n' => {
                    lines = lines.saturating_add(1);
                    value.push(c);
                }
                _ => value.push(c),
            }
        }
        Err("a quotation mark is not closed".to_owned())
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    nodes: Vec<Node>,
    /// Values and commas of lists so far.
    values: usize,
}

/// The parts of a name that is a path.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split('/').filter(|part| !part.is_empty())
}

/// The beginning of a name, as it may stand in a sentence.
fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}

impl Parser<'_> {
    fn run(&mut self) -> Result<(), String> {
        let mut sections: Vec<Rc<[Rc<str>]>> = vec![Rc::default()];
        while let Some(token) = self.lexer.next()? {
            let line = self.lexer.line;
            let name = match token {
                Token::Close if sections.len() > 1 => {
                    sections.pop();
                    continue;
                }
                Token::Close => return Err("a '}' has no matching '{'".to_owned()),
                Token::Bare(name) | Token::Text(name) => name,
                _ => return Err("expected a name".to_owned()),
            };
            let around = sections.last().cloned().unwrap_or_default();
            match self.lexer.next()? {
                // A name may be a path of sections itself: devices/filter.
                Some(Token::Open) if around.len() + parts(&name).count().max(1) <= DEPTH_LIMIT => {
                    sections.push(around.iter().cloned().chain(parts(&name).map(Rc::from)).collect());
                }
                Some(Token::Open) => return Err("sections are nested too deeply".to_owned()),
                Some(Token::Equals) => {
                    let start = self.lexer.skip_blanks();
                    let values = self.values()?;
                    let value = start..self.lexer.length - self.lexer.rest.len();
                    if self.nodes.len() == NODE_LIMIT {
                        return Err("has too many settings; the rest was not read".to_owned());
                    }
                    self.nodes.push(Node { sections: around, name, values, value, line });
                }
                _ => return Err(format!("expected '=' or '{{' after {}", shortened(&name))),
            }
        }
        if sections.len() == 1 { Ok(()) } else { Err("a section is not closed".to_owned()) }
    }

    fn values(&mut self) -> Result<Vec<Value>, String> {
        match self.lexer.next_value()? {
            Some(Token::Text(text)) => Ok(vec![Value::Text(text)]),
            Some(Token::Bare(word)) => Ok(vec![Value::Bare(word)]),
            Some(Token::ListOpen) => {
                let mut values = Vec::new();
                // A comma may be left out before a string, and stand behind the last value, but not twice.
                let mut may_have_comma = false;
                loop {
                    self.values += 1;
                    if self.values > VALUE_LIMIT {
                        return Err("has too many values; the rest was not read".to_owned());
                    }
                    let token = if may_have_comma { self.lexer.next()? } else { self.lexer.next_value()? };
                    match token {
                        Some(Token::Text(text)) => values.push(Value::Text(text)),
                        Some(Token::Bare(word)) if !may_have_comma => values.push(Value::Bare(word)),
                        Some(Token::Bare(_)) => return Err("a list has a value without a comma before it".to_owned()),
                        Some(Token::Comma) if may_have_comma => {
                            may_have_comma = false;
                            continue;
                        }
                        Some(Token::Comma) => return Err("a list has a comma without a value".to_owned()),
                        Some(Token::ListClose) => return Ok(values),
                        _ => return Err("a list is not closed".to_owned()),
                    }
                    may_have_comma = true;
                }
            }
            _ => Err("expected a value after '='".to_owned()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONF: &str = "config {\n\tchecks = 1\n}\n# Configuration section devices.\ndevices {\n\tdir = \"/dev\" # here\n\
                        \tfilter = [ \"a|^/dev/sd\\\"x|\",\n\t\t'r|.*|' ]\n\tempty = []\n}\nactivation/volume_list = \"vg\"\n";

    #[test]
    fn reads_sections_lists_and_paths() {
        let (nodes, problem) = parse(CONF, "/etc/lvm/lvm.conf");
        assert_eq!(problem, None);
        assert_eq!(nodes.len(), 5);
        assert!(nodes[0].is(&["config", "checks"]) && nodes[0].values == [Value::Bare("1".to_owned())]);
        assert_eq!((nodes[1].line, nodes[1].values[0].as_str()), (6, "/dev"));
        assert_eq!(nodes[2].values.iter().map(Value::as_str).collect::<Vec<_>>(), ["a|^/dev/sd\"x|", "r|.*|"]);
        assert_eq!(nodes[3].line, 9);
        assert!(nodes[4].is(&["activation", "volume_list"]));
    }

    #[test]
    fn keeps_what_stands_before_an_error() {
        let (nodes, problem) = parse("a = 1\nc {\n d =", "/x");
        assert_eq!(nodes.len(), 1);
        assert_eq!(problem.unwrap().place, "/x:3");
        let (nodes, problem) = parse("a = 1\n}\n", "/x");
        assert_eq!(nodes.len(), 1);
        assert!(problem.unwrap().what.contains("no matching"));
    }

    /// LVM 2.03.16, `lvm dumpconfig`.
    #[test]
    fn a_list_has_a_value_before_each_comma() {
        for (list, values) in [
            ("[ 1, 2, ]", Some(2)),
            ("[ \"x\" \"y\" ]", Some(2)),
            ("[ 1 \"x\" ]", Some(2)),
            ("[ \"x\", y ]", Some(2)),
            ("[]", Some(0)),
            ("[1]", Some(1)),
            ("[ vg0 ]", Some(1)),
            ("word,", Some(1)),
            ("[vg0]", None),
            ("[ vg0, vg1 ]", None),
            ("[ 1 2 ]", None),
            ("[ 1,, 2 ]", None),
            ("[, 1 ]", None),
        ] {
            let (nodes, problem) = parse(&format!("a = {list}\n"), "/x");
            let read = nodes.first().map(|node| node.values.len());
            assert_eq!((read, problem.is_none()), (values, values.is_some()), "{list}");
        }
    }

    /// As above: a number, and then a word without a value.
    #[test]
    fn a_number_ends_where_no_digit_comes() {
        for (value, whole) in
            [("10", true), ("-1.5", true), (".5", true), ("0x10", false), ("1.2.3", false), ("1-2", false)]
        {
            let (nodes, problem) = parse(&format!("a = {value}\n"), "/x");
            let read = nodes.first().map(|node| node.values[0].as_str());
            assert_eq!((read == Some(value), problem.is_none()), (whole, whole), "{value}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let (_, problem) = parse(&"a{".repeat(10_000), "/x");
        assert!(problem.unwrap().what.contains("too deeply"));
    }

    #[test]
    fn a_cut_file_is_no_panic() {
        for end in 0..CONF.len() {
            let _ = parse(&CONF[..end], "/x");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = parse(&String::from_utf8_lossy(&bytes), "/x");
        }

        #[test]
        fn never_panics_on_near_grammar(text in "[a-c{}\\[\\]=,\"'\\\\# \n1/é]{0,300}") {
            let _ = parse(&text, "/x");
        }
    }
}
