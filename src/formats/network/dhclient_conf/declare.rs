//! Names of options, their declarations, and their spaces (`parse_option_name`, `parse_option_code_definition`,
//! `parse_option_space_decl`).

use super::cursor::Cursor;
use super::lexer::{Kind, Token};
use super::options::{DHCP, Index, Named};
use super::parser::Parser;
use super::scopes::Scope;
use std::fmt::Write as _;

/// What ends a type, and what dhclient skips behind an error.
enum Fault {
    /// Up to the next semicolon.
    Statement(&'static str),
    /// Behind the brace of a record, if it is in one, and behind the semicolon.
    Record(&'static str),
}

impl Parser<'_, '_> {
    /// The name of an option that dhclient knows. Where it knows none, it goes on behind the next semicolon.
    pub(super) fn option_name(&mut self, line: u32) -> Option<Index> {
        let (space, name) = self.dotted(line)?;
        let told = if space == DHCP { name.clone() } else { format!("{space}.{name}") };
        match self.state.options.named(&space, &name) {
            Named::Option(index) => return Some(index),
            Named::Nothing => {
                self.problem(line, format!("dhclient knows no option `{told}`, and ignores the statement"))
            }
            Named::NoSpace => self.problem(line, format!("dhclient knows no option space `{space}`")),
            Named::Unclear => self.leave_out(line, format!("the option `{told}` is not known")),
        }
        self.tokens.skip();
        None
    }

    /// A name, or a space's and a name.
    fn dotted(&mut self, line: u32) -> Option<(String, String)> {
        let mut names = Vec::new();
        loop {
            let Some(token) = self.tokens.next() else {
                self.problem(line, "the statement has no end: a semicolon or a `}` is missing");
                return None;
            };
            let Some(name) = token.word() else {
                self.problem(line, "the name of an option is missing");
                if !token.is(b';') {
                    self.tokens.skip();
                }
                return None;
            };
            names.push(name.to_owned());
            if names.len() == 2 || !self.tokens.take(b'.') {
                break;
            }
        }
        let name = names.pop()?;
        Some((names.pop().unwrap_or_else(|| DHCP.to_owned()), name))
    }

    /// `option NAME code N = TYPE;` declares, `option space NAME;` as well; anything else is refused.
    pub(super) fn option(&mut self, line: u32, scope: Scope) {
        if self.tokens.sees_word("space") {
            if scope.is_some() {
                self.problem(line, "an option space is declared in a block");
                self.tokens.skip();
                return self.lose_next();
            }
            return self.space(line);
        }
        let Some((space, name)) = self.dotted(line) else { return };
        let known = match self.state.options.named(&space, &name) {
            Named::Option(index) => Some(index),
            Named::Nothing => None,
            Named::NoSpace => {
                self.problem(line, format!("dhclient knows no option space `{space}`"));
                return self.tokens.skip();
            }
            Named::Unclear => {
                self.leave_out(line, format!("the option `{space}.{name}` is not known"));
                return self.tokens.skip();
            }
        };
        let is_declaration =
            self.tokens.next().is_some_and(|token| token.word().is_some_and(|word| word.eq_ignore_ascii_case("code")));
        if !is_declaration || scope.is_some() {
            self.problem(line, "`option` declares an option, with `code`, and outside blocks alone");
            return self.tokens.skip();
        }
        if let Some(index) = known {
            self.state.options.take_out(index);
        }
        let index = known.unwrap_or_else(|| self.state.options.create(&space, &name));
        self.declaration(line, index);
    }

    /// What follows `option NAME code`: the number, and the type of the value. The option has its new code as soon as
    /// that is read, and its name only when the whole is.
    fn declaration(&mut self, line: u32, index: Index) {
        let Some(Token { kind: Kind::Number(code), .. }) = self.tokens.take_number() else {
            self.tokens.next();
            self.problem(line, "the code of an option is no number");
            return self.tokens.skip();
        };
        let Ok(code) = code.parse() else {
            self.leave_out(line, "the code of an option is out of range".to_owned());
            return self.tokens.skip();
        };
        if let Some(option) = self.state.options.get_mut(index) {
            option.code = code;
        }
        let mut of = Type { form: String::new(), is_record: false, is_array: false, is_uniform: false };
        let read = match self.tokens.next().is_some_and(|token| token.is(b'=')) {
            true => of.read(&mut self.tokens, &|space| self.state.options.has_space(space)),
            false => Err(Fault::Statement("the type of an option does not follow a `=`")),
        };
        match read {
            Ok(()) => {}
            Err(Fault::Statement(what)) => {
                self.problem(line, what);
                return self.tokens.skip();
            }
            Err(Fault::Record(what)) => {
                self.problem(line, what);
                self.tokens.skip_braces(usize::from(of.is_record));
                if of.is_record {
                    self.tokens.skip();
                }
                return;
            }
        }
        if !self.end(line, "option") {
            self.tokens.skip();
            if of.is_record {
                self.tokens.skip();
            }
            return;
        }
        let is_encapsulation = of.form.starts_with('E') || of.form.ends_with('.');
        if is_encapsulation && of.is_array {
            return self.problem(line, "an option is an array of other options");
        }
        if of.is_array {
            of.form.push('A');
        }
        if let Some(option) = self.state.options.get_mut(index) {
            option.form = of.form;
        }
        self.state.options.put(index);
    }

    /// `space NAME;`, with the widths of codes and lengths.
    fn space(&mut self, line: u32) {
        self.tokens.next();
        let Some(name) = self.tokens.take_name() else {
            self.tokens.next();
            self.problem(line, "an option space has no name");
            return self.tokens.skip();
        };
        if !self.tokens.take(b';') {
            self.leave_out(line, format!("the widths of the option space `{name}` are not understood"));
            return self.tokens.skip();
        }
        self.state.options.add_space(&name);
    }
}

/// The type of a value.
struct Type {
    form: String,
    is_record: bool,
    /// All of it is repeated.
    is_array: bool,
    /// The next one of a record's is.
    is_uniform: bool,
}

impl Type {
    fn read(&mut self, tokens: &mut Cursor, has_space: &dyn Fn(&str) -> bool) -> Result<(), Fault> {
        if tokens.take_word("array") {
            of(tokens)?;
            self.is_array = true;
        }
        self.is_record = tokens.take(b'{');
        loop {
            let is_last = self.one(tokens, has_space)?;
            if !self.is_record {
                return Ok(());
            }
            let next = tokens.next();
            if std::mem::take(&mut self.is_uniform) {
                self.form.push('a');
            }
            match next {
                Some(token) if token.is(b'}') => return Ok(()),
                Some(token) if token.is(b',') && !is_last => {}
                Some(token) if token.is(b',') => return Err(Fault::Record("a text does not end its record")),
                _ => return Err(Fault::Record("a record of types has no `}`")),
            }
        }
    }

    /// One type; whether none may follow it.
    fn one(&mut self, tokens: &mut Cursor, has_space: &dyn Fn(&str) -> bool) -> Result<bool, Fault> {
        let array = self.is_array || self.is_uniform;
        let word = tokens.next().as_ref().and_then(Token::word).unwrap_or_default().to_ascii_lowercase();
        let (letter, is_last) = match word.as_str() {
            "array" if array => return Err(Fault::Record("an array is in an array")),
            "array" => {
                of(tokens)?;
                if self.is_record && tokens.take(b'{') {
                    // One brace more is open than a record has.
                    tokens.skip_braces(2);
                    return Err(Fault::Statement("an array of records is in a record"));
                }
                match self.is_record {
                    true => self.is_uniform = true,
                    false => self.is_array = true,
                }
                return self.one(tokens, has_space);
            }
            "boolean" => ('f', false),
            "integer" => (integer(tokens, ['b', 's', 'l'])?, false),
            "signed" | "unsigned" => {
                if !tokens.next().is_some_and(|token| token.word().is_some_and(|w| w.eq_ignore_ascii_case("integer"))) {
                    return Err(Fault::Record("`integer` is missing"));
                }
                let letters = if word == "signed" { ['b', 's', 'l'] } else { ['B', 'S', 'L'] };
                (integer(tokens, letters)?, false)
            }
            "ip-address" => ('I', false),
            "ip6-address" => ('6', false),
            "domain-name" | "text" | "string" | "zerolen" | "domain-list" if array => {
                return Err(Fault::Record("an array of texts"));
            }
            "domain-name" => ('d', true),
            "text" => ('t', true),
            "string" => ('X', true),
            "zerolen" => ('Z', true),
            "domain-list" => {
                if tokens.take_word("compressed") {
                    self.form.push('D');
                    ('c', true)
                } else {
                    ('D', true)
                }
            }
            "encapsulate" => {
                let space = tokens.next().as_ref().and_then(Token::word).unwrap_or_default().to_owned();
                if !has_space(&space) {
                    return Err(Fault::Statement("an option holds those of an unknown space"));
                }
                // A text of the space's options may be written to any form.
                let _ = write!(self.form, "E{space}");
                ('.', true)
            }
            _ => return Err(Fault::Record("an option has an unknown type")),
        };
        self.form.push(letter);
        Ok(is_last)
    }
}

fn of(tokens: &mut Cursor) -> Result<(), Fault> {
    match tokens.next().as_ref().and_then(Token::word) {
        Some(word) if word.eq_ignore_ascii_case("of") => Ok(()),
        _ => Err(Fault::Statement("`of` is missing behind `array`")),
    }
}

/// The letter of an integer's width of 8, 16 or 32 bits.
fn integer(tokens: &mut Cursor, letters: [char; 3]) -> Result<char, Fault> {
    let Some(Token { kind: Kind::Number(width), .. }) = tokens.next() else {
        return Err(Fault::Record("an integer has no width"));
    };
    let [one, two, four] = letters;
    match width.parse() {
        Ok(8) => Ok(one),
        Ok(16) => Ok(two),
        Ok(32) => Ok(four),
        _ => Err(Fault::Record("an integer has a width of neither 8 nor 16 nor 32 bits")),
    }
}
