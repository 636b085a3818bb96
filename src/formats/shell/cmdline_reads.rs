//! How scripts read words of the kernel command line: patterns, loops, tests, dracut's getarg, filters.

use super::cmdline_words::{is_cmdline, token, variable};
use super::initramfs_script::Scan;
use super::lexer::Op;
use super::words::{Token, TokenKind};

/// How many tokens around a command are looked at; a line of a script has fewer.
const NEAR: usize = 256;

impl Scan<'_> {
    pub(super) fn pattern(&mut self, text: &str, line: u32, next: usize) {
        if text == "ibft" {
            let subject = self.cases.last().and_then(|case| case.subject.clone());
            if subject.is_some_and(|subject| self.holds_ip(&subject)) && !self.is_left_out(next) {
                self.reads("ip=ibft".to_owned(), line);
            }
        } else if self.reads_cmdline
            && let Some(token) = token(text)
            && (token != "ip=ibft" || !self.is_left_out(next))
        {
            self.reads(token, line);
        }
    }

    /// Whether a variable holds the value of `ip=`.
    fn holds_ip(&self, variable: &str) -> bool {
        variable.eq_ignore_ascii_case("ip") || self.ip_variables.contains(variable)
    }

    /// Whether a branch only goes on to the next word: such a branch does not read what it names.
    fn is_left_out(&self, mut index: usize) -> bool {
        while matches!(self.kind(index), Some(TokenKind::Op(Op::Newline | Op::Semicolon | Op::Background | Op::Close)))
        {
            index += 1;
        }
        match self.kind(index) {
            Some(TokenKind::Word { text, .. }) => {
                matches!(text.as_str(), "continue" | "return" | "break" | ":" | "true")
            }
            Some(TokenKind::Op(Op::EndOfBranch)) => true,
            _ => false,
        }
    }

    /// `for NAME in …`: notes whether the loop runs over the values of `ip=`.
    pub(super) fn enter_loop(&mut self, index: usize) {
        let Some(name) = self.word(index + 1) else { return };
        let over_ip = self.tokens[index..]
            .iter()
            .take(NEAR)
            .map_while(|token| match &token.kind {
                TokenKind::Word { text, .. } if text == "do" => None,
                TokenKind::Word { text, .. } => Some(text.as_str()),
                TokenKind::Op(op) if op.ends_command() => None,
                _ => Some(""),
            })
            .collect::<Vec<_>>();
        if over_ip.iter().any(|word| word.starts_with("getarg")) && over_ip.contains(&"ip=") {
            self.ip_variables.insert(name.to_owned());
        }
    }

    /// `[ "$x" = word ]`.
    pub(super) fn test(&mut self, index: usize, line: u32) {
        let words: Vec<&str> = self.arguments(index).collect();
        let next = index + 1 + words.len();
        for window in words.windows(3) {
            let &[left, operator, right] = window else { continue };
            if !matches!(operator, "=" | "==" | "!=" | "=~") {
                continue;
            }
            let (expanded, literal) = match (variable(left), variable(right)) {
                (Some(name), None) => (name, right),
                (None, Some(name)) => (name, left),
                _ => continue,
            };
            let skipped = operator != "!="
                && self.kind(next) == Some(&TokenKind::Op(Op::And))
                && matches!(self.word(next + 1), Some("continue" | "return" | "break"));
            match literal {
                "ibft" if self.holds_ip(expanded) && !skipped => self.reads("ip=ibft".to_owned(), line),
                "iscsi" if expanded == "root" => self.reads("root=iscsi".to_owned(), line),
                "iscsi" if expanded == "netroot" => self.reads("netroot".to_owned(), line),
                literal if self.reads_cmdline && !skipped => {
                    if let Some(token) = token(literal) {
                        self.reads(token, line);
                    }
                }
                _ => {}
            }
        }
    }

    /// dracut's `getarg [-d] [-y|-n] WORD[=] …`, before which `getargbool` has its default and
    /// `getargnum` three numbers.
    pub(super) fn dracut_arguments(&mut self, index: usize, line: u32) {
        for word in self.arguments(index) {
            if let Some(token) = token(word.trim_end_matches('=')) {
                self.reads(token, line);
            }
        }
    }

    /// `grep … /proc/cmdline`, `cat /proc/cmdline | sed …`: on a line that names the command line.
    pub(super) fn filter(&mut self, index: usize, line: u32) {
        let on_line = |token: &&Token| token.line == line;
        let names_it = self.tokens[..index]
            .iter()
            .rev()
            .take(NEAR)
            .take_while(on_line)
            .chain(self.tokens[index..].iter().take(NEAR).take_while(on_line))
            .any(|token| matches!(&token.kind, TokenKind::Word { text, .. } if is_cmdline(text)));
        if !names_it {
            return;
        }
        for argument in self.arguments(index) {
            for word in argument.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '='))) {
                if let Some(token) = token(word.trim_matches(['.', '-'])) {
                    self.reads(token, line);
                }
            }
        }
    }
}
