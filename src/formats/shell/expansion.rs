//! What a shell puts in place of `$…` in the value of an assignment. Nothing is run.

use super::lexer::name_at_start;
use super::number;
use super::pattern::{self, Cut, Step};
use super::variables::{Value, Variables};
use super::words::{Parts, Piece, Quote};
use isctpl_checks::facts::Location;

/// How deep `${A:-${B:-…}}` is followed.
const NESTING_LIMIT: u32 = 8;

/// Why a value is unclear in which there is what is not expanded here.
const UNSUPPORTED: &str = "it contains an expansion that isctpl does not support";

/// Why a value is unclear that is made of another one.
const UNKNOWN: &str = "it depends on a variable that is not known";

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
                Piece::Arithmetic(text) => self.computed(text, value),
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
        if !matches!(operator, Some('-' | '=' | '+')) || name.is_empty() {
            self.wanted(inner.strip_prefix('#').filter(|_| written.starts_with("${")).unwrap_or(name));
        }
        match operator {
            _ if name.is_empty() => {
                let length = inner.strip_prefix('#').filter(|name| name_at_start(name) == *name && !name.is_empty());
                match length.filter(|_| written.starts_with("${")) {
                    Some(name) => self.length(name, value),
                    None => {
                        value.note("it depends on how the shell was started");
                        if written.starts_with("${") && inner.len() != 1 {
                            self.refused(value);
                        }
                    }
                }
            }
            None if !filled => value.append(&self.variables.value(name)),
            Some('-' | '=' | '+' | '?') if self.variables.value(name).unclear.is_some() => {
                value.note(UNKNOWN);
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
            Some(end @ ('%' | '#')) if !filled => self.without(name, end == '#', default, value),
            _ => self.refused(value),
        }
    }

    /// A variable is expanded: after `set -u` it has to be set.
    fn wanted(&mut self, name: &str) {
        if self.variables.options.wants_set
            && (!self.variables.is_set(name, false) || self.variables.value(name).unclear.is_some())
        {
            self.problem = Some("expands what may not be set, at which a shell stops after `set -u`");
        }
    }

    /// `${#NAME}`.
    fn length(&mut self, name: &str, value: &mut Value) {
        let of = self.variables.value(name);
        match of.unclear {
            None if of.text.is_ascii() => value.push(&of.text.len().to_string()),
            None => value.note("it contains a length that not every shell counts alike"),
            Some(_) => value.note(UNKNOWN),
        }
    }

    /// `${NAME#PATTERN}` and its kin.
    fn without(&mut self, name: &str, front: bool, behind: &str, value: &mut Value) {
        let of = self.variables.value(name);
        let twice = behind.strip_prefix(if front { '#' } else { '%' });
        let cut = Cut { front, longest: twice.is_some() };
        if of.unclear.is_some() {
            return value.note(UNKNOWN);
        }
        match self
            .pattern(twice.unwrap_or(behind))
            .and_then(|steps| pattern::cut(&of.text, &steps, cut).map(str::to_owned))
        {
            Some(left) => value.push(&left),
            None => value.note(UNSUPPORTED),
        }
    }

    /// A pattern that all shells read alike.
    fn pattern(&mut self, text: &str) -> Option<Vec<Step>> {
        let depth = self.depth.checked_add(1).filter(|depth| *depth < NESTING_LIMIT)?;
        let mut steps = Vec::new();
        for part in Parts::in_braces(text, false, 1) {
            let plain = part.quote == Quote::None;
            let step = |c| match c {
                '*' if plain => Some(Step::Any),
                '?' if plain => Some(Step::One),
                '[' | '~' | '\\' if plain => None,
                other => Some(Step::Plain(other)),
            };
            match part.piece {
                Piece::Text(text) => steps.extend(text.chars().map(step).collect::<Option<Vec<_>>>()?),
                Piece::Parameter(written) => {
                    let mut value = Value::default();
                    let around = std::mem::replace(&mut self.depth, depth);
                    self.parameter(written, !plain, &mut value);
                    self.depth = around;
                    if value.unclear.is_some() || plain && value.text.contains(['*', '?', '[', '\\', '~']) {
                        return None;
                    }
                    steps.extend(value.text.chars().map(Step::Plain));
                }
                Piece::Commands(_) | Piece::Arithmetic(_) | Piece::Dialect(_) => return None,
            }
        }
        Some(steps)
    }

    /// `$((…))`.
    fn computed(&mut self, written: &str, value: &mut Value) {
        let inner = written.strip_prefix("$((").and_then(|text| text.strip_suffix("))")).unwrap_or_default();
        let sets = inner.contains('=') || inner.contains("++") || inner.contains("--");
        let depth = self.depth + 1;
        if sets || depth >= NESTING_LIMIT {
            value.note("it contains a computed number");
            if sets {
                self.problem = Some("computes a number, which may set a variable");
            }
            return;
        }
        let mut text = Value::default();
        let around = std::mem::replace(&mut self.depth, depth);
        self.parts(Parts::in_braces(inner, true, 1), &mut text);
        self.depth = around;
        if self.variables.options.wants_set {
            return self.refused(value);
        }
        let variable = |name: &str| {
            let value = self.variables.value(name);
            number::number(&value.text).filter(|_| value.unclear.is_none())
        };
        match number::compute(&text.text, &variable).filter(|_| text.unclear.is_none()) {
            Some(number) => value.push(&number.to_string()),
            None => {
                value.note("it contains a computed number");
                // At what is no number a shell stops.
                self.problem = Some("computes what may be no number, at which a shell stops");
            }
        }
    }

    /// An expansion that ends a shell, or that only some shells know.
    fn refused(&mut self, value: &mut Value) {
        value.note(UNSUPPORTED);
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
