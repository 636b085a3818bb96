//! ISC dhclient's configuration (dhclient.conf(5)).
//!
//! As dhclient does (`clparse.c`), a statement that lacks its semicolon swallows what follows up to the
//! next one; a `timeout` is taken all the same, a list of options is not.

pub(crate) mod edit;
#[cfg(test)]
mod tests;
mod tokens;

use isctpl_checks::facts::{DhclientConf, DhclientInterface, Located, Location, Problem};
use std::collections::HashMap;
use std::iter::Peekable;
use std::ops::Range;
use tokens::{Kind, TOKEN_LIMIT, Token, tokens};

/// The code of the option Classless Static Route (RFC 3442).
pub(crate) const CLASSLESS_CODE: u32 = 121;

/// The name that some builds of dhclient know for it without a declaration.
pub(crate) const BUILT_IN_CLASSLESS: &str = "classless-static-routes";

/// The most names that are kept of all lists of a file together; real ones have some twenty.
const NAME_LIMIT: usize = 4096;

/// What a file says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    /// The facts.
    pub conf: DhclientConf,
    /// Options that are declared, with their codes.
    pub declared: HashMap<String, u32>,
    /// The numbers of all statements `timeout`, as bytes of the text, and whether it is in a block.
    timeouts: Vec<(Range<usize>, bool)>,
    /// Files that `include "…";` asks for.
    pub includes: Vec<Located<String>>,
    /// What dhclient refuses.
    pub problems: Vec<Problem>,
    /// From where on it was not read.
    pub left_out: Option<Problem>,
    /// Whether this build of dhclient knows option 121 without a declaration, by the name
    /// `classless-static-routes`, and asks for it where no list is given: so those of Red Hat and SUSE do.
    pub built_in: bool,
}

impl Parsed {
    /// What holds where no file says anything.
    pub(crate) fn without_file(built_in: bool) -> Self {
        parse("", "", built_in)
    }

    /// Takes in an included file. What it says goes before, since it is mostly there to override; the order of
    /// statements is not kept.
    pub(crate) fn include(&mut self, included: Self) {
        self.declared.extend(included.declared);
        self.conf.timeout = included.conf.timeout.or(self.conf.timeout.take());
        self.conf.requested = included.conf.requested.or(self.conf.requested.take());
        self.conf.interfaces.extend(included.conf.interfaces);
    }

    /// Works out, for the file and each of its `interface` blocks, whether option 121 is asked for. A block without
    /// a list of its own has that of the file.
    pub(crate) fn settle(&mut self) {
        let code = |name: &String| self.declared.get(name.as_str());
        let asks = |list: &Located<Vec<String>>| list.value.iter().any(|name| code(name) == Some(&CLASSLESS_CODE));
        let general = self.conf.requested.as_ref().map_or(self.built_in, asks);
        self.conf.asks_classless = general;
        for interface in &mut self.conf.interfaces {
            interface.asks_classless = interface.requested.as_ref().map_or(general, asks);
        }
    }

    /// The variable in which dhclient hands option 121 to its script, when it asks for it.
    pub(crate) fn classless_variable(&self) -> Option<String> {
        let interfaces = &self.conf.interfaces;
        let asks = self.conf.asks_classless || interfaces.iter().any(|interface| interface.asks_classless);
        let lists = interfaces.iter().filter_map(|interface| interface.requested.as_ref());
        let names = self.conf.requested.iter().chain(lists).flat_map(|list| list.value.iter().map(String::as_str));
        let mut names = names.chain([BUILT_IN_CLASSLESS]).filter(|_| asks);
        let name = names.find(|name| self.declared.get(*name) == Some(&CLASSLESS_CODE))?;
        Some(format!("new_{}", name.replace('-', "_")))
    }
}

/// Reads a file; `path` is what places name, and `built_in` is [`Parsed::built_in`].
pub(crate) fn parse(text: &str, path: &str, built_in: bool) -> Parsed {
    let tokens = tokens(text);
    let cut = tokens.last().filter(|_| tokens.len() == TOKEN_LIMIT).map(|last| last.line);
    let declared = built_in.then(|| (BUILT_IN_CLASSLESS.to_owned(), CLASSLESS_CODE)).into_iter().collect();
    let parsed = Parsed { built_in, declared, ..Parsed::default() };
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), path, parsed, names: 0 };
    if let Some(line) = cut {
        parser.leave_out(line, format!("the file has more than {TOKEN_LIMIT} words and marks; the rest is not read"));
    }
    parser.parsed.conf.path = path.to_owned();
    while parser.tokens.peek().is_some() {
        parser.statement(None);
    }
    let mut parsed = parser.parsed;
    parsed.settle();
    parsed
}

struct Parser<'a> {
    tokens: Peekable<std::vec::IntoIter<Token>>,
    path: &'a str,
    parsed: Parsed,
    /// How many names the lists have had.
    names: usize,
}

impl Parser<'_> {
    fn at(&self, line: u32) -> Location {
        Location::line(self.path, line)
    }

    fn leave_out(&mut self, line: u32, what: String) {
        let problem = Problem::new(self.at(line).to_string(), what);
        self.parsed.left_out.get_or_insert(problem);
    }

    fn problem(&mut self, line: u32, what: impl Into<String>) {
        let place = self.at(line).to_string();
        self.parsed.problems.push(Problem::new(place, what));
    }

    /// One statement. Inside a block (`interface`) it returns `false` at the block's end.
    fn statement(&mut self, interface: Option<usize>) -> bool {
        let Some(first) = self.tokens.next() else { return false };
        let line = first.line;
        if first.is('}') {
            if interface.is_none() {
                self.problem(line, "a `}` has no matching `{`");
            }
            return false;
        }
        match first.word().map(str::to_ascii_lowercase).as_deref() {
            Some("timeout") => self.timeout(line, interface),
            Some("request") => self.request(line, interface, false),
            Some("also") => {
                // `also request` and `also require`.
                match self.tokens.next().as_ref().and_then(Token::word) {
                    Some("request") => self.request(line, interface, true),
                    _ => self.skip(line),
                }
            }
            Some("option") => self.option(line),
            Some("include") => {
                if let Some(Token { kind: Kind::Quoted(name), line, .. }) = self.tokens.peek().cloned() {
                    let at = self.at(line);
                    self.parsed.includes.push(Located::new(name, at));
                }
                self.skip(line);
            }
            Some("interface") if interface.is_none() => self.interface(line),
            _ if first.is(';') => {}
            _ => self.skip(line),
        }
        true
    }

    fn timeout(&mut self, line: u32, interface: Option<usize>) {
        let word = self.tokens.peek().and_then(|token| Some((token.word()?.parse().ok()?, token.span.clone())));
        let Some((seconds, span)) = word else {
            self.problem(line, "`timeout` has no number of seconds");
            self.skip(line);
            return;
        };
        let value = Some(Located::new(seconds, self.at(line)));
        match interface.and_then(|index| self.parsed.conf.interfaces.get_mut(index)) {
            Some(own) => own.timeout = value,
            None => self.parsed.conf.timeout = value,
        }
        self.parsed.timeouts.push((span, interface.is_some()));
        self.tokens.next();
        self.end(line, "timeout");
    }

    /// A list of names, joined by commas. It counts only with its semicolon.
    fn request(&mut self, line: u32, interface: Option<usize>, also: bool) {
        let mut names = Vec::new();
        while let Some(name) = self.tokens.peek().and_then(Token::word).map(str::to_owned) {
            self.tokens.next();
            // Options of DHCP's own space may be written with its name.
            names.push(name.strip_prefix("dhcp.").unwrap_or(&name).to_owned());
            if !self.tokens.peek().is_some_and(|token| token.is(',')) {
                break;
            }
            self.tokens.next();
        }
        if !self.end(line, "request") {
            return;
        }
        let at = self.at(line);
        let DhclientConf { requested, interfaces, .. } = &mut self.parsed.conf;
        let (list, inherited) = match interface.and_then(|index| interfaces.get_mut(index)) {
            Some(own) => (&mut own.requested, requested.as_ref()),
            None => (requested, None),
        };
        let standard = || DEFAULT_REQUEST.into_iter().chain(self.parsed.built_in.then_some(BUILT_IN_CLASSLESS));
        let taken_over = match (also && list.is_none(), inherited) {
            (false, _) => 0,
            (true, Some(inherited)) => inherited.value.len(),
            (true, None) => standard().count(),
        };
        self.names += taken_over + names.len();
        if self.names > NAME_LIMIT {
            *list = None;
            let what = format!("the lists of options have more than {NAME_LIMIT} names; the rest is not read");
            self.leave_out(line, what);
            return;
        }
        if !also {
            *list = Some(Located::new(names, at));
            return;
        }
        let taken_over = || match inherited {
            Some(inherited) => inherited.clone(),
            None => Located::new(standard().map(str::to_owned).collect(), at),
        };
        list.get_or_insert_with(taken_over).value.extend(names);
    }

    /// `option NAME code N = TYPE;` declares; anything else gives a value and is of no interest.
    fn option(&mut self, line: u32) {
        let name = self.tokens.peek().and_then(Token::word).map(str::to_owned);
        if let Some(name) = name {
            self.tokens.next();
            if self.tokens.peek().and_then(Token::word) == Some("code") {
                self.tokens.next();
                let code = self.tokens.peek().and_then(Token::word).and_then(|word| word.parse().ok());
                if let Some(code) = code {
                    let name = name.strip_prefix("dhcp.").unwrap_or(&name).to_owned();
                    self.parsed.declared.insert(name, code);
                }
            }
        }
        self.skip(line);
    }

    fn interface(&mut self, line: u32) {
        let name = match self.tokens.peek().map(|token| &token.kind) {
            Some(Kind::Quoted(name) | Kind::Word(name)) => name.clone(),
            _ => {
                self.problem(line, "`interface` has no name");
                self.skip(line);
                return;
            }
        };
        self.tokens.next();
        if !self.tokens.peek().is_some_and(|token| token.is('{')) {
            self.problem(line, "`interface` has no block");
            self.skip(line);
            return;
        }
        self.tokens.next();
        let index = self.parsed.conf.interfaces.len();
        let at = self.at(line);
        self.parsed.conf.interfaces.push(DhclientInterface { name, at: Some(at), ..Default::default() });
        while self.tokens.peek().is_some() {
            if !self.statement(Some(index)) {
                return;
            }
        }
        self.problem(line, "the block of `interface` is not closed");
    }

    /// The semicolon; without it, everything up to the next one is lost.
    fn end(&mut self, line: u32, statement: &str) -> bool {
        if self.tokens.peek().is_some_and(|token| token.is(';')) {
            self.tokens.next();
            return true;
        }
        self.problem(
            line,
            format!("the semicolon after `{statement}` is missing; dhclient ignores everything up to the next one"),
        );
        self.skip(line);
        false
    }

    /// The rest of a statement, with the block that it may have.
    fn skip(&mut self, line: u32) {
        let mut depth = 0usize;
        while let Some(token) = self.tokens.peek() {
            match token.kind {
                Kind::Mark('{') => depth += 1,
                Kind::Mark('}') if depth == 0 => return,
                Kind::Mark('}') => {
                    depth -= 1;
                    if depth == 0 {
                        self.tokens.next();
                        return;
                    }
                }
                Kind::Mark(';') if depth == 0 => {
                    self.tokens.next();
                    return;
                }
                _ => {}
            }
            self.tokens.next();
        }
        self.problem(line, "the statement has no end: a semicolon or a `}` is missing");
    }
}

/// What dhclient asks for when nothing is said (`default_requested_options` of `clparse.c`).
const DEFAULT_REQUEST: [&str; 10] = [
    "subnet-mask",
    "broadcast-address",
    "time-offset",
    "routers",
    "domain-name",
    "domain-name-servers",
    "host-name",
    "dhcp6.domain-search",
    "dhcp6.name-servers",
    "dhcp6.sntp-servers",
];
