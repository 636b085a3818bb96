//! Words and marks of GRUB's script language (`grub-core/script/yylex.l`).

use super::pattern;

/// How many words and line ends are read; real files have a few thousand.
const TOKEN_LIMIT: u32 = 200_000;

/// The words with a meaning of their own where they stand alone and unquoted.
const RESERVED: [&str; 15] = [
    "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "select", "then", "until", "while",
    "function",
];

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
    /// Whether an unquoted `*` or `?` stands in it, so that it may stand for names of files.
    pub(super) pattern: bool,
    /// Whether a quote or a backslash stands in it: it is no name and no reserved word.
    escaped: bool,
    pub(super) line: u32,
}

impl Word {
    /// The text, when nothing in it is quoted or variable.
    fn bare(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] if !self.escaped => Some(text),
            _ => None,
        }
    }

    /// The reserved word that it is.
    pub(super) fn reserved(&self) -> Option<&'static str> {
        let bare = self.bare()?;
        RESERVED.into_iter().find(|word| *word == bare)
    }

    /// The name that it is: what a function and the variable of a loop are called.
    pub(super) fn name(&self) -> Option<&str> {
        let bare = self.bare()?;
        let is_name = bare.chars().all(is_name_char) && !bare.starts_with(|c: char| c.is_ascii_digit());
        Some(bare).filter(|_| is_name && self.reserved().is_none())
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

    fn push(&mut self, c: char) {
        if let Some(Part::Text(text)) = self.parts.last_mut() {
            text.push(c);
        } else {
            self.parts.push(Part::Text(c.to_string()));
        }
    }
}

/// What text is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    Newline,
    Semicolon,
    Open,
    Close,
    /// A mark for which the grammar has no place (`&&`, `||`, `|`, `&`, `;;`, `<`, `>`, `[[`, `]]`), and what is no
    /// token at all, such as a `$` without a name.
    Misplaced(String),
    /// The end.
    End,
    /// The end, within a quote or behind a backslash.
    Cut,
}

/// Reads tokens from text.
#[derive(Clone)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: u32,
    /// Where the last token begins.
    token_line: u32,
    tokens: u32,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut lexer = Self { text, at: 0, line: 1, token_line: 1, tokens: 0 };
        lexer.skip_comment_lines();
        lexer
    }

    /// The line in which the last token begins.
    pub(super) fn token_line(&self) -> u32 {
        self.token_line
    }

    /// Whether there was more than is read.
    pub(super) fn is_over_limit(&self) -> bool {
        self.tokens > TOKEN_LIMIT
    }

    pub(super) fn skip_to_end(&mut self) {
        self.at = self.text.len();
    }

    /// Goes on with the next line.
    pub(super) fn skip_line(&mut self) {
        while self.bump().is_some_and(|c| c != '\n') {}
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
            self.skip_comment_lines();
        }
        Some(c)
    }

    /// Passes over lines that begin with `#`, within quotes as well: whoever reads the file never hands them to the
    /// lexer (`read_config_file_getline` in `grub-core/normal/main.c`).
    fn skip_comment_lines(&mut self) {
        while self.rest().starts_with('#') {
            let length = self.rest().find('\n').map_or(self.rest().len(), |end| end + 1);
            self.at += length;
            self.line = self.line.saturating_add(1);
        }
    }

    /// The next token.
    pub(super) fn token(&mut self) -> Token {
        self.tokens = self.tokens.saturating_add(1);
        if self.tokens > TOKEN_LIMIT {
            return Token::End;
        }
        loop {
            self.token_line = self.line;
            match self.peek() {
                None => return Token::End,
                Some(' ' | '\t') => {
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
                Some(c @ ('\n' | ';' | '{' | '}' | '&' | '|' | '<' | '>')) => return self.mark(c),
                Some(_) => return self.word(),
            }
        }
    }

    fn mark(&mut self, c: char) -> Token {
        for double in ["&&", "||", ";;"] {
            if self.rest().starts_with(double) {
                self.at += double.len();
                return Token::Misplaced(double.to_owned());
            }
        }
        self.bump();
        match c {
            '\n' => Token::Newline,
            ';' => Token::Semicolon,
            '{' => Token::Open,
            '}' => Token::Close,
            c => Token::Misplaced(c.to_string()),
        }
    }

    fn word(&mut self) -> Token {
        let mut word = Word { line: self.line, ..Word::default() };
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '{' | '}' => break,
                '\'' => {
                    self.bump();
                    (word.quoted, word.escaped) = (true, true);
                    loop {
                        match self.bump() {
                            None => return Token::Cut,
                            Some('\'') => break,
                            Some(c) => word.push(c),
                        }
                    }
                }
                '"' => {
                    self.bump();
                    if let Err(token) = self.double_quoted(&mut word) {
                        return token;
                    }
                }
                '\\' => {
                    self.bump();
                    word.escaped = true;
                    match self.bump() {
                        None => return Token::Cut,
                        Some('\n') => {}
                        Some(c) => word.push(c),
                    }
                }
                // A text to be translated; untranslated it is the same as in double quotes.
                '$' if self.rest().starts_with("$\"") => {
                    self.bump();
                }
                '$' => {
                    if let Err(token) = self.variable(&mut word, false) {
                        return token;
                    }
                }
                c => {
                    self.bump();
                    word.pattern |= pattern::MARKS.contains(&c);
                    word.push(c);
                }
            }
        }
        match word.bare() {
            Some(mark @ ("[[" | "]]")) => Token::Misplaced(mark.to_owned()),
            _ => Token::Word(word),
        }
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Token> {
        (word.quoted, word.escaped) = (true, true);
        loop {
            match self.peek() {
                None => return Err(Token::Cut),
                Some('$') => self.variable(word, true)?,
                Some('"') => {
                    self.bump();
                    return Ok(());
                }
                Some('\\') => {
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
                }
                Some(c) => {
                    self.bump();
                    word.push(c);
                }
            }
        }
    }

    /// `$NAME`, `${NAME}`, `$1`, `$#` and their like; a `$` before anything else is no token.
    fn variable(&mut self, word: &mut Word, quoted: bool) -> Result<(), Token> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let (inner, braces) = match rest.strip_prefix('{') {
            Some(inner) => (inner, 2),
            None => (rest, 0),
        };
        let name = variable_name(inner);
        let closed = braces == 0 || inner.get(name.len()..).is_some_and(|after| after.starts_with('}'));
        if name.is_empty() || !closed {
            let shown: String = self.rest().chars().take(2).collect();
            self.bump();
            return Err(Token::Misplaced(shown));
        }
        self.at += 1 + braces + name.len();
        // As much to keep as a word; and behind the limit nothing more is kept.
        self.tokens = self.tokens.saturating_add(1);
        if self.tokens <= TOKEN_LIMIT {
            word.parts.push(Part::Variable { name: name.to_owned(), quoted });
        }
        Ok(())
    }
}

/// The name of a variable that a text begins with: letters, digits alone, or one of `?`, `#`, `*`, `@`.
fn variable_name(text: &str) -> &str {
    let length = match text.chars().next() {
        Some(c) if c.is_ascii_digit() => text.find(|c: char| !c.is_ascii_digit()),
        Some('?' | '#' | '*' | '@') => Some(1),
        _ => text.find(|c: char| !is_name_char(c)),
    };
    text.get(..length.unwrap_or(text.len())).unwrap_or_default()
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
