//! Words become arguments (`grub_script_arglist_to_argv` in `grub-core/script/execute.c`).

use super::argument::Argument;
use super::evaluate::Evaluator;
use super::lexer::{Part, Word};
use super::pattern;
use super::status::cost;

/// The most bytes that one word comes to when variables are put in; a kernel takes no longer command line than 4 KiB.
const WORD_LIMIT: usize = 32 << 10;

/// The most bytes that the words of one command come to.
const COMMAND_LIMIT: usize = 64 << 10;

/// A value, or as much of it as is put into a word at once.
enum Piece<'v> {
    Text(&'v str),
    Unknown(&'v str),
}

/// Arguments as they grow: the last one may still be nothing at all.
#[derive(Default)]
struct Growing {
    arguments: Vec<Argument>,
    open: Option<Argument>,
    cut: bool,
    /// How much was put in so far, an argument without text counted as well.
    total: usize,
}

impl Growing {
    /// Begins the next argument; nothing stays nothing.
    fn next(&mut self) {
        self.arguments.extend(self.open.take());
    }

    fn append(&mut self, piece: &Piece<'_>) {
        let open = self.open.get_or_insert_default();
        let is_full = self.total > COMMAND_LIMIT;
        let mut push = |text: &str| match open.text.len() + text.len() <= WORD_LIMIT && !is_full {
            true => {
                self.total += 1 + text.len();
                open.text.push_str(text);
            }
            false => (open.inexact, self.cut) = (true, true),
        };
        match piece {
            Piece::Text(text) => push(text),
            Piece::Unknown(name) => {
                push(&format!("${{{name}}}"));
                if !open.unresolved.iter().any(|seen| seen == name) {
                    open.unresolved.push((*name).to_owned());
                }
            }
        }
    }

    /// Puts an argument behind what is open.
    fn merge(&mut self, value: Argument) {
        let open = self.open.get_or_insert_default();
        match open.text.len() + value.text.len() <= WORD_LIMIT {
            true => open.text.push_str(&value.text),
            false => (open.inexact, self.cut) = (true, true),
        }
        open.unresolved.extend(value.unresolved);
        open.inexact |= value.inexact;
    }

    /// A value outside of quotes: each of its words is an argument, and none if it has none.
    fn split(&mut self, text: &str) {
        for (number, piece) in text.split([' ', '\t', '\n', '\r']).filter(|piece| !piece.is_empty()).enumerate() {
            if number > 0 {
                self.next();
            }
            self.append(&Piece::Text(piece));
        }
    }
}

impl Evaluator<'_> {
    /// The arguments that words come to.
    pub(super) fn arguments(&mut self, words: &[Word]) -> Vec<Argument> {
        let mut growing = Growing::default();
        for word in words {
            growing.next();
            let before = growing.total;
            self.word(word, &mut growing);
            if growing.cut {
                self.leave_out_at(word.line, "the command grows longer than isctpl reads; the rest of it was not read");
            }
            if !self.spend(cost(growing.total - before)) || growing.cut {
                break;
            }
        }
        growing.next();
        growing.arguments
    }

    fn word(&self, word: &Word, growing: &mut Growing) {
        for part in &word.parts {
            // What does not fit is not looked up for nothing.
            if growing.cut {
                break;
            }
            match part {
                Part::Text(text) => growing.append(&Piece::Text(text)),
                Part::Variable { name, quoted } => self.variable(name, *quoted, growing),
            }
        }
        if word.quoted {
            growing.open.get_or_insert_default();
        }
        if let Some(open) = &growing.open
            && !growing.cut
            && (word.pattern || self.holds_pattern(word))
        {
            let (inexact, work) = self.may_match(open);
            growing.total += work;
            growing.open.iter_mut().for_each(|open| open.inexact |= inexact);
        }
    }

    /// Whether a pattern comes into a word by a variable outside of quotes.
    fn holds_pattern(&self, word: &Word) -> bool {
        word.parts.iter().any(|part| match part {
            Part::Variable { name, quoted: false } => {
                self.variables.text(name).is_some_and(|text| text.contains(pattern::MARKS))
            }
            _ => false,
        })
    }

    /// Whether names of files may take an argument's place, and how much was looked at: they do where the module "regexp"
    /// is there and something matches, in the order of the directory; otherwise it stays as it is
    /// (`grub-core/commands/wildcard.c`).
    fn may_match(&self, argument: &Argument) -> (bool, usize) {
        if !argument.text.starts_with(['/', '(', '*']) {
            return (false, 0);
        }
        let Some(text) = argument.known() else { return (true, 0) };
        let Some((directory, pattern)) = pattern::first(text) else { return (true, 0) };
        match self.world.names(&self.on_root(directory)) {
            Some(names) => (names.iter().any(|name| pattern::may_take(pattern, name)), names.len()),
            None => (true, 0),
        }
    }

    /// Puts a variable's value in: it is made by itself first, so that an end without text begins no argument
    /// (`grub_script_env_get`).
    fn variable(&self, name: &str, quoted: bool, growing: &mut Growing) {
        let mut values = Growing { total: growing.total, ..Growing::default() };
        self.values(name, quoted, &mut values);
        growing.cut |= values.cut;
        growing.total = values.total;
        let mut values = values.arguments.into_iter().chain(values.open).peekable();
        while let Some(value) = values.next() {
            growing.merge(value);
            if values.peek().is_some() {
                growing.next();
            }
        }
    }

    fn values(&self, name: &str, quoted: bool, growing: &mut Growing) {
        let put = |growing: &mut Growing, argument: &Argument| match argument.known() {
            Some(text) if quoted => growing.append(&Piece::Text(text)),
            Some(text) => growing.split(text),
            None => {
                growing.append(&Piece::Text(&argument.text));
                let open = growing.open.get_or_insert_default();
                open.unresolved.extend(argument.unresolved.iter().cloned());
                open.inexact |= argument.inexact;
            }
        };
        let scope = self.scope.as_deref().unwrap_or_default();
        match name {
            "#" if self.scope.is_none() => {}
            "#" => growing.append(&Piece::Text(&scope.len().to_string())),
            "*" | "@" => {
                for (number, argument) in scope.iter().enumerate() {
                    match number {
                        0 => {}
                        _ if name == "*" && quoted => growing.append(&Piece::Text(" ")),
                        _ => growing.next(),
                    }
                    put(growing, argument);
                }
            }
            "?" if !self.has_run => {}
            "?" => match self.status {
                Some(status) => growing.append(&Piece::Text(&status.to_string())),
                None => growing.append(&Piece::Unknown(name)),
            },
            number if number.starts_with(|c: char| c.is_ascii_digit()) => {
                let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                if let Some(argument) = place.and_then(|place| scope.get(place)) {
                    put(growing, argument);
                }
            }
            name => match self.variables.text(name) {
                Some("") => {}
                Some(text) => put(growing, &Argument::from(text)),
                None => growing.append(&Piece::Unknown(name)),
            },
        }
    }
}
