//! Words and operators of shell text.

use super::Variables;

/// The most that one value may grow to; text that doubles a variable again and again ends here.
const VALUE_LIMIT: usize = 64 * 1024;

/// One word, expanded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// The word, or the value when it is an assignment.
    pub(super) text: String,
    /// The variable that it assigns to, and whether by `+=`.
    pub(super) assigned: Option<(String, bool)>,
    /// Whether any of it stood in quotes, so that it is no reserved word.
    pub(super) quoted: bool,
    /// Why the text is not all that a shell would make of it.
    pub(super) unclear: Option<String>,
    /// Line that it begins on.
    pub(super) line: u32,
}

/// What ends a simple command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// Newline, `;`, `&`.
    Separator,
    /// `&&`, `||`, `|`: what follows may not happen, or not in this shell.
    Conditional,
    /// `(`.
    OpenParen,
    /// `)`.
    CloseParen,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    Op(Op),
    End,
}

/// Reads tokens from shell text.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) line: u32,
    /// Delimiters of here-documents that begin on the next line.
    documents: Vec<(String, bool)>,
    pub(super) problems: Vec<(u32, String)>,
    pub(super) nesting: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1, documents: Vec::new(), problems: Vec::new(), nesting: 0 }
    }

    /// The line that is read.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    pub(super) fn take_problems(&mut self) -> Vec<(u32, String)> {
        std::mem::take(&mut self.problems)
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(c)
    }

    pub(super) fn take(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            for _ in prefix.chars() {
                self.bump();
            }
        }
        found
    }

    /// The next token, variables expanded.
    pub(super) fn next_token(&mut self, variables: &Variables) -> Token {
        loop {
            while self.take("\\\n") || self.take("\\\r\n") || self.take(" ") || self.take("\t") || self.take("\r") {}
            match self.peek() {
                None => return Token::End,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.bump();
                    }
                }
                Some('\n') => {
                    self.bump();
                    self.skip_documents();
                    return Token::Op(Op::Separator);
                }
                Some('<' | '>') => self.redirection(variables),
                Some('(') => return self.op(Op::OpenParen),
                Some(')') => return self.op(Op::CloseParen),
                Some(';') => return self.op(Op::Separator),
                Some('&') => {
                    self.bump();
                    return Token::Op(if self.take("&") { Op::Conditional } else { Op::Separator });
                }
                Some('|') => {
                    self.bump();
                    self.take("|");
                    return Token::Op(Op::Conditional);
                }
                Some(_) => return Token::Word(self.word(variables)),
            }
        }
    }

    fn op(&mut self, op: Op) -> Token {
        self.bump();
        Token::Op(op)
    }

    /// Passes over `> file` and `<< END`, whose text follows on the next line.
    fn redirection(&mut self, variables: &Variables) {
        let document = self.take("<<");
        let strip_tabs = document && self.take("-");
        while matches!(self.peek(), Some('<' | '>' | '&' | '|')) {
            self.bump();
        }
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.bump();
        }
        if self.peek().is_some_and(|c| !is_word_end(c)) {
            let word = self.word(variables);
            if document {
                self.documents.push((word.text, strip_tabs));
            }
        }
    }

    fn skip_documents(&mut self) {
        for (delimiter, strip_tabs) in std::mem::take(&mut self.documents) {
            while self.peek().is_some() {
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at += line.len();
                self.bump();
                let compared = if strip_tabs { line.trim_start_matches('\t') } else { line };
                if compared == delimiter {
                    break;
                }
            }
        }
    }

    pub(super) fn word(&mut self, variables: &Variables) -> Word {
        let mut word = Word { line: self.line, ..Word::default() };
        // A name and `=` count only as long as nothing was quoted or expanded.
        let mut literal = true;
        while let Some(c) = self.peek() {
            match c {
                '=' if literal && word.assigned.is_none() => {
                    self.bump();
                    let (name, append) = match word.text.strip_suffix('+') {
                        Some(name) => (name, true),
                        None => (word.text.as_str(), false),
                    };
                    literal = false;
                    if is_name(name) {
                        word.assigned = Some((name.to_owned(), append));
                        word.text.clear();
                        if self.peek() == Some('(') {
                            self.skip_array(&mut word);
                        }
                    } else {
                        word.text.push('=');
                    }
                }
                '\'' => {
                    self.bump();
                    (literal, word.quoted) = (false, true);
                    self.single_quoted(&mut word);
                }
                '"' => {
                    self.bump();
                    (literal, word.quoted) = (false, true);
                    self.double_quoted(&mut word, variables);
                }
                '\\' => {
                    self.bump();
                    if !self.take("\n") && !self.take("\r\n") {
                        (literal, word.quoted) = (false, true);
                        if let Some(c) = self.bump() {
                            word.text.push(c);
                        }
                    }
                }
                '$' | '`' => {
                    literal = false;
                    self.expansion(&mut word, variables);
                }
                c if is_word_end(c) => break,
                c => {
                    self.bump();
                    word.text.push(c);
                }
            }
        }
        if word.text.len() > VALUE_LIMIT {
            self.problems.push((word.line, format!("a value exceeds {VALUE_LIMIT} bytes and was cut")));
            word.text = limited(std::mem::take(&mut word.text));
            note(&mut word, "it is too long");
        }
        word
    }

    fn single_quoted(&mut self, word: &mut Word) {
        match self.rest().find('\'') {
            Some(end) => {
                for _ in 0..self.rest().get(..end).unwrap_or_default().chars().count() {
                    if let Some(c) = self.bump() {
                        word.text.push(c);
                    }
                }
                self.bump();
            }
            None => self.unclosed(word, "'"),
        }
    }

    fn double_quoted(&mut self, word: &mut Word, variables: &Variables) {
        loop {
            match self.peek() {
                None => return self.unclosed(word, "\""),
                Some('"') => {
                    self.bump();
                    return;
                }
                Some('\\') => {
                    self.bump();
                    match self.peek() {
                        Some('\n') => {
                            self.bump();
                        }
                        Some(c @ ('$' | '`' | '"' | '\\')) => {
                            self.bump();
                            word.text.push(c);
                        }
                        _ => word.text.push('\\'),
                    }
                }
                Some('$' | '`') => self.expansion(word, variables),
                Some(c) => {
                    self.bump();
                    word.text.push(c);
                }
            }
        }
    }

    fn unclosed(&mut self, word: &mut Word, mark: &str) {
        self.problems.push((word.line, format!("a quote ({mark}) is not closed")));
        note(word, "its quote is not closed");
        self.at = self.text.len();
    }
}

/// A value no longer than the limit.
pub(super) fn limited(mut value: String) -> String {
    if value.len() > VALUE_LIMIT {
        let cut = (0..=VALUE_LIMIT).rev().find(|cut| value.is_char_boundary(*cut)).unwrap_or(0);
        value.truncate(cut);
    }
    value
}

pub(super) fn append(word: &mut Word, text: &str) {
    if word.text.len() <= VALUE_LIMIT {
        word.text.push_str(text);
    }
}

pub(super) fn note(word: &mut Word, why: &str) {
    word.unclear.get_or_insert_with(|| why.to_owned());
}

fn is_word_end(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

pub(super) fn name_at_start(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    if name.starts_with(|c: char| c.is_ascii_digit()) { "" } else { name }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name_at_start(name) == name
}
