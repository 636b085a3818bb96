//! Cuts shell text into words and operators (POSIX.1-2024, XCU 2.3 Token Recognition), the words as they are
//! written: quotes, escapes, comments, continuation lines, here-documents and substitutions are passed over here,
//! and taken apart in [`words`](super::words).
//!
//! Takes time in proportion to the text: what is not closed goes to the end of the text, and so does what is
//! nested too deeply.

/// The deepest nesting of substitutions that is followed.
pub(super) const DEPTH: usize = 16;

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
struct Document {
    delimiter: String,
    strips_tabs: bool,
    /// Whether the delimiter is quoted, so that a `\` at a line's end does not join lines.
    quoted: bool,
}

pub(super) struct Lexer<'t> {
    text: &'t str,
    pub(super) at: usize,
    /// The line that is read.
    pub(super) line: u32,
    /// Whether `NAME=(…)` is one word, as in bash.
    pub(super) lists: bool,
    /// What is not closed, and the line where it begins.
    pub(super) broken: Option<(u32, &'static str)>,
    documents: Vec<Document>,
    depth: usize,
}

impl<'t> Lexer<'t> {
    /// Reads a text whose first line has the number `line`.
    pub(super) fn new(text: &'t str, line: u32) -> Self {
        Self { text, at: 0, line, lists: false, broken: None, documents: Vec::new(), depth: 0 }
    }

    pub(super) fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn rest(&self) -> &'t str {
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

    fn take(&mut self, prefix: &str) -> bool {
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
            let op = match self.peek()? {
                '#' => {
                    self.skip_while(|c| c != '\n');
                    continue;
                }
                '<' | '>' => match self.redirection() {
                    Some(op) => op,
                    None => continue,
                },
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
            self.take("<<");
            let strips_tabs = self.take("-");
            self.skip_while(|c| matches!(c, ' ' | '\t'));
            let start = self.at;
            self.skip_word();
            let written = self.since(start);
            let delimiter = written.replace(['\'', '"', '\\'], "");
            self.documents.push(Document { quoted: delimiter.len() < written.len(), delimiter, strips_tabs });
            return None;
        }
        let output = self.peek() == Some('>');
        self.skip_while(|c| matches!(c, '<' | '>' | '&' | '|'));
        Some(Op::Redirect { output })
    }

    fn skip_documents(&mut self) {
        for document in std::mem::take(&mut self.documents) {
            let mut joined = false;
            while self.peek().is_some() {
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at += line.len();
                self.bump();
                let compared = if document.strips_tabs { line.trim_start_matches('\t') } else { line };
                if compared == document.delimiter && !joined {
                    break;
                }
                let backslashes = line.len() - line.trim_end_matches('\\').len();
                joined = !document.quoted && backslashes % 2 == 1;
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
                '\\' => self.skip_escape(),
                '\'' => self.skip_single_quotes(),
                '"' => self.skip_double_quotes(),
                '$' => self.skip_dollar(false),
                '`' => self.skip_backquotes(),
                _ => _ = self.bump(),
            }
        }
    }

    fn skip_escape(&mut self) {
        self.bump();
        if self.bump().is_none() {
            self.break_off(self.line, "the text ends in a backslash");
        }
    }

    pub(super) fn skip_single_quotes(&mut self) {
        let line = self.line;
        self.bump();
        self.skip_while(|c| c != '\'');
        if self.bump().is_none() {
            self.break_off(line, "a quote (') is not closed");
        }
    }

    pub(super) fn skip_double_quotes(&mut self) {
        let line = self.line;
        self.bump();
        loop {
            match self.peek() {
                None => return self.break_off(line, "a quote (\") is not closed"),
                Some('"') => {
                    self.bump();
                    return;
                }
                Some('\\') => self.skip_escape(),
                Some('$') => self.skip_dollar(true),
                Some('`') => self.skip_backquotes(),
                Some(_) => _ = self.bump(),
            }
        }
    }

    pub(super) fn skip_backquotes(&mut self) {
        let line = self.line;
        self.bump();
        loop {
            match self.bump() {
                None => return self.break_off(line, "a backquote is not closed"),
                Some('`') => return,
                Some('\\') => _ = self.bump(),
                Some(_) => {}
            }
        }
    }

    /// Passes over `$` and what it stands for; `quoted` within double quotes.
    pub(super) fn skip_dollar(&mut self, quoted: bool) {
        self.bump();
        match self.peek() {
            Some('(') => {
                self.bump();
                let skip = if self.take("(") { Self::skip_arithmetic } else { Self::skip_commands };
                self.nested(skip);
            }
            Some('{') => {
                self.bump();
                self.nested(if quoted { Self::skip_quoted_braces } else { Self::skip_braces });
            }
            Some('\'') if !quoted => self.skip_ansi_quotes(),
            Some(c) if is_name_start(c) => self.skip_name(),
            // A shell joins the lines before it looks for a name.
            Some('\\') if self.take("\\\n") => self.skip_name(),
            // `$#` begins no comment.
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => _ = self.bump(),
            _ => {}
        }
    }

    fn skip_name(&mut self) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.skip_while(is_name);
        while self.rest().strip_prefix("\\\n").is_some_and(|next| next.starts_with(is_name)) {
            self.take("\\\n");
            self.skip_while(is_name);
        }
    }

    /// `$'…'` of bash, in which a backslash keeps a quote from closing it.
    fn skip_ansi_quotes(&mut self) {
        let line = self.line;
        self.bump();
        loop {
            match self.bump() {
                None => return self.break_off(line, "a quote ($') is not closed"),
                Some('\'') => return,
                Some('\\') => _ = self.bump(),
                Some(_) => {}
            }
        }
    }

    fn nested(&mut self, skip: fn(&mut Self)) {
        if self.depth == DEPTH {
            return self.break_off(self.line, "substitutions are nested too deeply");
        }
        self.depth += 1;
        skip(self);
        self.depth -= 1;
    }

    fn skip_braces(&mut self) {
        self.braces(false);
    }

    fn skip_quoted_braces(&mut self) {
        self.braces(true);
    }

    /// Behind `${`.
    fn braces(&mut self, quoted: bool) {
        let line = self.line;
        self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_');
        // In double quotes a single quote is one only in a pattern.
        let quoted = quoted && !matches!(self.peek(), Some('#' | '%' | '/'));
        loop {
            match self.peek() {
                None => return self.break_off(line, "a bracket ({) is not closed"),
                Some('}') => {
                    self.bump();
                    return;
                }
                Some('\\') => self.skip_escape(),
                Some('\'') if !quoted => self.skip_single_quotes(),
                Some('"') => self.skip_double_quotes(),
                Some('$') => self.skip_dollar(quoted),
                Some('`') => self.skip_backquotes(),
                Some(_) => _ = self.bump(),
            }
        }
    }

    /// Behind `$((`.
    fn skip_arithmetic(&mut self) {
        let line = self.line;
        let mut open = 2_usize;
        while open > 0 {
            match self.peek() {
                None => return self.break_off(line, "a bracket (() is not closed"),
                Some('\\') => self.skip_escape(),
                Some('\'') => self.skip_single_quotes(),
                Some('"') => self.skip_double_quotes(),
                Some('$') => self.skip_dollar(false),
                Some('`') => self.skip_backquotes(),
                Some(c) => {
                    self.bump();
                    open += usize::from(c == '(');
                    open -= usize::from(c == ')');
                }
            }
        }
    }

    /// Behind `$(`: commands up to the `)` that belongs to it. The `)` of a `case` does not.
    fn skip_commands(&mut self) {
        let line = self.line;
        let outer = std::mem::take(&mut self.documents);
        // Brackets and, as true, cases that are open.
        let mut open = Vec::new();
        let mut commanding = true;
        while let Some((lexeme, _)) = self.next() {
            match lexeme {
                Lexeme::Op(Op::Open) => open.push(false),
                Lexeme::Op(Op::Close) => match open.last() {
                    Some(true) => {}
                    Some(false) => _ = open.pop(),
                    None => {
                        self.documents = outer;
                        return;
                    }
                },
                Lexeme::Word("case") if commanding => open.push(true),
                Lexeme::Word("esac") if commanding && open.last() == Some(&true) => _ = open.pop(),
                _ => {}
            }
            commanding = match lexeme {
                Lexeme::Word(word) => opens_command(word) || word == "in",
                Lexeme::Op(op) => !matches!(op, Op::Redirect { .. }),
            };
        }
        self.break_off(line, "a bracket (() is not closed");
    }

    fn break_off(&mut self, line: u32, what: &'static str) {
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

fn is_name_start(c: char) -> bool {
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
