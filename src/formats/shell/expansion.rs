//! What a shell puts in place of `$…` in the value of an assignment. Nothing is run.

use super::lexer::name_at_start;
use super::variables::{Value, Variables};
use super::words::{Parts, Piece, Quote};
use isctpl_checks::facts::Location;

/// How deep `${A:-${B:-…}}` is followed.
const NESTING_LIMIT: u32 = 8;

/// Expands values, one after the other.
pub(super) struct Expander<'v> {
    variables: &'v mut Variables,
    at: &'v Location,
    /// What `${NAME:=…}` has set.
    pub(super) sets: Vec<(String, Value)>,
    /// What a shell stops at, or may stop at.
    pub(super) problem: Option<&'static str>,
    depth: u32,
}

impl<'v> Expander<'v> {
    /// For a word that stands at a place.
    pub(super) fn new(variables: &'v mut Variables, at: &'v Location) -> Self {
        Self { variables, at, sets: Vec::new(), problem: None, depth: 0 }
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
            None if !filled => value.append(&self.variables.value(name)),
            Some('-' | '=' | '+' | '?') if self.variables.value(name).unclear.is_some() => {
                value.note("it depends on a variable that is not known");
                if operator == Some('=') {
                    self.variables.doubt(name, "it may have been set before", self.at.clone());
                }
            }
            Some('-' | '=' | '?') if is_set => value.append(&self.variables.value(name)),
            Some('-') => self.default_text(default, quoted, value),
            Some('=') => {
                let mut set = Value::default();
                self.default_text(default, quoted, &mut set);
                set.cut();
                value.append(&set);
                self.variables.set(name, set.clone(), self.at.clone(), false);
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
        self.parts(Parts::in_braces(text, quoted, 1), value);
        self.depth -= 1;
    }
}
