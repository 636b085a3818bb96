//! What the lexer passes over within a word: quotes, expansions, substitutions, numbers.

use super::lexer::{DEPTH, Lexeme, Lexer, Op, TOO_DEEP, is_name_start, opens_command};

impl Lexer<'_> {
    /// Passes over the next character of a word, `c`, with all that it quotes or stands for.
    pub(super) fn skip_part(&mut self, c: char) {
        match c {
            '\\' => self.skip_escape(),
            '\'' => self.skip_single_quotes(),
            '"' => self.skip_double_quotes(),
            '$' => self.skip_dollar(false),
            '`' => self.skip_backquotes(),
            _ => _ = self.bump(),
        }
    }

    pub(super) fn skip_escape(&mut self) {
        self.bump();
        if self.bump().is_none() {
            self.break_off(self.line, "the text ends in a backslash");
        }
    }

    pub(super) fn skip_single_quotes(&mut self) {
        let line = self.line;
        self.bump();
        self.skip_while(|c| c != '\'');
        if self.bump().is_none() {
            self.break_off(line, "a quote (') is not closed");
        }
    }

    pub(super) fn skip_double_quotes(&mut self) {
        let line = self.line;
        self.bump();
        loop {
            match self.peek() {
                None => return self.break_off(line, "a quote (\") is not closed"),
                Some('"') => {
                    self.bump();
                    return;
                }
                Some('\\') => self.skip_escape(),
                Some('$') => self.skip_dollar(true),
                Some('`') => self.skip_backquotes(),
                Some(_) => _ = self.bump(),
            }
        }
    }

    /// To the mark that closes what the next character opens; a backslash keeps one from closing it.
    fn skip_to(&mut self, close: char, unclosed: &'static str) {
        let line = self.line;
        self.bump();
        loop {
            match self.bump() {
                None => return self.break_off(line, unclosed),
                Some(c) if c == close => return,
                Some('\\') => _ = self.bump(),
                Some(_) => {}
            }
        }
    }

    pub(super) fn skip_backquotes(&mut self) {
        self.skip_to('`', "a backquote is not closed");
    }

    /// Passes over `$` and what it stands for; `quoted` within double quotes.
    pub(super) fn skip_dollar(&mut self, quoted: bool) {
        self.bump();
        match self.peek() {
            Some('(') if self.rest().starts_with("((") && self.skip_number() => {}
            Some('(') => {
                self.bump();
                self.nested(Self::skip_commands);
            }
            Some('{') => {
                self.bump();
                self.nested(if quoted { Self::skip_quoted_braces } else { Self::skip_braces });
            }
            Some('\'') if !quoted => self.skip_ansi_quotes(),
            Some(c) if is_name_start(c) => self.skip_name(),
            // A shell joins the lines before it looks for a name.
            Some('\\') if self.take("\\\n") => self.skip_name(),
            // `$#` begins no comment.
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => _ = self.bump(),
            _ => {}
        }
    }

    fn skip_name(&mut self) {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.skip_while(is_name);
        while self.rest().strip_prefix("\\\n").is_some_and(|next| next.starts_with(is_name)) {
            self.take("\\\n");
            self.skip_while(is_name);
        }
    }

    /// `$'…'` of bash, in which a backslash keeps a quote from closing it.
    fn skip_ansi_quotes(&mut self) {
        self.skip_to('\'', "a quote ($') is not closed");
    }

    pub(super) fn nested(&mut self, skip: fn(&mut Self)) {
        if self.depth == DEPTH {
            return self.break_off(self.line, TOO_DEEP);
        }
        self.depth += 1;
        skip(self);
        self.depth -= 1;
    }

    fn skip_braces(&mut self) {
        self.braces(false);
    }

    fn skip_quoted_braces(&mut self) {
        self.braces(true);
    }

    /// Behind `${`.
    fn braces(&mut self, quoted: bool) {
        let line = self.line;
        self.skip_while(|c| c.is_ascii_alphanumeric() || c == '_');
        // In double quotes a single quote is one only in a pattern.
        let quoted = quoted && !matches!(self.peek(), Some('#' | '%' | '/'));
        loop {
            match self.peek() {
                None => return self.break_off(line, "a bracket ({) is not closed"),
                Some('}') => {
                    self.bump();
                    return;
                }
                Some('\\') => self.skip_escape(),
                Some('\'') if !quoted => self.skip_single_quotes(),
                Some('"') => self.skip_double_quotes(),
                Some('$') => self.skip_dollar(quoted),
                Some('`') => self.skip_backquotes(),
                Some(_) => _ = self.bump(),
            }
        }
    }

    /// Passes over `((…))` where that is a number. Otherwise the brackets are those of subshells, and nothing is passed
    /// over.
    pub(super) fn skip_number(&mut self) -> bool {
        let (start, line, broken) = (self.at, self.line, self.broken);
        self.depth += 1;
        let is_number = self.depth <= DEPTH && self.arithmetic() && self.broken == broken;
        self.depth -= 1;
        if !is_number {
            // Against brackets without end, each of which may be the first one of a number.
            self.read_again += self.at - start;
            (self.at, self.line, self.broken) = (start, line, broken);
            if self.read_again > 2 * self.text.len() {
                self.break_off(line, "brackets are nested too deeply");
            }
        }
        is_number
    }

    /// Whether the bracket that belongs to the second one has another one behind it, and no two words stand beside
    /// each other, as those of a command would.
    fn arithmetic(&mut self) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_$\"'`".contains(c);
        let (mut open, mut last, mut blank) = (0_usize, '(', false);
        while let Some(c) = self.peek() {
            if blank && is_part(last) && is_part(c) {
                return false;
            }
            blank = c.is_ascii_whitespace();
            last = if blank { last } else { c };
            self.skip_part(c);
            open += usize::from(c == '(');
            if c == ')' {
                open -= 1;
                if open < 2 {
                    return self.take(")");
                }
            }
        }
        false
    }

    /// Behind `$(`: commands up to the `)` that belongs to it. The `)` of a `case` does not.
    pub(super) fn skip_commands(&mut self) {
        let line = self.line;
        let outer = std::mem::take(&mut self.pending);
        // Brackets and, as true, cases that are open.
        let mut open = Vec::new();
        let mut commanding = true;
        while let Some((lexeme, _)) = self.next() {
            match lexeme {
                Lexeme::Op(Op::Open) => open.push(false),
                Lexeme::Op(Op::Close) => match open.last() {
                    Some(true) => {}
                    Some(false) => _ = open.pop(),
                    None => {
                        if let Some(inner) = self.pending.first() {
                            self.break_off(inner.line, "a here-document is not closed");
                        }
                        self.pending = outer;
                        return;
                    }
                },
                Lexeme::Word("case") if commanding => open.push(true),
                Lexeme::Word("esac") if commanding && open.last() == Some(&true) => _ = open.pop(),
                _ => {}
            }
            commanding = match lexeme {
                Lexeme::Word(word) => opens_command(word) || word == "in",
                Lexeme::Op(op) => !matches!(op, Op::Redirect { .. }),
            };
        }
        self.break_off(line, "a bracket (() is not closed");
    }
}
