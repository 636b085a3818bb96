//! The tokens of a file, one after another, and how dhclient goes on behind an error (`common/parse.c`).

use super::lexer::{Kind, Token};
use std::vec::IntoIter;

/// Tokens that are still to be read.
pub(super) struct Cursor {
    tokens: std::iter::Peekable<IntoIter<Token>>,
    /// The line of the last one taken.
    pub(super) line: u32,
}

impl Cursor {
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        Self { tokens: tokens.into_iter().peekable(), line: 1 }
    }

    pub(super) fn peek(&mut self) -> Option<&Token> {
        self.tokens.peek()
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.tokens.next()?;
        self.line = token.line;
        Some(token)
    }

    /// Whether this mark comes next.
    pub(super) fn sees(&mut self, mark: u8) -> bool {
        self.peek().is_some_and(|token| token.is(mark))
    }

    /// Whether this keyword comes next, in capital letters or not.
    pub(super) fn sees_word(&mut self, word: &str) -> bool {
        self.peek().and_then(Token::word).is_some_and(|next| next.eq_ignore_ascii_case(word))
    }

    /// Takes this mark if it comes next.
    pub(super) fn take(&mut self, mark: u8) -> bool {
        self.tokens.next_if(|token| token.is(mark)).is_some()
    }

    /// Takes this keyword if it comes next.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.sees_word(word) && self.next().is_some()
    }

    /// Takes a name if one comes next.
    pub(super) fn take_name(&mut self) -> Option<String> {
        let name = self.peek()?.word()?.to_owned();
        self.next();
        Some(name)
    }

    /// Takes a text in quotes if one comes next.
    pub(super) fn take_quoted(&mut self) -> Option<String> {
        match self.tokens.next_if(|token| matches!(token.kind, Kind::Quoted(_)))?.kind {
            Kind::Quoted(text) => Some(text),
            _ => None,
        }
    }

    /// Takes a decimal number if one comes next.
    pub(super) fn take_number(&mut self) -> Option<Token> {
        self.tokens.next_if(|token| matches!(token.kind, Kind::Number(_)))
    }

    /// Goes behind the next semicolon; or, where braces come before it, behind the one that closes the first.
    pub(super) fn skip(&mut self) {
        self.skip_braces(0);
    }

    /// The same with so many braces open already.
    pub(super) fn skip_braces(&mut self, mut open: usize) {
        while let Some(token) = self.next() {
            match token.kind {
                Kind::Mark(b'{') => open += 1,
                Kind::Mark(b'}') => {
                    open = open.saturating_sub(1);
                    if open == 0 {
                        return;
                    }
                }
                Kind::Mark(b';') if open == 0 => return,
                _ => {}
            }
        }
    }

    /// Takes a semicolon. Whatever stands there instead is lost, with all up to the next one.
    pub(super) fn semicolon(&mut self) -> bool {
        let is_there = self.next().is_some_and(|token| token.is(b';'));
        if !is_there {
            self.skip();
        }
        is_there
    }
}
