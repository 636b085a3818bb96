//! Blocks that say nothing of what is asked for, and through which dhclient's reading has to be followed: leases, and
//! the keys of name servers.

use super::lexer::Kind;
use super::options::{DHCP, Named};
use super::parser::Parser;
use super::scopes::Scope;

impl Parser<'_, '_> {
    /// The block of a `lease` or an `alias`.
    pub(super) fn lease(&mut self, line: u32, word: &str) {
        if !self.tokens.take(b'{') {
            self.tokens.next();
            self.problem(line, format!("`{word}` has no block"));
            return self.tokens.skip();
        }
        while let Some(token) = self.tokens.peek() {
            let (at, is_end) = (token.line, token.is(b'}'));
            if is_end {
                self.tokens.next();
                return;
            }
            if self.part_of_lease().is_none() {
                self.leave_out(at, format!("what stands in `{word}` is not understood"));
                self.tokens.skip();
            }
        }
        self.problem(line, format!("the block of `{word}` is not closed"));
    }

    /// A statement of a lease with its semicolon.
    fn part_of_lease(&mut self) -> Option<()> {
        match self.tokens.take_name()?.to_ascii_lowercase().as_str() {
            "bootp" => {}
            "interface" => {
                let name = self.tokens.take_quoted()?;
                (name.len() < 16).then_some(())?;
            }
            "medium" | "filename" | "server-name" => drop(self.tokens.take_quoted()?),
            "fixed-address" => self.ip()?,
            "renew" | "rebind" | "expire" => self.date()?,
            "option" => {
                let first = self.tokens.take_name()?;
                let (space, name) = match self.tokens.take(b'.') {
                    true => (first, self.tokens.take_name()?),
                    false => (DHCP.to_owned(), first),
                };
                let Named::Option(index) = self.state.options.named(&space, &name) else { return None };
                let form = self.state.options.get(index)?.form.clone();
                return self.value_of_lease(&form);
            }
            _ => return None,
        }
        self.tokens.take(b';').then_some(())
    }

    /// `never`, `epoch N`, or `W Y/M/D H:M:S` with or without an offset.
    fn date(&mut self) -> Option<()> {
        if self.tokens.take_word("never") {
            return Some(());
        }
        if self.tokens.take_word("epoch") {
            return self.tokens.take_number().map(drop);
        }
        self.tokens.take_number()?;
        for mark in [None, Some(b'/'), Some(b'/'), None, Some(b':'), Some(b':')] {
            if mark.is_some_and(|mark| !self.tokens.take(mark)) {
                return None;
            }
            self.tokens.take_number()?;
        }
        self.tokens.take_number();
        Some(())
    }

    /// `key NAME { algorithm A; secret S; }`, with or without a semicolon.
    pub(super) fn key(&mut self, line: u32, scope: Scope) {
        if scope.is_some() {
            self.problem(line, "`key` stands in a block");
            self.tokens.skip();
            return self.lose_next();
        }
        if self.parts_of_key().is_none() {
            self.leave_out(line, "`key` is not understood".to_owned());
            return self.tokens.skip();
        }
        self.tokens.take(b';');
    }

    fn parts_of_key(&mut self) -> Option<()> {
        if self.tokens.take_quoted().is_none() {
            self.dotted_name()?;
        }
        self.tokens.take(b'{').then_some(())?;
        self.tokens.take_word("algorithm").then_some(())?;
        self.dotted_name()?;
        self.tokens.take(b';').then_some(())?;
        self.tokens.take_word("secret").then_some(())?;
        while self.tokens.peek().is_some_and(|token| match &token.kind {
            Kind::Word(_) | Kind::Hex(_) | Kind::Number(_) => true,
            Kind::Mark(mark) => matches!(mark, b'+' | b'/' | b'='),
            Kind::Quoted(_) => false,
        }) {
            self.tokens.next();
        }
        (self.tokens.take(b';') && self.tokens.take(b'}')).then_some(())
    }

    fn dotted_name(&mut self) -> Option<()> {
        loop {
            self.tokens.take_name()?;
            if !self.tokens.take(b'.') {
                return Some(());
            }
        }
    }
}
