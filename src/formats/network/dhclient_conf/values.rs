//! Values that a file gives to options (`parse_option_statement`, `parse_option_token`).

use super::lexer::{Kind, Token};
use super::options::Named;
use super::parser::Parser;

/// The code of the list of options that are asked for.
const PARAMETER_REQUEST_LIST: u32 = 55;

/// How deep expressions are followed.
const DEPTH: usize = 16;

/// Functions of expressions with the kinds of their arguments: data, numbers, or one and more data.
const FUNCTIONS: [(&str, &str); 10] = [
    ("concat", "d*"),
    ("pick-first-value", "d*"),
    ("substring", "dnn"),
    ("suffix", "dn"),
    ("lcase", "d"),
    ("ucase", "d"),
    ("binary-to-ascii", "nndd"),
    ("encode-int", "nn"),
    ("reverse", "nd"),
    ("gethostname", ""),
];

/// Why a value is none.
enum Fault {
    /// dhclient has gone on behind it.
    Skipped,
    /// It is not understood.
    Unclear,
}

impl Parser<'_, '_> {
    /// `send`, `supersede`, `default`, `prepend`, `append`, and the option with its value.
    pub(super) fn set_option(&mut self, line: u32, word: &str) {
        let Some(index) = self.option_name(line) else { return self.lose_next() };
        if word == "send" && self.state.options.has_code(index, PARAMETER_REQUEST_LIST) {
            self.leave_out(line, "`send` gives the list of what is asked for".to_owned());
        }
        let form = self.state.options.get(index).map(|option| option.form.clone()).unwrap_or_default();
        match self.value(&form) {
            Ok(()) => {}
            Err(Fault::Skipped) => {
                self.problem(line, format!("the value of `{word}` is wrong; dhclient ignores it and what follows"));
                self.tokens.skip();
                self.lose_next();
            }
            Err(Fault::Unclear) => {
                self.leave_out(line, format!("the value of `{word}` is not understood"));
                self.tokens.skip();
            }
        }
    }

    /// A value with its semicolon.
    fn value(&mut self, form: &str) -> Result<(), Fault> {
        if self.tokens.sees(b';') && !form.starts_with('Z') {
            // It is taken for the value, and another one awaited.
            self.tokens.next();
        } else if self.tokens.take(b'=') {
            self.expression('d', DEPTH).ok_or(Fault::Unclear)?;
            if !self.tokens.sees(b';') {
                return Err(Fault::Unclear);
            }
        } else {
            self.data(form)?;
        }
        if self.tokens.semicolon() { Ok(()) } else { Err(Fault::Skipped) }
    }

    /// The value of an option in a lease, with its semicolon.
    pub(super) fn value_of_lease(&mut self, form: &str) -> Option<()> {
        if self.tokens.sees(b';') && !form.starts_with('Z') {
            return None;
        }
        self.data(form).ok()?;
        self.tokens.take(b';').then_some(())
    }

    fn data(&mut self, form: &str) -> Result<(), Fault> {
        let units = units(form);
        loop {
            for unit in &units {
                loop {
                    if unit.is_optional && self.tokens.sees(b';') {
                        break;
                    }
                    self.one(unit)?;
                    if !(unit.is_array && self.tokens.take(b',')) {
                        break;
                    }
                }
            }
            if !(form.ends_with('A') && self.tokens.take(b',')) {
                return Ok(());
            }
        }
    }

    /// What is not what it should be is taken, and what follows skipped, up to a semicolon unless it is one.
    fn wrong(&mut self) -> Fault {
        if self.tokens.next().is_some_and(|token| !token.is(b';')) {
            self.tokens.skip();
        }
        Fault::Skipped
    }

    fn one(&mut self, unit: &Unit) -> Result<(), Fault> {
        let kind = self.tokens.peek().map(|token| token.kind.clone());
        let is_right = match (unit.letter, &kind) {
            ('I', Some(Kind::Word(_) | Kind::Hex(_) | Kind::Number(_))) => return self.address(),
            ('I', Some(Kind::Mark(b'{' | b'}'))) => {
                self.tokens.skip();
                return Err(Fault::Skipped);
            }
            ('L' | 'l' | 'S' | 's' | 'B' | 'b' | 'T', Some(Kind::Number(_) | Kind::Hex(_))) => true,
            ('T', Some(Kind::Word(word))) => word.eq_ignore_ascii_case("infinite"),
            ('t', Some(Kind::Quoted(_) | Kind::Word(_) | Kind::Hex(_))) => true,
            ('f', Some(Kind::Word(word) | Kind::Hex(word))) => {
                ["true", "on", "false", "off", "ignore"].iter().any(|flag| word.eq_ignore_ascii_case(flag))
            }
            ('X' | 'E', Some(Kind::Number(_) | Kind::Hex(_))) => return self.bytes(),
            ('X' | 'E', Some(Kind::Quoted(_))) => true,
            ('D', Some(Kind::Quoted(_))) => return self.domains(),
            ('X' | 'E' | 'D', _) => {
                self.tokens.next();
                self.tokens.skip();
                return Err(Fault::Skipped);
            }
            ('d', Some(Kind::Word(_) | Kind::Hex(_) | Kind::Number(_))) => return self.host(),
            ('I' | 'L' | 'l' | 'S' | 's' | 'B' | 'b' | 't' | 'f', _) => false,
            ('Z', Some(Kind::Mark(b';'))) => return Ok(()),
            _ => return Err(Fault::Unclear),
        };
        match is_right {
            true => drop(self.tokens.next()),
            false if unit.is_optional => return Err(Fault::Unclear),
            false => return Err(self.wrong()),
        }
        Ok(())
    }

    /// Four numbers, or the name of a host, which dhclient looks up.
    fn address(&mut self) -> Result<(), Fault> {
        if self.tokens.take_number().is_none() {
            return self.host();
        }
        if !self.tokens.take(b'.') {
            return Ok(());
        }
        if self.tokens.take_number().is_none() {
            return Err(Fault::Unclear);
        }
        for _ in 0..2 {
            if !self.tokens.take(b'.') || self.tokens.take_number().is_none() {
                return Err(Fault::Unclear);
            }
        }
        Ok(())
    }

    /// Four numbers.
    pub(super) fn ip(&mut self) -> Option<()> {
        for part in 0..4 {
            if part > 0 && !self.tokens.take(b'.') {
                return None;
            }
            self.tokens.take_number()?;
        }
        Some(())
    }

    fn host(&mut self) -> Result<(), Fault> {
        loop {
            if self.tokens.take_name().is_none() && self.tokens.take_number().is_none() {
                return Err(Fault::Unclear);
            }
            if !self.tokens.take(b'.') {
                return Ok(());
            }
        }
    }

    /// Numbers to base 16, joined by colons.
    fn bytes(&mut self) -> Result<(), Fault> {
        loop {
            match self.tokens.next().map(|token| token.kind) {
                Some(Kind::Number(_) | Kind::Hex(_)) => {}
                _ => {
                    self.tokens.skip();
                    return Err(Fault::Skipped);
                }
            }
            if !self.tokens.take(b':') {
                return Ok(());
            }
        }
    }

    fn domains(&mut self) -> Result<(), Fault> {
        loop {
            let Some(domain) = self.tokens.take_quoted() else {
                self.tokens.next();
                self.tokens.skip();
                return Err(Fault::Skipped);
            };
            let is_plain = |label: &str| {
                (1..64).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            if domain.len() > 250 || !domain.split('.').all(is_plain) {
                return Err(Fault::Unclear);
            }
            if !self.tokens.take(b',') {
                return Ok(());
            }
        }
    }

    /// An expression of a kind: data or a number. Only what is common is understood.
    fn expression(&mut self, kind: char, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let next = self.tokens.peek().map(|token| token.kind.clone())?;
        match next {
            Kind::Number(_) if kind == 'n' => drop(self.tokens.next()),
            _ if kind == 'n' => return None,
            Kind::Quoted(_) => drop(self.tokens.next()),
            Kind::Number(_) => self.bytes().ok()?,
            Kind::Hex(_) | Kind::Mark(_) => return None,
            Kind::Word(word) => {
                self.tokens.next();
                let word = word.to_ascii_lowercase();
                match word.as_str() {
                    "hardware" => {}
                    "option" => {
                        let name = self.tokens.take_name()?;
                        let named = self.state.options.named(super::options::DHCP, &name);
                        if self.tokens.sees(b'.') || !matches!(named, Named::Option(_)) {
                            return None;
                        }
                    }
                    function => {
                        let (_, kinds) = FUNCTIONS.iter().find(|(name, _)| *name == function)?;
                        self.arguments(kinds, depth)?;
                    }
                }
            }
        }
        Some(())
    }

    fn arguments(&mut self, kinds: &str, depth: usize) -> Option<()> {
        self.tokens.take(b'(').then_some(())?;
        if let Some(kind) = kinds.strip_suffix('*').and_then(|kinds| kinds.chars().next()) {
            loop {
                self.expression(kind, depth)?;
                if !self.tokens.take(b',') {
                    break;
                }
            }
        } else {
            for (number, kind) in kinds.chars().enumerate() {
                if number > 0 {
                    self.tokens.take(b',').then_some(())?;
                }
                self.expression(kind, depth)?;
            }
        }
        self.tokens.take(b')').then_some(())
    }

    /// The words of a statement that says nothing of what is asked for, up to its semicolon.
    pub(super) fn shape(&mut self, statement: &str) -> Option<()> {
        match statement {
            "media" => self.separated(|parser| parser.tokens.take_quoted().map(drop)),
            "reject" => self.separated(|parser| {
                parser.ip()?;
                if parser.tokens.take(b'/') { parser.tokens.take_number().map(drop) } else { Some(()) }
            }),
            "vendor" => {
                let is_space = self.tokens.take_word("option") && self.tokens.take_word("space");
                is_space.then_some(())?;
                self.tokens.take_name().map(drop)
            }
            "omapi" => {
                self.tokens.take_word("port").then_some(())?;
                let port = self.tokens.take_number()?;
                matches!(&port.kind, Kind::Number(port) if port.parse::<u16>().is_ok()).then_some(())
            }
            "hardware" | "anycast-mac" => {
                let kind = self.tokens.take_name()?.to_ascii_lowercase();
                matches!(kind.as_str(), "ethernet" | "token-ring" | "fddi" | "infiniband").then_some(())?;
                self.bytes().ok()
            }
            _ => None,
        }?;
        self.tokens.peek().is_some_and(|token: &Token| token.is(b';')).then_some(())
    }

    fn separated(&mut self, mut one: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        loop {
            one(self)?;
            if !self.tokens.take(b',') {
                return Some(());
            }
        }
    }
}

/// A part of a form.
struct Unit {
    letter: char,
    is_optional: bool,
    is_array: bool,
}

/// The parts of a form, without the letter that repeats all of them.
fn units(form: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut letters = form.chars();
    while let Some(letter) = letters.next() {
        match (letter, units.last_mut()) {
            ('A', _) => {}
            ('o', Some(last)) => last.is_optional = true,
            ('a', Some(last)) => last.is_array = true,
            ('c', Some(_)) => {}
            (letter, _) => {
                if matches!(letter, 'E' | 'N') {
                    // The name of a space or of words.
                    letters.by_ref().find(|letter| *letter == '.');
                }
                units.push(Unit { letter, is_optional: false, is_array: false });
            }
        }
    }
    units
}
