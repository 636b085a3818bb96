//! What a shell puts in place of `$…` in the value of an assignment. Nothing is run.

use super::lexer::name_at_start;
use super::words::{Parts, Piece, Quote};
use std::collections::BTreeMap;

/// The most that one value may grow to; text that doubles a variable again and again ends here.
const VALUE_LIMIT: usize = 64 * 1024;

/// How deep `${A:-${B:-…}}` is followed.
const NESTING_LIMIT: u32 = 8;

/// Variables that a shell sets or finds set when it starts.
const OF_THE_SHELL: [&str; 27] = [
    "BASH", "BASHPID", "COLUMNS", "EUID", "GROUPS", "HOME", "HOSTNAME", "HOSTTYPE", "IFS", "LANG", "LINENO", "LINES",
    "LOGNAME", "MACHTYPE", "OLDPWD", "OPTIND", "OSTYPE", "PATH", "PPID", "PWD", "RANDOM", "SECONDS", "SHELL", "SHLVL",
    "TERM", "UID", "USER",
];

/// The value of a variable, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Value {
    /// The text; empty for a variable that is not set.
    pub text: String,
    /// Why the text is not all that a shell would make of it, or not for certain.
    pub unclear: Option<&'static str>,
}

impl Value {
    fn push(&mut self, text: &str) {
        if self.text.len() <= VALUE_LIMIT {
            self.text.push_str(text);
        }
    }

    pub(super) fn note(&mut self, why: &'static str) {
        self.unclear.get_or_insert(why);
    }

    /// Puts another value behind this one.
    pub(super) fn append(&mut self, other: &Self) {
        self.push(&other.text);
        self.unclear = self.unclear.or(other.unclear);
    }

    /// Cuts what is longer than the limit; whether that was so.
    pub(super) fn cut(&mut self) -> bool {
        let is_long = self.text.len() > VALUE_LIMIT;
        if is_long {
            let cut = (0..=VALUE_LIMIT).rev().find(|cut| self.text.is_char_boundary(*cut)).unwrap_or(0);
            self.text.truncate(cut);
            self.note("it is too long");
        }
        is_long
    }
}

/// Variables and their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, Value>);

impl Variables {
    /// Its value. What the file has not set is empty, but for what every shell has.
    pub fn value(&self, name: &str) -> Value {
        let known = self.0.get(name).cloned();
        known.unwrap_or_else(|| Value { text: String::new(), unclear: of_the_shell(name) })
    }

    fn append_to(&self, value: &mut Value, name: &str) {
        match self.0.get(name) {
            Some(known) => value.append(known),
            None => value.unclear = value.unclear.or(of_the_shell(name)),
        }
    }

    /// The value if it is set, to something if `filled`.
    fn is_set(&self, name: &str, filled: bool) -> bool {
        self.0.get(name).is_some_and(|known| !filled || !known.text.is_empty())
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// What it holds is no longer known for certain.
    pub(super) fn doubt(&mut self, name: &str, why: &'static str) {
        self.0.entry(name.to_owned()).or_default().note(why);
    }
}

fn of_the_shell(name: &str) -> Option<&'static str> {
    OF_THE_SHELL.contains(&name).then_some("it depends on how the shell was started")
}

/// Expands values, one after the other.
pub(super) struct Expander<'v> {
    pub(super) variables: &'v mut Variables,
    /// What `${NAME:=…}` has set.
    pub(super) sets: Vec<(String, Value)>,
    /// What a shell stops at, or may stop at.
    pub(super) problem: Option<&'static str>,
    depth: u32,
}

impl<'v> Expander<'v> {
    pub(super) fn new(variables: &'v mut Variables) -> Self {
        Self { variables, sets: Vec::new(), problem: None, depth: 0 }
    }

    /// The value of an assignment, from what stands behind its `=`.
    pub(super) fn value(&mut self, written: &str) -> Value {
        let mut value = Value::default();
        self.parts(Parts::of(written, 1), &mut value);
        value
    }

    fn parts(&mut self, parts: Parts<'_>, value: &mut Value) {
        // A `~` stands for a home directory at the beginning and behind a `:`.
        let mut at_path = true;
        for part in parts {
            let plain = part.quote == Quote::None;
            match part.piece {
                Piece::Text(text) => {
                    if plain && (at_path && text.starts_with('~') || text.contains(":~") || text.contains("=~")) {
                        value.note("it contains a home directory (~)");
                    }
                    at_path = plain && (text.ends_with([':', '=']) || text.is_empty() && at_path);
                    value.push(text);
                    continue;
                }
                Piece::Parameter(written) => self.parameter(written, part.quote == Quote::Double, value),
                Piece::Commands(_) => value.note("it contains the output of a command"),
                Piece::Arithmetic(text) => {
                    value.note("it contains a computed number");
                    if text.contains('=') || text.contains("++") || text.contains("--") {
                        self.problem = Some("computes a number, which may set a variable");
                    }
                }
                Piece::Dialect(text) => {
                    value.note("it contains a quote or computation that not every shell knows");
                    if text == "$" || text.contains("\\'") {
                        self.problem = Some("contains a word that ends at another place in other shells");
                    }
                }
            }
            at_path = false;
        }
    }

    /// `$NAME` or `${NAME…}`.
    fn parameter(&mut self, written: &str, quoted: bool, value: &mut Value) {
        if written.contains("\\\n") {
            return value.note("a name in it goes on in the next line");
        }
        let inner = written.strip_prefix('$').unwrap_or_default();
        let inner = inner.strip_prefix('{').map_or(inner, |braced| braced.strip_suffix('}').unwrap_or(braced));
        let name = name_at_start(inner);
        let operation = inner.get(name.len()..).unwrap_or_default();
        let (filled, operation) = match operation.strip_prefix(':') {
            Some(operation) => (true, operation),
            None => (false, operation),
        };
        let mut behind = operation.chars();
        let operator = behind.next();
        let default = behind.as_str();
        let is_set = self.variables.is_set(name, filled);
        match operator {
            _ if name.is_empty() => {
                value.note("it depends on how the shell was started");
                let length = inner.strip_prefix('#').is_some_and(|name| name_at_start(name) == name);
                if written.starts_with("${") && inner.len() != 1 && !length {
                    self.refused(value);
                }
            }
            None if !filled => self.variables.append_to(value, name),
            Some('-' | '=' | '+' | '?') if self.variables.value(name).unclear.is_some() => {
                value.note("it depends on a variable that is not known");
                if operator == Some('=') {
                    self.variables.doubt(name, "it may have been set before");
                }
            }
            Some('-' | '=' | '?') if is_set => self.variables.append_to(value, name),
            Some('-') => self.default_text(default, quoted, value),
            Some('=') => {
                let mut set = Value::default();
                self.default_text(default, quoted, &mut set);
                set.cut();
                value.append(&set);
                self.variables.set(name, set.clone());
                self.sets.push((name.to_owned(), set));
            }
            Some('+') if is_set => self.default_text(default, quoted, value),
            Some('+') => {}
            Some('%' | '#') if !filled => value.note("it contains an expansion that isctpl does not support"),
            _ => self.refused(value),
        }
    }

    /// An expansion that ends a shell, or that only some shells know.
    fn refused(&mut self, value: &mut Value) {
        value.note("it contains an expansion that isctpl does not support");
        self.problem = Some("contains an expansion at which a shell may stop");
    }

    fn default_text(&mut self, text: &str, quoted: bool, value: &mut Value) {
        if self.depth >= NESTING_LIMIT {
            return value.note("its expansions are nested too deeply");
        }
        if quoted && text.contains(['"', '\'']) {
            return value.note("it contains quotes within quotes, which not every shell reads alike");
        }
        self.depth += 1;
        self.parts(Parts::in_braces(text, quoted), value);
        self.depth -= 1;
    }
}
