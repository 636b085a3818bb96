//! Tokens of dhclient.conf.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Word(String),
    Quoted(String),
    Mark(char),
}

/// A token, its line, and its bytes in the text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) line: u32,
    pub(super) span: Range<usize>,
    pub(super) kind: Kind,
}

impl Token {
    pub(super) fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The most tokens that are read of a file; a real one has some hundred.
pub(super) const TOKEN_LIMIT: usize = 100_000;

/// Tokens, no more than [`TOKEN_LIMIT`]: words, `"…"`, and marks. `#` begins a comment outside quotes.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    for (line, whole) in (1u32..).zip(text.split_inclusive('\n')) {
        let text = whole.strip_suffix('\n').unwrap_or(whole);
        let text = text.strip_suffix('\r').unwrap_or(text);
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            if tokens.len() == TOKEN_LIMIT {
                return tokens;
            }
            let kind = match c {
                '#' => break,
                c if c.is_whitespace() => continue,
                '"' => {
                    let mut inside = String::new();
                    while let Some((_, c)) = chars.next() {
                        match c {
                            '"' => break,
                            '\\' => inside.extend(chars.next().map(|(_, c)| c)),
                            c => inside.push(c),
                        }
                    }
                    Kind::Quoted(inside)
                }
                ';' | '{' | '}' | ',' | '=' | '(' | ')' => Kind::Mark(c),
                c => {
                    let mut word = String::from(c);
                    while let Some(&(_, next)) = chars.peek() {
                        if next.is_whitespace() || matches!(next, ';' | '{' | '}' | ',' | '=' | '(' | ')' | '"' | '#') {
                            break;
                        }
                        word.push(next);
                        chars.next();
                    }
                    Kind::Word(word)
                }
            };
            let end = chars.peek().map_or(text.len(), |(end, _)| *end);
            tokens.push(Token { line, span: offset + start..offset + end, kind });
        }
        offset += whole.len();
    }
    tokens
}
