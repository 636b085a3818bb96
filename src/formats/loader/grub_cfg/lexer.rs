//! Words and marks of GRUB's script language (`grub-core/script/yylex.l`).

/// How many words and line ends are read; real files have a few thousand.
const TOKEN_LIMIT: u32 = 200_000;

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it stands.
    Text(String),
    /// A variable; its value is split at white space unless it stands in quotes.
    Variable { name: String, quoted: bool },
}

/// A word of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    /// Whether quotes stand in it, so that it counts even when it is empty.
    pub(super) quoted: bool,
    pub(super) line: u32,
}

impl Word {
    /// The text, when nothing in it is quoted or variable.
    pub(super) fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] if !self.quoted => Some(text),
            _ => None,
        }
    }

    /// The word as it might be written, variables by name.
    pub(super) fn source(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable { name, .. } => format!("${{{name}}}"),
            })
            .collect()
    }

    /// Whether it is an assignment, `NAME=…`.
    pub(super) fn is_assignment(&self) -> bool {
        let Some(Part::Text(text)) = self.parts.first() else { return false };
        text.split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    }

    fn push(&mut self, c: char) {
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.push(c);
        } else {
            self.parts.push(Part::Text(c.to_string()));
        }
    }
}

/// What text is made of.
pub(super) enum Token {
    Word(Word),
    Separator,
    Open,
    Close,
    End,
}

/// Reads tokens from text.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    tokens: u32,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1, tokens: 0 }
    }

    /// The line that is read.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// Whether there was more than is read.
    pub(super) fn is_over_limit(&self) -> bool {
        self.tokens > TOKEN_LIMIT
    }

    pub(super) fn skip_to_end(&mut self) {
        self.at = self.text.len();
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        if c == '\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(c)
    }

    /// The next token.
    pub(super) fn token(&mut self) -> Token {
        self.tokens = self.tokens.saturating_add(1);
        if self.tokens > TOKEN_LIMIT {
            return Token::End;
        }
        loop {
            match self.peek() {
                None => return Token::End,
                Some(' ' | '\t' | '\r') => {
                    self.bump();
                }
                Some('\\') if self.rest().starts_with("\\\n") => {
                    self.bump();
                    self.bump();
                }
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.bump();
                    }
                }
                Some('\n' | ';' | '&' | '|' | '<' | '>') => {
                    self.bump();
                    return Token::Separator;
                }
                Some('{') => {
                    self.bump();
                    return Token::Open;
                }
                Some('}') => {
                    self.bump();
                    return Token::Close;
                }
                Some(_) => return Token::Word(self.word()),
            }
        }
    }

    fn word(&mut self) -> Word {
        let mut word = Word { line: self.line, ..Word::default() };
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '{' | '}' => break,
                '\'' => {
                    self.bump();
                    word.quoted = true;
                    while let Some(c) = self.bump().filter(|c| *c != '\'') {
                        word.push(c);
                    }
                }
                '"' => {
                    self.bump();
                    word.quoted = true;
                    self.double_quoted(&mut word);
                }
                '\\' => {
                    self.bump();
                    match self.bump() {
                        Some('\n') | None => {}
                        Some(c) => {
                            word.quoted = true;
                            word.push(c);
                        }
                    }
                }
                '$' => self.variable(&mut word, false),
                c => {
                    self.bump();
                    word.push(c);
                }
            }
        }
        word
    }

    fn double_quoted(&mut self, word: &mut Word) {
        while let Some(c) = self.peek() {
            match c {
                '$' => {
                    self.variable(word, true);
                    continue;
                }
                '"' => {
                    self.bump();
                    return;
                }
                '\\' => {
                    self.bump();
                    match self.peek() {
                        Some('\n') => {
                            self.bump();
                        }
                        Some(c @ ('"' | '$' | '\\')) => {
                            self.bump();
                            word.push(c);
                        }
                        _ => word.push('\\'),
                    }
                    continue;
                }
                c => word.push(c),
            }
            self.bump();
        }
    }

    fn variable(&mut self, word: &mut Word, quoted: bool) {
        self.bump();
        let rest = self.rest();
        let (name, length) = match rest.strip_prefix('{') {
            Some(inner) => {
                let end = inner.find(|c: char| !is_variable_char(c)).unwrap_or(inner.len());
                match inner.split_at_checked(end) {
                    Some((name, after)) if after.starts_with('}') => (name, end + 2),
                    _ => ("", 0),
                }
            }
            None => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                // `$1`, `$?` and their like are one character long.
                let end = match rest.chars().next() {
                    Some(c) if c.is_ascii_digit() || matches!(c, '?' | '@' | '*' | '#') => 1,
                    _ => end,
                };
                (rest.get(..end).unwrap_or_default(), end)
            }
        };
        if name.is_empty() {
            word.push('$');
            return;
        }
        for _ in rest.get(..length).unwrap_or_default().chars() {
            self.bump();
        }
        // As much to keep as a word; and behind the limit nothing more is kept.
        self.tokens = self.tokens.saturating_add(1);
        if self.tokens <= TOKEN_LIMIT {
            word.parts.push(Part::Variable { name: name.to_owned(), quoted });
        }
    }
}

fn is_variable_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '?' | '@' | '*' | '#' | '-' | '.' | ':')
}
