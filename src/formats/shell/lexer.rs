//! Cuts shell text into words and operators (POSIX.1-2024, XCU 2.3 Token Recognition), the words as they are
//! written: quotes, escapes, comments, continuation lines, here-documents and substitutions are passed over here,
//! and taken apart in [`words`](super::words).
//!
//! Takes time in proportion to the text: what is not closed goes to the end of the text, and so does what is
//! nested too deeply.

/// The deepest nesting of substitutions that is followed.
pub(super) const DEPTH: usize = 16;

/// Why it is not.
pub(super) const TOO_DEEP: &str = "substitutions are nested too deeply";

/// The line on which something begins that kept a text from being read to its end, and what it is.
pub type Unread = (u32, &'static str);

/// What stands between words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// `(`, also the one of `$(`, and a backquote that opens.
    Open,
    /// `)`, or a backquote that closes.
    Close,
    /// `|`, also between the patterns of a `case`.
    Pipe,
    /// `;;` and its relatives.
    EndOfBranch,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// The end of a line.
    Newline,
    /// `;`.
    Semicolon,
    /// `&`.
    Background,
    /// `<` and `>` with their relatives, but for here-documents; the next word is the file.
    Redirect {
        /// Whether the file is written to.
        output: bool,
    },
}

impl Op {
    /// Whether the next command neither depends on the one before nor takes its output.
    pub(super) fn ends_command(self) -> bool {
        matches!(self, Self::Newline | Self::Semicolon | Self::Background)
    }
}

/// A word as it is written, or an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lexeme<'t> {
    Word(&'t str),
    Op(Op),
}

/// A here-document that begins on the next line.
pub(super) struct Pending {
    delimiter: String,
    strips_tabs: bool,
    quoted: bool,
    pub(super) line: u32,
}

/// The text of a here-document.
pub(super) struct Document<'t> {
    pub(super) text: &'t str,
    /// Line on which the text begins.
    pub(super) line: u32,
    /// Whether the delimiter is quoted: then the text is taken as it is, and a `\` at a line's end joins no lines.
    pub(super) quoted: bool,
}

impl Document<'_> {
    /// Whether an expansion in it may set a variable.
    pub(super) fn may_set(&self) -> bool {
        !self.quoted && self.text.contains('$') && self.text.contains(['=', '+', '-'])
    }
}

pub(super) struct Lexer<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    /// The line that is read.
    pub(super) line: u32,
    /// Whether `NAME=(…)` is one word, as in bash.
    pub(super) lists: bool,
    /// What is not closed, and the line where it begins.
    pub(super) broken: Option<Unread>,
    pub(super) pending: Vec<Pending>,
    /// The here-documents that were passed over outside of substitutions.
    pub(super) read: Vec<Document<'t>>,
    pub(super) depth: usize,
    /// Bytes that were read for a number and then again.
    pub(super) read_again: usize,
}

impl<'t> Lexer<'t> {
    /// Reads a text whose first line has the number `line`.
    pub(super) fn new(text: &'t str, line: u32) -> Self {
        Self {
            text,
            at: 0,
            line,
            lists: false,
            broken: None,
            pending: Vec::new(),
            read: Vec::new(),
            depth: 0,
            read_again: 0,
        }
    }

    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        self.line = self.line.saturating_add(u32::from(c == '\n'));
        Some(c)
    }

    pub(super) fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            prefix.chars().for_each(|_| _ = self.bump());
        }
        found
    }

    /// Passes over characters while they are of a kind.
    pub(super) fn skip_while(&mut self, is: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&is) {
            self.bump();
        }
    }

    /// The next word or operator, with the line on which it begins.
    pub(super) fn next(&mut self) -> Option<(Lexeme<'t>, u32)> {
        loop {
            while self.take("\\\n") || self.take(" ") || self.take("\t") {}
            let (start, line) = (self.at, self.line);
            let Some(next) = self.peek() else {
                self.skip_documents();
                return None;
            };
            let op = match next {
                '#' => {
                    self.skip_while(|c| c != '\n');
                    continue;
                }
                '<' | '>' => match self.redirection() {
                    Some(op) => op,
                    None => continue,
                },
                '(' if self.rest().starts_with("((") && self.skip_number() => {
                    return Some((Lexeme::Word(self.since(start)), line));
                }
                c if is_word_end(c) => self.operator(),
                _ => {
                    self.skip_word();
                    let word = self.since(start);
                    // The number of a file descriptor belongs to the redirection.
                    let number = word.bytes().all(|byte| byte.is_ascii_digit());
                    if number && matches!(self.peek(), Some('<' | '>')) {
                        continue;
                    }
                    return Some((Lexeme::Word(word), line));
                }
            };
            return Some((Lexeme::Op(op), line));
        }
    }

    fn operator(&mut self) -> Op {
        match self.bump() {
            Some('(') => Op::Open,
            Some(')') => Op::Close,
            Some(';') if self.take(";") => {
                self.take("&");
                Op::EndOfBranch
            }
            Some('&') if self.take("&") => Op::And,
            Some('&') => Op::Background,
            Some('|') if self.take("|") => Op::Or,
            Some('|') => {
                self.take("&");
                Op::Pipe
            }
            Some('\n') => {
                self.skip_documents();
                Op::Newline
            }
            _ => Op::Semicolon,
        }
    }

    /// A redirection up to its file; `None` of a here-document, whose text follows on the next line.
    fn redirection(&mut self) -> Option<Op> {
        if self.rest().starts_with("<<") && !self.rest().starts_with("<<<") {
            let line = self.line;
            self.take("<<");
            let strips_tabs = self.take("-");
            self.skip_while(|c| matches!(c, ' ' | '\t'));
            let start = self.at;
            self.skip_word();
            let written = self.since(start);
            let delimiter = written.replace(['\'', '"', '\\'], "");
            self.pending.push(Pending { quoted: delimiter.len() < written.len(), delimiter, strips_tabs, line });
            return None;
        }
        let output = self.peek() == Some('>');
        self.skip_while(|c| matches!(c, '<' | '>' | '&' | '|'));
        Some(Op::Redirect { output })
    }

    fn skip_documents(&mut self) {
        for Pending { delimiter, strips_tabs, quoted, line: asked } in std::mem::take(&mut self.pending) {
            let (start, first) = (self.at, self.line);
            let mut joined = false;
            loop {
                let end = self.at;
                if self.peek().is_none() {
                    self.break_off(asked, "a here-document is not closed");
                }
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at += line.len();
                self.bump();
                let compared = if strips_tabs { line.trim_start_matches('\t') } else { line };
                if end == self.at || compared == delimiter && !joined {
                    let text = self.text.get(start..end).unwrap_or_default();
                    if self.depth == 0 {
                        self.read.push(Document { text, line: first, quoted });
                    }
                    break;
                }
                let backslashes = line.len() - line.trim_end_matches('\\').len();
                joined = !quoted && backslashes % 2 == 1;
            }
        }
    }

    fn skip_word(&mut self) {
        let start = self.at;
        while let Some(c) = self.peek() {
            match c {
                '(' if self.lists && begins_list(self.since(start)) => {
                    self.bump();
                    self.nested(Self::skip_commands);
                }
                c if is_word_end(c) => return,
                _ => self.skip_part(c),
            }
        }
    }

    pub(super) fn break_off(&mut self, line: u32, what: &'static str) {
        self.broken.get_or_insert((line, what));
        self.at = self.text.len();
    }
}

/// Reserved words behind which a command begins.
pub(super) fn opens_command(word: &str) -> bool {
    matches!(word, "if" | "then" | "elif" | "else" | "do" | "while" | "until" | "!" | "{" | "time")
}

fn is_word_end(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

pub(super) fn is_name_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// The name of a variable with which a text begins, or nothing.
pub(super) fn name_at_start(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    if name.starts_with(is_name_start) { name } else { "" }
}

/// Whether a word is `NAME=` or `NAME+=`, behind which a `(` begins a list.
fn begins_list(word: &str) -> bool {
    let name = name_at_start(word);
    !name.is_empty() && matches!(word.get(name.len()..), Some("=" | "+="))
}
