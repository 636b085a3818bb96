//! Statements of dhclient.conf, one after another, as dhclient reads them (`client/clparse.c`, `common/parse.c`).
//!
//! Behind an error it goes on at the next semicolon, or behind a block; behind some errors it wants one more semicolon,
//! and loses the next statement to it, too.

use super::cursor::Cursor;
use super::lexer::{Kind, TOKEN_LIMIT, Token, tokens};
use super::options::Index;
use super::scopes::{Scope, State};
use isctpl_checks::facts::{Located, Location, Problem};

/// Statements that give a number of seconds that nobody asks for here.
const TIMES: [&str; 6] = ["retry", "select-timeout", "reboot", "backoff-cutoff", "initial-interval", "initial-delay"];

/// Statements that are not followed.
const UNREAD: [&str; 19] = [
    "if",
    "add",
    "break",
    "allow",
    "deny",
    "on",
    "switch",
    "case",
    "define",
    "set",
    "unset",
    "eval",
    "execute",
    "return",
    "log",
    "zone",
    "parse-vendor-option",
    "db-time-format",
    "lease-id-format",
];

/// The most bytes of an interface's name; dhclient ends at a longer one.
const NAME_LIMIT: usize = 15;

/// A file that is included.
pub(crate) struct Included {
    /// What stands in it.
    pub text: String,
    /// What places name.
    pub path: String,
}

/// Gives the file that an `include` asks for, and how many files stand above it; `None` where it is not read.
pub(crate) type Include<'a> = dyn FnMut(&Located<String>, usize) -> Option<Included> + 'a;

/// A file that is being read.
pub(super) struct Parser<'a, 'i> {
    pub(super) tokens: Cursor,
    path: &'a str,
    pub(super) state: &'a mut State,
    include: &'a mut Include<'i>,
    /// How many files include this one.
    depth: usize,
}

/// Reads a file in a scope.
pub(super) fn read(text: &str, path: &str, state: &mut State, scope: Scope, include: &mut Include<'_>, depth: usize) {
    let divided = tokens(text);
    let cut = divided.tokens.last().filter(|_| divided.tokens.len() == TOKEN_LIMIT).map(|last| last.line);
    let mut parser = Parser { tokens: Cursor::new(divided.tokens), path, state, include, depth };
    if let Some(line) = cut {
        parser.leave_out(line, format!("the file has more than {TOKEN_LIMIT} words and marks; the rest is not read"));
    }
    if let Some((line, what)) = divided.odd {
        parser.leave_out(line, format!("has {what}"));
    }
    parser.statements(scope);
}

impl Parser<'_, '_> {
    pub(super) fn at(&self, line: u32) -> Location {
        Location::line(self.path, line)
    }

    /// What is not read or not understood from here on.
    pub(super) fn leave_out(&mut self, line: u32, what: String) {
        let problem = Problem::new(self.at(line).to_string(), what);
        self.state.left_out.get_or_insert(problem);
    }

    fn unread(&mut self, line: u32, statement: &str) {
        self.leave_out(line, format!("the statement `{statement}` is not understood"));
        self.tokens.skip();
    }

    /// What dhclient refuses.
    pub(super) fn problem(&mut self, line: u32, what: impl Into<String>) {
        let place = self.at(line).to_string();
        self.state.problems.push(Problem::new(place, what));
    }

    /// The semicolon of a statement.
    pub(super) fn end(&mut self, line: u32, statement: &str) -> bool {
        let is_there = self.tokens.semicolon();
        if !is_there {
            self.lost(line, statement);
        }
        is_there
    }

    fn lost(&mut self, line: u32, statement: &str) {
        self.problem(
            line,
            format!("the semicolon after `{statement}` is missing; dhclient ignores everything up to the next one"),
        );
    }

    /// All statements of the file. Blocks of interfaces may stand in each other.
    fn statements(&mut self, outermost: Scope) {
        let mut open: Vec<(Scope, u32)> = Vec::new();
        while let Some(token) = self.tokens.peek() {
            let line = token.line;
            if token.is(b'}') && open.pop().is_some() {
                self.tokens.next();
                continue;
            }
            let scope = open.last().map_or(outermost, |(scope, _)| *scope);
            if let Some(inner) = self.statement(line, scope) {
                open.push((inner, line));
            }
        }
        for (_, line) in open {
            self.problem(line, "the block of `interface` is not closed");
        }
    }

    /// One statement. An `interface` gives the scope of its block, which is open behind it.
    fn statement(&mut self, line: u32, scope: Scope) -> Option<Scope> {
        let word = self.tokens.peek().and_then(Token::word).map(str::to_ascii_lowercase);
        let Some(word) = word else {
            let what = if self.tokens.sees(b'}') { "a `}` has no matching `{`" } else { "no statement begins so" };
            self.problem(line, format!("{what}; dhclient ignores the next statement"));
            self.tokens.skip();
            self.lose_next();
            return None;
        };
        let word = word.as_str();
        if matches!(word, "send" | "supersede" | "default" | "prepend" | "append") {
            self.tokens.next();
            self.set_option(line, word);
            return None;
        }
        if !self.is_of_client(word) {
            self.other(line, word);
            return None;
        }
        self.tokens.next();
        match word {
            "timeout" => self.timeout(line, scope),
            "request" => self.request(line, scope, false),
            "also" if self.tokens.take_word("request") => self.request(line, scope, true),
            "also" | "require" => self.require(line, word),
            "option" => self.option(line, scope),
            "include" => self.include(line, scope),
            "interface" => return self.interface(line, scope),
            "lease" | "alias" => self.lease(line, word),
            "key" => self.key(line, scope),
            "ignore" => self.ignore(line),
            _ => self.simple(line, word, scope),
        }
        None
    }

    fn is_of_client(&self, word: &str) -> bool {
        TIMES.contains(&word)
            || matches!(
                word,
                "timeout"
                    | "request"
                    | "also"
                    | "require"
                    | "option"
                    | "include"
                    | "interface"
                    | "lease"
                    | "alias"
                    | "key"
                    | "ignore"
                    | "script"
                    | "media"
                    | "reject"
                    | "hardware"
                    | "anycast-mac"
                    | "vendor"
                    | "omapi"
                    | "do-forward-update"
                    | "do-forward-updates"
                    | "pseudo"
            )
    }

    /// Behind some errors dhclient wants a semicolon, and takes the next statement for what stands there instead.
    pub(super) fn lose_next(&mut self) {
        self.tokens.semicolon();
    }

    /// A statement that begins with a word that says nothing to a client.
    fn other(&mut self, line: u32, word: &str) {
        self.tokens.next();
        if UNREAD.contains(&word) {
            return self.unread(line, word);
        }
        let follows = self.tokens.peek().map(|token| (token.word().map(str::to_ascii_lowercase), token.kind.clone()));
        let may_be_an_expression = match follows {
            None => false,
            Some((Some(next), _)) => matches!(next.as_str(), "and" | "or"),
            Some((None, Kind::Mark(mark))) => mark != b',' && mark != b'}',
            Some((None, _)) => false,
        };
        if may_be_an_expression {
            return self.unread(line, word);
        }
        self.problem(line, format!("`{word}` is no statement; dhclient ignores it and the next one"));
        self.tokens.semicolon();
        self.lose_next();
    }

    /// The number of a time, and its bytes in the text; what is no number is lost up to the next semicolon.
    fn seconds(&mut self, line: u32, statement: &str) -> Option<(u32, std::ops::Range<usize>)> {
        let Some(token) = self.tokens.next() else {
            self.problem(line, format!("`{statement}` has no number of seconds"));
            return None;
        };
        let Kind::Number(digits) = &token.kind else {
            self.problem(line, format!("`{statement}` has no number of seconds"));
            self.tokens.skip();
            return None;
        };
        // As dhclient counts: 32 bits, whatever goes over them.
        let value = digits
            .bytes()
            .filter(u8::is_ascii_digit)
            .fold(0u32, |value, digit| value.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
        Some((if digits.starts_with('-') { value.wrapping_neg() } else { value }, token.span))
    }

    /// A timeout counts without its semicolon, too.
    fn timeout(&mut self, line: u32, scope: Scope) {
        let Some((seconds, span)) = self.seconds(line, "timeout") else { return };
        let value = Located::new(seconds, self.at(line));
        self.state.scope_mut(scope).timeout = Some(value);
        if self.depth == 0 {
            self.state.timeouts.push((span, scope.is_some()));
        }
        self.end(line, "timeout");
    }

    /// A list of names, joined by commas. It counts only with its semicolon, and with names that dhclient knows.
    fn request(&mut self, line: u32, scope: Scope, also: bool) {
        if !also && self.state.scope_mut(scope).requested.is_none() {
            // The usual list is gone, whatever comes of the new one.
            let at = self.at(line);
            self.state.set_list(scope, Vec::new(), at);
        }
        let Some(names) = self.list(line, if also { "also request" } else { "request" }) else { return };
        let at = self.at(line);
        let what = match also {
            false => self.state.set_list(scope, names, at),
            true => self.state.extend_list(scope, names, at),
        };
        if let Some(what) = what {
            self.leave_out(line, what);
        }
    }

    /// The names of a list up to its semicolon; `None` where dhclient refuses it.
    fn list(&mut self, line: u32, statement: &str) -> Option<Vec<Index>> {
        let mut names = Vec::new();
        loop {
            if self.tokens.take(b';') {
                return Some(names);
            }
            if self.tokens.peek().and_then(Token::word).is_none() {
                self.tokens.next();
                self.tokens.skip();
                self.lost(line, statement);
                return None;
            }
            names.push(self.option_name(line)?);
            match self.tokens.next() {
                Some(token) if token.is(b',') => {}
                Some(token) if token.is(b';') => return Some(names),
                _ => {
                    self.tokens.skip();
                    self.lost(line, statement);
                    return None;
                }
            }
        }
    }

    /// `require`, `also require`: what an offer must have.
    fn require(&mut self, line: u32, word: &str) {
        if word == "also" {
            let token = self.tokens.next();
            if !token.is_some_and(|token| token.word().is_some_and(|word| word.eq_ignore_ascii_case("require"))) {
                self.problem(line, "`also` stands before neither `request` nor `require`");
                return self.tokens.skip();
            }
        } else if self.tokens.sees_word("authentication") {
            self.tokens.next();
            self.end(line, "require");
            return;
        }
        self.list(line, "require");
    }

    /// The file is read in this place, and in this scope.
    fn include(&mut self, line: u32, scope: Scope) {
        let Some(name) = self.tokens.take_quoted() else {
            self.tokens.next();
            self.problem(line, "`include` has no name in quotes");
            return self.tokens.skip();
        };
        let asked = Located::new(name, self.at(line));
        if let Some(Included { text, path }) = (self.include)(&asked, self.depth + 1) {
            read(&text, &path, self.state, scope, &mut *self.include, self.depth + 1);
        }
        self.end(line, "include");
    }

    fn interface(&mut self, line: u32, scope: Scope) -> Option<Scope> {
        let Some(name) = self.tokens.take_quoted() else {
            self.tokens.next();
            self.problem(line, "`interface` has no name in quotes");
            self.tokens.skip();
            return None;
        };
        if name.len() > NAME_LIMIT {
            self.leave_out(line, format!("the name of an interface has more than {NAME_LIMIT} bytes: dhclient ends"));
        }
        let at = self.at(line);
        let inner = self.state.block(name, at, scope);
        if !self.tokens.take(b'{') {
            self.tokens.next();
            self.problem(line, "`interface` has no block");
            self.tokens.skip();
            return None;
        }
        Some(inner)
    }

    /// It is meant for BOOTP, and takes any word but those two that it should.
    fn ignore(&mut self, line: u32) {
        let of = self.tokens.next();
        let of = of.as_ref().and_then(Token::word).map(str::to_ascii_lowercase);
        if matches!(of.as_deref(), Some("authentication" | "bootp")) {
            self.problem(line, "`ignore` says nothing that dhclient takes");
            self.tokens.skip();
        } else {
            self.end(line, "ignore");
        }
    }

    /// Statements that end with their semicolon, and of which nobody asks here.
    fn simple(&mut self, line: u32, word: &str, scope: Scope) {
        match word {
            "script" => {
                let is_taken = self.tokens.take_quoted().is_some();
                if is_taken {
                    self.end(line, word);
                } else {
                    self.tokens.next();
                    self.problem(line, "`script` has no name in quotes");
                    self.tokens.skip();
                }
            }
            "do-forward-update" | "do-forward-updates" => {
                let value = self.tokens.next();
                let is_flag =
                    |word: &str| ["on", "off", "true", "false"].iter().any(|flag| word.eq_ignore_ascii_case(flag));
                if value.as_ref().and_then(Token::word).is_some_and(is_flag) {
                    self.end(line, word);
                } else {
                    self.problem(line, format!("`{word}` has no flag"));
                    self.tokens.skip();
                }
            }
            "hardware" | "anycast-mac" if scope.is_none() => {
                self.problem(line, format!("`{word}` stands outside a block"));
                self.tokens.skip();
            }
            word if TIMES.contains(&word) => {
                if self.seconds(line, word).is_some() {
                    self.end(line, word);
                }
            }
            // Two clients of one interface.
            "pseudo" => self.unread(line, word),
            word => {
                if self.shape(word).is_none() {
                    self.unread(line, word);
                } else {
                    self.end(line, word);
                }
            }
        }
    }
}
