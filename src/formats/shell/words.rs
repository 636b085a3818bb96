//! What a word consists of: text in quotes and without, variables, substitutions.

use super::lexer::{DEPTH, Lexeme, Lexer, Op, TOO_DEEP, Unread, name_at_start};
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
    /// `$((…))`, as written; or commands in two brackets.
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
    /// In a here-document, where quotes stand for themselves.
    in_document: bool,
}

impl<'t> Parts<'t> {
    /// Of a word that begins on a line.
    pub(super) fn of(word: &'t str, line: u32) -> Self {
        Self { lexer: Lexer::new(word, line), quoted: false, in_braces: false, in_document: false }
    }

    /// Of what stands behind the operator in `${NAME:-…}`; `quoted` where that stands in double quotes.
    pub(super) fn in_braces(text: &'t str, quoted: bool, line: u32) -> Self {
        Self { quoted, in_braces: true, ..Self::of(text, line) }
    }

    /// Of the text of a here-document whose delimiter is not quoted.
    pub(super) fn in_document(text: &'t str, line: u32) -> Self {
        Self { quoted: true, in_document: true, ..Self::of(text, line) }
    }

    /// What kept it from being read to its end.
    pub(super) fn broken(&self) -> Option<Unread> {
        self.lexer.broken
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
                '"' if !self.in_document => {
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
                    let (quoted, in_document) = (self.quoted, self.in_document);
                    self.lexer.skip_while(|c| match c {
                        '\\' | '$' | '`' => false,
                        '"' => in_document,
                        _ => quoted || c != '\'',
                    });
                    (Piece::Text(self.lexer.since(start)), around)
                }
            };
            return Some(Part { piece, quote, line });
        }
    }
}

fn is_number(text: &str) -> bool {
    let mut lexer = Lexer::new(text, 1);
    text.starts_with("((") && lexer.skip_number() && lexer.at == text.len()
}

impl<'t> Part<'t> {
    /// The commands whose output stands in it, with their line: those of a substitution, and of one in an expansion,
    /// such as `${A:-$(x)}`.
    pub(super) fn substitutions(self, found: &mut Vec<(Cow<'t, str>, u32)>) {
        self.gather(found, DEPTH);
    }

    /// What is nested deeper than `depth`, the lexer did not pass over either, and has told.
    fn gather(self, found: &mut Vec<(Cow<'t, str>, u32)>, depth: usize) {
        let (written, quoted) = match self.piece {
            Piece::Commands(commands) => return found.push((commands, self.line)),
            Piece::Parameter(written) => (written.strip_prefix("${"), self.quote == Quote::Double),
            Piece::Arithmetic(written) if is_number(&written[1..]) => (written.strip_prefix('$'), true),
            Piece::Arithmetic(written) => {
                return found.push((Cow::Borrowed(&written[2..written.len() - 1]), self.line));
            }
            Piece::Dialect(written) => (written.strip_prefix("$\""), true),
            Piece::Text(_) => return,
        };
        if let (Some(written), Some(depth)) = (written, depth.checked_sub(1)) {
            Parts::in_braces(written, quoted, self.line).for_each(|part| part.gather(found, depth));
        }
    }
}

/// A word without its quotes, variables and substitutions as they are written.
pub(super) fn text_of(word: &str, line: u32) -> String {
    let written = |part: Part<'_>| match part.piece {
        Piece::Text(piece) | Piece::Parameter(piece) | Piece::Arithmetic(piece) | Piece::Dialect(piece) => {
            piece.to_owned()
        }
        Piece::Commands(_) => "$()".to_owned(),
    };
    Parts::of(word, line).map(written).collect()
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
    tokens_as_far(script).0
}

/// Every word and operator of a script, and what kept it from being read to its end.
pub(super) fn tokens_as_far(script: &str) -> (Vec<Token>, Option<Unread>) {
    let mut opened = Opened::default();
    opened.open(script, 1, DEPTH);
    (opened.found, opened.unread)
}

#[derive(Default)]
struct Opened {
    found: Vec<Token>,
    unread: Option<Unread>,
}

impl Opened {
    fn open(&mut self, text: &str, line: u32, depth: usize) {
        let mut lexer = Lexer::new(text, line);
        while let Some((lexeme, line)) = lexer.next() {
            match lexeme {
                Lexeme::Op(op) => self.found.push(Token { kind: TokenKind::Op(op), line }),
                Lexeme::Word(word) => self.word(word, line, depth),
            }
        }
        self.unread = self.unread.or(lexer.broken);
    }

    fn substitution(&mut self, commands: &str, line: u32, depth: usize) {
        self.found.push(Token { kind: TokenKind::Op(Op::Open), line });
        match depth.checked_sub(1) {
            Some(depth) => self.open(commands, line, depth),
            None => _ = self.unread.get_or_insert((line, TOO_DEEP)),
        }
        self.found.push(Token { kind: TokenKind::Op(Op::Close), line });
    }

    fn word(&mut self, word: &str, line: u32, depth: usize) {
        let mut pending: Option<Token> = None;
        let mut inner = Vec::new();
        for part in Parts::of(word, line) {
            let is_quoted = matches!(part.quote, Quote::Single | Quote::Double);
            let line = part.line;
            let written = match part.piece {
                Piece::Text(text) => text,
                Piece::Parameter(text) | Piece::Arithmetic(text) | Piece::Dialect(text) => {
                    part.substitutions(&mut inner);
                    text
                }
                Piece::Commands(commands) => {
                    self.found.extend(pending.take());
                    self.substitution(&commands, line, depth);
                    // What stood in double quotes around a substitution goes on as one word.
                    if !is_quoted {
                        continue;
                    }
                    ""
                }
            };
            let token = pending
                .get_or_insert_with(|| Token { kind: TokenKind::Word { text: String::new(), quoted: false }, line });
            if let TokenKind::Word { text, quoted } = &mut token.kind {
                text.push_str(written);
                *quoted |= is_quoted;
            }
        }
        self.found.extend(pending);
        for (commands, line) in inner {
            self.substitution(&commands, line, depth);
        }
    }
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
