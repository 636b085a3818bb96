//! Cuts a shell script into words and operators, as far as finding commands needs it (POSIX.1-2024,
//! 2.3 Token Recognition): quotes, comments, here-documents, continuation lines, substitutions.

/// A piece of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Line, counted from 1.
    pub(super) line: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A word without its quotes; `quoted` when any part of it stood in double or single quotes.
    Word { text: String, quoted: bool },
    /// `(`, `$(` or a backquote that opens.
    Open,
    /// `)` or a backquote that closes.
    Close,
    /// `|`, also between the patterns of a `case`.
    Pipe,
    /// `;;` and its relatives.
    EndOfBranch,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// The end of a command: `;`, `&`, a newline.
    End,
    /// `<` and `>` with their relatives.
    Redirect,
}

/// What the lexer is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Double,
    Substitution,
    Backquote,
}

struct Lexer<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    line: u32,
    tokens: Vec<Token>,
    word: String,
    in_word: bool,
    quoted: bool,
    word_line: u32,
    inside: Vec<Inside>,
    /// Delimiters of here-documents that begin behind this line, and whether tabs are stripped.
    documents: Vec<(String, bool)>,
}

/// The deepest nesting that is followed.
const DEPTH: usize = 64;

pub(super) fn tokens(script: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: script.chars().peekable(),
        line: 1,
        tokens: Vec::new(),
        word: String::new(),
        in_word: false,
        quoted: false,
        word_line: 1,
        inside: Vec::new(),
        documents: Vec::new(),
    };
    while let Some(next) = lexer.next() {
        lexer.take(next);
    }
    lexer.end_word();
    lexer.tokens
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        if next == Some('\n') {
            self.line += 1;
        }
        next
    }

    fn next_if(&mut self, wanted: char) -> bool {
        if self.rest.peek() == Some(&wanted) {
            self.next();
            return true;
        }
        false
    }

    fn push(&mut self, kind: TokenKind) {
        self.end_word();
        self.tokens.push(Token { kind, line: self.line });
    }

    fn add(&mut self, part: char) {
        if !self.in_word {
            self.in_word = true;
            self.word_line = self.line;
        }
        self.word.push(part);
    }

    fn begin_quoted(&mut self) {
        if !self.in_word {
            self.in_word = true;
            self.word_line = self.line;
        }
        self.quoted = true;
    }

    fn end_word(&mut self) {
        if self.in_word {
            let kind = TokenKind::Word { text: std::mem::take(&mut self.word), quoted: self.quoted };
            self.tokens.push(Token { kind, line: self.word_line });
        }
        self.in_word = false;
        self.quoted = false;
    }

    fn take(&mut self, next: char) {
        let double = self.inside.last() == Some(&Inside::Double);
        match next {
            '\\' => match self.next() {
                Some('\n') | None => {}
                Some(escaped) => {
                    self.begin_escape(double, escaped);
                    self.add(escaped);
                }
            },
            '"' if double => {
                self.inside.pop();
            }
            '"' => {
                self.begin_quoted();
                self.enter(Inside::Double);
            }
            '$' => self.dollar(),
            '`' => self.backquote(),
            other if double => self.add(other),
            '\'' => self.single_quotes(),
            '#' if !self.in_word => self.comment(),
            '\n' => {
                self.push(TokenKind::End);
                self.skip_documents();
            }
            ' ' | '\t' | '\r' => self.end_word(),
            '(' => {
                self.push(TokenKind::Open);
                self.enter(Inside::Substitution);
            }
            ')' => {
                self.push(TokenKind::Close);
                if self.inside.last() == Some(&Inside::Substitution) {
                    self.inside.pop();
                    // What stood in double quotes around a substitution goes on as one word.
                    if self.inside.last() == Some(&Inside::Double) {
                        self.begin_quoted();
                    }
                }
            }
            ';' if self.next_if(';') => {
                self.next_if('&');
                self.push(TokenKind::EndOfBranch);
            }
            ';' => self.push(TokenKind::End),
            '&' if self.next_if('&') => self.push(TokenKind::And),
            '&' => self.push(TokenKind::End),
            '|' if self.next_if('|') => self.push(TokenKind::Or),
            '|' => {
                self.next_if('&');
                self.push(TokenKind::Pipe);
            }
            '<' if self.next_if('<') => self.here(),
            '<' | '>' => self.redirect(),
            other => self.add(other),
        }
    }

    fn begin_escape(&mut self, double: bool, escaped: char) {
        // Inside double quotes a backslash stands for itself before most characters.
        if double && !matches!(escaped, '$' | '`' | '"' | '\\') {
            self.add('\\');
        }
    }

    fn enter(&mut self, inside: Inside) {
        if self.inside.len() < DEPTH {
            self.inside.push(inside);
        }
    }

    fn dollar(&mut self) {
        if self.next_if('(') {
            self.push(TokenKind::Open);
            self.enter(Inside::Substitution);
            return;
        }
        self.add('$');
        if self.next_if('{') {
            self.add('{');
            self.braces();
        } else if let Some(&special @ ('#' | '@' | '*' | '?' | '$' | '!')) = self.rest.peek() {
            self.next();
            self.add(special);
        }
    }

    /// The rest of `${…}`, as it stands; quotes and further braces inside it belong to it.
    fn braces(&mut self) {
        let mut depth = 1;
        while let Some(next) = self.next() {
            match next {
                '{' => depth += 1,
                '}' => depth -= 1,
                // A brace that is not closed on its line is none that can be followed.
                '\n' => {
                    self.end_word();
                    return;
                }
                _ => {}
            }
            self.add(next);
            if depth == 0 {
                return;
            }
        }
    }

    fn backquote(&mut self) {
        if self.inside.last() == Some(&Inside::Backquote) {
            self.push(TokenKind::Close);
            self.inside.pop();
            if self.inside.last() == Some(&Inside::Double) {
                self.begin_quoted();
            }
        } else {
            self.push(TokenKind::Open);
            self.enter(Inside::Backquote);
        }
    }

    fn single_quotes(&mut self) {
        self.begin_quoted();
        while let Some(next) = self.next() {
            if next == '\'' {
                return;
            }
            self.add(next);
        }
    }

    fn comment(&mut self) {
        while self.rest.peek().is_some_and(|&next| next != '\n') {
            self.next();
        }
    }

    fn redirect(&mut self) {
        // The number of a file descriptor belongs to it.
        if self.in_word && self.word.chars().all(|digit| digit.is_ascii_digit()) {
            self.word.clear();
            self.in_word = false;
        }
        while self.rest.peek().is_some_and(|next| matches!(next, '<' | '>' | '&' | '|')) {
            self.next();
        }
        self.push(TokenKind::Redirect);
    }

    /// Behind `<<`.
    fn here(&mut self) {
        if self.next_if('<') {
            self.push(TokenKind::Redirect);
            return;
        }
        let tabs = self.next_if('-');
        self.push(TokenKind::Redirect);
        while self.rest.peek().is_some_and(|next| matches!(next, ' ' | '\t')) {
            self.next();
        }
        let mut delimiter = String::new();
        while let Some(&next) = self.rest.peek() {
            match next {
                '\'' | '"' | '\\' => {}
                next if next.is_whitespace() || matches!(next, ';' | '&' | '|' | '<' | '>' | '(' | ')') => break,
                next => delimiter.push(next),
            }
            self.next();
        }
        if !delimiter.is_empty() {
            self.documents.push((delimiter, tabs));
        }
    }

    fn skip_documents(&mut self) {
        for (delimiter, tabs) in std::mem::take(&mut self.documents) {
            loop {
                let mut line = String::new();
                let ended = loop {
                    match self.next() {
                        None => break true,
                        Some('\n') => break false,
                        Some(next) => line.push(next),
                    }
                };
                let line = if tabs { line.trim_start_matches('\t') } else { &line };
                if ended || line == delimiter {
                    break;
                }
            }
        }
    }
}
