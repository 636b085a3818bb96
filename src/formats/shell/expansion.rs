//! What a shell puts in place of `$…` and backquotes.

use super::Variables;
use super::word::{Reader, Word, append, name_at_start, note};

/// How deep `${A:-${B:-…}}` is followed.
const NESTING_LIMIT: u32 = 8;

impl Reader<'_> {
    /// `$NAME`, `${NAME…}`, `$(…)` or a command in backquotes.
    pub(super) fn expansion(&mut self, word: &mut Word, variables: &Variables) {
        if self.take("`") {
            self.skip_to_backquote();
            note(word, "it contains the output of a command");
            return;
        }
        self.bump();
        match self.peek() {
            Some('(') => {
                self.skip_balanced('(', ')');
                note(word, "it contains the output of a command");
            }
            Some('{') => {
                let start = self.at + 1;
                self.skip_balanced('{', '}');
                let inner = self.text.get(start..self.at.saturating_sub(1)).unwrap_or_default();
                self.braced(inner, word, variables);
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = name_at_start(self.rest());
                self.at += name.len();
                append(word, variables.get(name).map(String::as_str).unwrap_or_default());
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.bump();
                note(word, "it depends on how the shell was started");
            }
            _ => word.text.push('$'),
        }
    }

    fn braced(&mut self, inner: &str, word: &mut Word, variables: &Variables) {
        let name = name_at_start(inner);
        let operation = inner.get(name.len()..).unwrap_or_default();
        let value = variables.get(name).map(String::as_str);
        let (operator, default) = match operation.strip_prefix(':') {
            Some(rest) => (rest.chars().next(), rest),
            None => (operation.chars().next(), operation),
        };
        // With a colon an empty value counts as unset.
        let counts = value.filter(|value| !operation.starts_with(':') || !value.is_empty());
        let default = default.get(1..).unwrap_or_default();
        match (operator, counts) {
            _ if name.is_empty() => note(word, "it contains an expansion that isctpl does not support"),
            (None, _) => append(word, value.unwrap_or_default()),
            (Some('-' | '='), Some(value)) => append(word, value),
            (Some('-' | '='), None) | (Some('+'), Some(_)) => self.default_text(default, word, variables),
            (Some('+'), None) => {}
            _ => note(word, "it contains an expansion that isctpl does not support"),
        }
    }

    fn default_text(&mut self, text: &str, word: &mut Word, variables: &Variables) {
        if self.nesting >= NESTING_LIMIT {
            return note(word, "its expansions are nested too deeply");
        }
        let mut reader = Reader::new(text);
        (reader.nesting, reader.line) = (self.nesting + 1, self.line);
        let mut inner = Word::default();
        while reader.peek().is_some() {
            let part = reader.word(variables);
            append(&mut inner, &part.text);
            if let Some(unclear) = part.unclear {
                note(&mut inner, &unclear);
            }
            if let Some(c) = reader.bump() {
                inner.text.push(c);
            }
        }
        append(word, &inner.text);
        if let Some(unclear) = inner.unclear {
            note(word, &unclear);
        }
    }

    pub(super) fn skip_array(&mut self, word: &mut Word) {
        self.skip_balanced('(', ')');
        note(word, "it is a list");
    }

    fn skip_to_backquote(&mut self) {
        while let Some(c) = self.bump() {
            match c {
                '\\' => {
                    self.bump();
                }
                '`' => return,
                _ => {}
            }
        }
    }

    /// Passes over a pair of brackets and all between, the cursor standing on the opening one.
    fn skip_balanced(&mut self, open: char, close: char) {
        let start = self.line;
        let mut depth = 0_u32;
        let mut quote = None;
        while let Some(c) = self.bump() {
            match (quote, c) {
                (Some('\''), '\'') => quote = None,
                (Some('\''), _) => {}
                (_, '\\') => {
                    self.bump();
                }
                (Some('"'), '"') => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, c) if c == open => depth = depth.saturating_add(1),
                (None, c) if c == close => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
        self.problems.push((start, format!("a bracket ({open}) is not closed")));
    }
}
