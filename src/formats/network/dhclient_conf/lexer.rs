//! Tokens of dhclient.conf, as dhclient divides a file (`common/conflex.c`).

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word(String),
    /// What is a name, or a number to base 16.
    Hex(String),
    /// Decimal digits, with or without a sign.
    Number(String),
    /// What stands in quotes; it may go over several lines.
    Quoted(String),
    /// Any other byte.
    Mark(u8),
}

/// A token, its line, and its bytes in the text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) line: u32,
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

impl Token {
    pub(super) fn is(&self, mark: u8) -> bool {
        self.kind == Kind::Mark(mark)
    }

    /// A name, whatever else it may be.
    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) | Kind::Hex(word) => Some(word),
            _ => None,
        }
    }
}

/// The most tokens that are read of a file; a real one has some hundred.
pub(super) const TOKEN_LIMIT: usize = 100_000;

/// The size of dhclient's buffer of a token, a run of blanks included. What is longer falls apart, or ends dhclient.
const BUFFER: usize = 1500;

/// What a text is made of.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// No more than [`TOKEN_LIMIT`].
    pub(super) tokens: Vec<Token>,
    /// The line of what dhclient does not divide as it should, and what that is.
    pub(super) odd: Option<(u32, &'static str)>,
}

/// Tokens of a text. `#` begins a comment outside quotes.
pub(super) fn tokens(text: &str) -> Tokens {
    let mut lexer = Lexer { bytes: text.as_bytes(), at: 0, line: 1, found: Tokens::default() };
    while lexer.found.tokens.len() < TOKEN_LIMIT {
        lexer.blanks();
        let (line, start) = (lexer.line, lexer.at);
        let Some(first) = lexer.next() else { break };
        let kind = match first {
            b'"' => lexer.quoted(),
            b'0'..=b'9' | b'-' => lexer.number(first),
            first if first.is_ascii_alphabetic() => lexer.name(first),
            0 => {
                lexer.odd("a byte of zero");
                continue;
            }
            mark => Kind::Mark(mark),
        };
        lexer.found.tokens.push(Token { line, span: start..lexer.at, kind });
    }
    lexer.found
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u32,
    found: Tokens,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        self.line = self.line.saturating_add(u32::from(byte == b'\n'));
        Some(byte)
    }

    fn odd(&mut self, what: &'static str) {
        let line = self.line;
        self.found.odd.get_or_insert((line, what));
    }

    /// Blanks and comments.
    fn blanks(&mut self) {
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == 0x0b) {
                self.next();
            }
            if self.at - start >= BUFFER {
                self.odd("so many blanks in a row that dhclient ends");
            }
            if self.peek() != Some(b'#') {
                return;
            }
            while self.next().is_some_and(|byte| byte != b'\n') {}
        }
    }

    fn quoted(&mut self) -> Kind {
        let mut inside = Vec::new();
        loop {
            if inside.len() == BUFFER {
                self.odd("a text longer than dhclient takes");
                break;
            }
            match self.next() {
                None => {
                    self.odd("a text whose quotes are not closed");
                    break;
                }
                Some(b'"') => break,
                Some(b'\\') => match self.next() {
                    None => {}
                    Some(digit @ (b'0'..=b'3' | b'x')) => inside.extend(self.coded(digit)),
                    Some(b't') => inside.push(b'\t'),
                    Some(b'r') => inside.push(b'\r'),
                    Some(b'n') => inside.push(b'\n'),
                    Some(b'b') => inside.push(8),
                    Some(other) => inside.push(other),
                },
                Some(other) => inside.push(other),
            }
        }
        Kind::Quoted(String::from_utf8_lossy(&inside).into_owned())
    }

    /// A byte by its number: three octal digits, or `x` and two of base 16.
    fn coded(&mut self, first: u8) -> Option<u8> {
        let base = if first == b'x' { 16 } else { 8 };
        let mut value = char::from(first).to_digit(8).unwrap_or_default();
        for _ in 0..2 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(base));
            let Some(digit) = digit else {
                self.odd("a `\\` with too few digits");
                return None;
            };
            self.next();
            value = value * base + digit;
        }
        u8::try_from(value).ok()
    }

    /// What begins as a number is a name as soon as it cannot be one to base 16.
    fn number(&mut self, first: u8) -> Kind {
        let mut word = String::from(char::from(first));
        let (mut is_decimal, mut is_hex) = (true, true);
        while let Some(next) = self.peek().filter(|byte| is_of_name(*byte)) {
            self.next();
            is_decimal &= next.is_ascii_digit();
            // `0x` makes a name of it, and a digit behind that a number again.
            let after_prefix = matches!(word.as_str(), "0x" | "0X");
            is_hex = next.is_ascii_hexdigit() && (is_hex || after_prefix);
            word.push(char::from(next));
        }
        self.check(&word);
        match (is_decimal, is_hex) {
            (true, _) => Kind::Number(word),
            (false, true) => Kind::Hex(word),
            (false, false) => Kind::Word(word),
        }
    }

    fn name(&mut self, first: u8) -> Kind {
        let mut word = String::from(char::from(first));
        while let Some(next) = self.peek().filter(|byte| is_of_name(*byte)) {
            self.next();
            word.push(char::from(next));
        }
        self.check(&word);
        // The first letter is not looked at.
        match word.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit()) {
            true => Kind::Hex(word),
            false => Kind::Word(word),
        }
    }

    fn check(&mut self, word: &str) {
        if word.len() >= BUFFER {
            self.odd("a word longer than dhclient takes");
        }
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
