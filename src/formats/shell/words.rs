//! What a word consists of: text in quotes and without, variables, substitutions.

use super::lexer::{DEPTH, Lexeme, Lexer, Op, name_at_start};
use std::borrow::Cow;

/// How a part of a word is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    None,
    /// By a backslash.
    Escaped,
    Single,
    Double,
}

/// A part of a word, quotes and backslashes taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    /// `$NAME`, `$1`, `${…}`, as written.
    Parameter(&'t str),
    /// The commands in `$(…)` or in backquotes.
    Commands(Cow<'t, str>),
    /// `$((…))`, as written.
    Arithmetic(&'t str),
    /// `$'…'` and `$"…"`, as written, and the `$` of `$[…]`: dash reads them otherwise than bash.
    Dialect(&'t str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part<'t> {
    pub(super) piece: Piece<'t>,
    pub(super) quote: Quote,
    /// Line on which it begins.
    pub(super) line: u32,
}

/// The parts of a word in order.
pub(super) struct Parts<'t> {
    lexer: Lexer<'t>,
    quoted: bool,
    /// Within the braces of a `${…}`, where `\}` stands for `}`.
    in_braces: bool,
}

impl<'t> Parts<'t> {
    /// Of a word that begins on a line.
    pub(super) fn of(word: &'t str, line: u32) -> Self {
        Self { lexer: Lexer::new(word, line), quoted: false, in_braces: false }
    }

    /// Of what stands behind the operator in `${NAME:-…}`; `quoted` where that stands in double quotes.
    pub(super) fn in_braces(text: &'t str, quoted: bool) -> Self {
        Self { lexer: Lexer::new(text, 1), quoted, in_braces: true }
    }

    /// What follows a backslash; `None` where that joins two lines.
    fn escape(&mut self) -> Option<(Piece<'t>, Quote)> {
        self.lexer.bump();
        let start = self.lexer.at;
        let quote = if self.quoted { Quote::Double } else { Quote::Escaped };
        let next = self.lexer.peek();
        if next == Some('\n') {
            self.lexer.bump();
            return None;
        }
        // In double quotes a backslash stands for itself before most characters.
        let escapes =
            !self.quoted || matches!(next, Some('$' | '`' | '"' | '\\')) || self.in_braces && next == Some('}');
        if !escapes || next.is_none() {
            return Some((Piece::Text("\\"), quote));
        }
        self.lexer.bump();
        Some((Piece::Text(self.lexer.since(start)), quote))
    }

    fn dollar(&mut self, start: usize) -> Piece<'t> {
        self.lexer.skip_dollar(self.quoted);
        let written = self.lexer.since(start);
        if written == "$" {
            if self.lexer.peek() == Some('[') {
                return Piece::Dialect(written);
            }
            if self.quoted || self.lexer.peek() != Some('"') {
                return Piece::Text(written);
            }
            self.lexer.skip_double_quotes();
            return Piece::Dialect(self.lexer.since(start));
        }
        match written.strip_prefix("$(") {
            Some(inner) if inner.starts_with('(') && written.ends_with("))") => Piece::Arithmetic(written),
            Some(inner) => Piece::Commands(Cow::Borrowed(inner.strip_suffix(')').unwrap_or(inner))),
            None if written.starts_with("$'") => Piece::Dialect(written),
            None => Piece::Parameter(written),
        }
    }

    fn backquotes(&mut self, start: usize) -> Piece<'t> {
        self.lexer.skip_backquotes();
        let written = self.lexer.since(start).trim_start_matches('`');
        let inner = written.strip_suffix('`').unwrap_or(written);
        if !inner.contains('\\') {
            return Piece::Commands(Cow::Borrowed(inner));
        }
        let mut plain = String::with_capacity(inner.len());
        let mut chars = inner.chars().peekable();
        while let Some(c) = chars.next() {
            let escaped = chars.next_if(|next| c == '\\' && matches!(next, '$' | '`' | '\\'));
            plain.push(escaped.unwrap_or(c));
        }
        Piece::Commands(Cow::Owned(plain))
    }
}

impl<'t> Iterator for Parts<'t> {
    type Item = Part<'t>;

    fn next(&mut self) -> Option<Part<'t>> {
        loop {
            let (start, line) = (self.lexer.at, self.lexer.line);
            let around = if self.quoted { Quote::Double } else { Quote::None };
            let (piece, quote) = match self.lexer.peek()? {
                '"' => {
                    self.lexer.bump();
                    self.quoted = !self.quoted;
                    // Quotes without anything in them make a word, too.
                    (Piece::Text(""), Quote::Double)
                }
                '\'' if !self.quoted => {
                    self.lexer.skip_single_quotes();
                    let inner = self.lexer.since(start).get(1..).unwrap_or_default();
                    (Piece::Text(inner.strip_suffix('\'').unwrap_or(inner)), Quote::Single)
                }
                '\\' => match self.escape() {
                    Some(found) => found,
                    None => continue,
                },
                '$' => (self.dollar(start), around),
                '`' => (self.backquotes(start), around),
                _ => {
                    let quoted = self.quoted;
                    self.lexer.skip_while(|c| !matches!(c, '"' | '\\' | '$' | '`') && (quoted || c != '\''));
                    (Piece::Text(self.lexer.since(start)), around)
                }
            };
            return Some(Part { piece, quote, line });
        }
    }
}

/// A word without its quotes, variables and substitutions as they are written. What commands stand in its
/// substitutions goes to `inner`, with the line.
pub(super) fn text_of<'t>(word: &'t str, line: u32, mut inner: impl FnMut(Cow<'t, str>, u32)) -> String {
    let mut text = String::new();
    for part in Parts::of(word, line) {
        match part.piece {
            Piece::Text(piece) | Piece::Parameter(piece) | Piece::Arithmetic(piece) | Piece::Dialect(piece) => {
                text.push_str(piece);
            }
            Piece::Commands(commands) => {
                text.push_str("$()");
                inner(commands, part.line);
            }
        }
    }
    text
}

/// A word or an operator of a script whose substitutions are opened: their commands stand in line with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Line, counted from 1.
    pub(super) line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A word without its quotes, variables as written; `quoted` when any part of it stood in double or single
    /// quotes. A word that a substitution stands in is two.
    Word {
        text: String,
        quoted: bool,
    },
    Op(Op),
}

/// Every word and operator of a script.
pub(super) fn tokens(script: &str) -> Vec<Token> {
    let mut found = Vec::new();
    open(script, 1, DEPTH, &mut found);
    found
}

fn open(text: &str, line: u32, depth: usize, found: &mut Vec<Token>) {
    let mut lexer = Lexer::new(text, line);
    while let Some((lexeme, line)) = lexer.next() {
        match lexeme {
            Lexeme::Op(op) => found.push(Token { kind: TokenKind::Op(op), line }),
            Lexeme::Word(word) => open_word(word, line, depth, found),
        }
    }
}

fn open_word(word: &str, line: u32, depth: usize, found: &mut Vec<Token>) {
    let mut pending: Option<Token> = None;
    for part in Parts::of(word, line) {
        let is_quoted = matches!(part.quote, Quote::Single | Quote::Double);
        let written = match part.piece {
            Piece::Text(text) | Piece::Parameter(text) | Piece::Arithmetic(text) | Piece::Dialect(text) => text,
            Piece::Commands(commands) => {
                found.extend(pending.take());
                found.push(Token { kind: TokenKind::Op(Op::Open), line: part.line });
                if let Some(depth) = depth.checked_sub(1) {
                    open(&commands, part.line, depth, found);
                }
                found.push(Token { kind: TokenKind::Op(Op::Close), line: part.line });
                // What stood in double quotes around a substitution goes on as one word.
                if !is_quoted {
                    continue;
                }
                ""
            }
        };
        let token = pending.get_or_insert_with(|| Token {
            kind: TokenKind::Word { text: String::new(), quoted: false },
            line: part.line,
        });
        if let TokenKind::Word { text, quoted } = &mut token.kind {
            text.push_str(written);
            *quoted |= is_quoted;
        }
    }
    found.extend(pending);
}

/// The name that a word assigns to, whether by `+=`, and the value as it is written.
pub(super) fn assigned(word: &str) -> Option<(&str, bool, &str)> {
    let name = name_at_start(word);
    let rest = word.get(name.len()..).filter(|_| !name.is_empty())?;
    match rest.strip_prefix("+=") {
        Some(value) => Some((name, true, value)),
        None => Some((name, false, rest.strip_prefix('=')?)),
    }
}

/// Words parted at blanks outside of quotes, as they are written: operators stay with the word that they touch.
pub(crate) fn at_blanks(line: &str) -> Vec<&str> {
    let mut lexer = Lexer::new(line, 1);
    let mut words = Vec::new();
    loop {
        lexer.skip_while(char::is_whitespace);
        let start = lexer.at;
        while let Some(c) = lexer.peek().filter(|c| !c.is_whitespace()) {
            match c {
                '\\' => _ = (lexer.bump(), lexer.bump()),
                '\'' => lexer.skip_single_quotes(),
                '"' => lexer.skip_double_quotes(),
                _ => _ = lexer.bump(),
            }
        }
        if lexer.at == start {
            return words;
        }
        words.push(lexer.since(start));
    }
}
