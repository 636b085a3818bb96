//! Finds in one script the words that it reads and the commands that matter.

use super::cmdline_words::{is_cmdline, variable};
use super::lexer::{Op, Unread};
use super::words::{Token, TokenKind, tokens_as_far};
use std::collections::BTreeSet;

/// What a script shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// Words of the kernel command line that it reads, each at its first place.
    pub(crate) tokens: Vec<Found<String>>,
    /// Commands that matter.
    pub(crate) actions: Vec<Found<Action>>,
    /// Every word in it beside the names of functions where they are defined: what it may call.
    pub(crate) mentions: BTreeSet<String>,
    /// What kept it from being read to its end.
    pub(crate) unread: Option<Unread>,
}

/// Something in a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found<T> {
    /// What.
    pub(crate) what: T,
    /// Line, counted from 1.
    pub(crate) line: u32,
    /// The function that it stands in; it happens only if that function is called.
    pub(crate) function: Option<String>,
}

/// A command that brings up a network or logs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    /// `iscsistart -N`.
    IscsistartNetwork,
    /// `iscsistart -b`, or with a target.
    IscsistartLogin,
    /// `iscsiadm` with a login.
    IscsiadmLogin,
    /// `ipconfig`.
    Ipconfig,
    /// `dhclient`.
    Dhclient,
    /// `dhcpcd`.
    Dhcpcd,
    /// `udhcpc`.
    Udhcpc,
    /// `awk` with the function `and()`, which gawk and busybox have and POSIX does not.
    AwkAnd,
}

/// Scans a script.
pub(crate) fn scan(text: &str) -> Script {
    let (tokens, unread) = tokens_as_far(text);
    let reads_cmdline =
        tokens.iter().any(|token| matches!(&token.kind, TokenKind::Word { text, .. } if is_cmdline(text)));
    let mut scan = Scan {
        tokens: &tokens,
        reads_cmdline,
        script: Script { unread, ..Script::default() },
        cases: Vec::new(),
        functions: Vec::new(),
        depth: 0,
        ip_variables: BTreeSet::new(),
    };
    scan.run();
    scan.script
}

/// A `case` that was entered.
pub(super) struct Case {
    pub(super) subject: Option<String>,
    /// Whether patterns come next, and not commands.
    at_pattern: bool,
}

pub(super) struct Scan<'t> {
    pub(super) tokens: &'t [Token],
    pub(super) reads_cmdline: bool,
    script: Script,
    pub(super) cases: Vec<Case>,
    /// Functions that the scan is in, with the depth of braces around them.
    functions: Vec<(String, usize)>,
    depth: usize,
    /// Variables that loop over the values of `ip=`.
    pub(super) ip_variables: BTreeSet<String>,
}

impl<'t> Scan<'t> {
    pub(super) fn word(&self, index: usize) -> Option<&'t str> {
        match &self.tokens.get(index)?.kind {
            TokenKind::Word { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(super) fn kind(&self, index: usize) -> Option<&'t TokenKind> {
        self.tokens.get(index).map(|token| &token.kind)
    }

    fn found<T>(&self, what: T, line: u32) -> Found<T> {
        Found { what, line, function: self.functions.last().map(|(name, _)| name.clone()) }
    }

    pub(super) fn reads(&mut self, token: String, line: u32) {
        let found = self.found(token, line);
        if !self.script.tokens.iter().any(|known| known.what == found.what && known.function == found.function) {
            self.script.tokens.push(found);
        }
    }

    fn run(&mut self) {
        let mut index = 0;
        let mut commanding = true;
        while let Some(token) = self.tokens.get(index) {
            if self.cases.last().is_some_and(|case| case.at_pattern) {
                index = self.patterns(index);
                commanding = true;
                continue;
            }
            match &token.kind {
                TokenKind::Word { text, .. } => {
                    self.mention(text, index);
                    if commanding {
                        (index, commanding) = self.command(index, text, token.line);
                        continue;
                    }
                }
                TokenKind::Op(Op::EndOfBranch) => {
                    if let Some(case) = self.cases.last_mut() {
                        case.at_pattern = true;
                    }
                    commanding = true;
                }
                TokenKind::Op(Op::Redirect { .. }) => {
                    // The word behind it is a file.
                    index += usize::from(self.word(index + 1).is_some());
                }
                TokenKind::Op(Op::Close) => commanding = false,
                _ => commanding = true,
            }
            index += 1;
        }
    }

    fn mention(&mut self, text: &str, index: usize) {
        if self.is_definition(index) {
            return;
        }
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))) {
            if word.len() > 1 && !self.script.mentions.contains(word) {
                self.script.mentions.insert(word.to_owned());
            }
        }
    }

    fn is_definition(&self, index: usize) -> bool {
        self.kind(index + 1) == Some(&TokenKind::Op(Op::Open))
            && self.kind(index + 2) == Some(&TokenKind::Op(Op::Close))
    }

    /// A word where a command begins. Gives the next index, and whether a command begins there.
    fn command(&mut self, index: usize, text: &str, line: u32) -> (usize, bool) {
        if self.is_definition(index) {
            self.functions.push((text.to_owned(), self.depth));
            return (index + 3, true);
        }
        match text {
            "{" => {
                self.depth += 1;
                return (index + 1, true);
            }
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                if self.functions.last().is_some_and(|(_, depth)| *depth == self.depth) {
                    self.functions.pop();
                }
                return (index + 1, false);
            }
            "if" | "then" | "elif" | "else" | "do" | "while" | "until" | "!" | "time" | "exec" | "function" => {
                return (index + 1, true);
            }
            "esac" => {
                self.cases.pop();
                return (index + 1, false);
            }
            "case" => return (self.enter_case(index), true),
            "for" => self.enter_loop(index),
            "[" | "[[" | "test" => self.test(index, line),
            "getarg" | "getargs" | "getargbool" | "getargnum" | "dracut-getarg" | "dracut-getargs" => {
                self.dracut_arguments(index, line);
            }
            "grep" | "egrep" | "fgrep" | "sed" | "awk" => {
                self.filter(index, line);
                if text == "awk" && self.arguments(index).any(calls_and) {
                    let found = self.found(Action::AwkAnd, line);
                    self.script.actions.push(found);
                }
            }
            // An assignment before a command.
            text if is_assignment(text) => return (index + 1, true),
            text => {
                if let Some(action) = self.action(index, text) {
                    let found = self.found(action, line);
                    self.script.actions.push(found);
                }
            }
        }
        (index + 1, false)
    }

    /// The words of the command that begins at `index`, without its name.
    pub(super) fn arguments(&self, index: usize) -> impl Iterator<Item = &'t str> + use<'t> {
        self.tokens[(index + 1).min(self.tokens.len())..].iter().map_while(|token| match &token.kind {
            TokenKind::Word { text, .. } => Some(text.as_str()),
            _ => None,
        })
    }

    fn action(&self, index: usize, text: &str) -> Option<Action> {
        let with = |options: &[&str]| self.arguments(index).any(|argument| options.contains(&argument));
        match text.rsplit('/').next().unwrap_or(text) {
            "iscsistart" if with(&["-N", "--network"]) => Some(Action::IscsistartNetwork),
            "iscsistart" if with(&["-b", "-t", "-a", "-i"]) => Some(Action::IscsistartLogin),
            "iscsiadm" if with(&["-l", "--login", "-L", "--loginall"]) => Some(Action::IscsiadmLogin),
            "ipconfig" => Some(Action::Ipconfig),
            // Asked what it can do, it does nothing.
            "dhclient" | "dhcpcd" | "udhcpc" if with(&["--help", "--version"]) => None,
            "dhclient" => Some(Action::Dhclient),
            "dhcpcd" => Some(Action::Dhcpcd),
            "udhcpc" => Some(Action::Udhcpc),
            _ => None,
        }
    }

    /// `case SUBJECT in`.
    fn enter_case(&mut self, index: usize) -> usize {
        let mut at = index + 1;
        let mut subject = None;
        // The subject may be a substitution: everything up to `in` is looked at.
        while let Some(kind) = self.kind(at) {
            match kind {
                TokenKind::Word { text, .. } if text == "in" && at > index + 1 => {
                    self.cases.push(Case { subject, at_pattern: true });
                    return at + 1;
                }
                TokenKind::Word { text, .. } => {
                    subject = subject.or_else(|| variable(text).map(str::to_owned));
                    self.mention(text, at);
                }
                TokenKind::Op(op) if op.ends_command() && at > index + 2 && self.word(at + 1) != Some("in") => {
                    return at;
                }
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// The patterns of one branch of a `case`.
    fn patterns(&mut self, index: usize) -> usize {
        let mut at = index;
        while let Some(token) = self.tokens.get(at) {
            at += 1;
            match &token.kind {
                TokenKind::Word { text, .. } if text == "esac" => {
                    self.cases.pop();
                    return at;
                }
                TokenKind::Word { text, quoted: _ } => self.pattern(text, token.line, at),
                TokenKind::Op(Op::Close) => {
                    if let Some(case) = self.cases.last_mut() {
                        case.at_pattern = false;
                    }
                    return at;
                }
                _ => {}
            }
        }
        at
    }
}

/// Whether a program for awk calls `and()`.
fn calls_and(program: &str) -> bool {
    program
        .match_indices("and(")
        .any(|(at, _)| !program[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
