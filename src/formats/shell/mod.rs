//! Shell assignments, as configuration files have them.
//!
//! Files such as `/etc/default/grub` are read by a shell, so quotes, escapes, comments, continued
//! lines and variables count. They are evaluated here without running anything: a command's output,
//! a condition or a file that is read in between is reported, not guessed at.

pub mod cmdline_reads;
mod cmdline_words;
mod expansion;
pub mod initramfs_script;
#[cfg(test)]
mod initramfs_script_tests;
pub mod iscsi_logout;
mod lexer;
pub mod option_121;
mod word;

use isctpl_checks::facts::{Location, Problem};
use std::collections::BTreeMap;
use word::{Op, Reader, Token, Word};

/// The most that all values of one file may grow to; a variable that is repeated again and again ends here.
const TOTAL_LIMIT: usize = 8 << 20;

/// Variables and their values.
pub type Variables = BTreeMap<String, String>;

/// What a file assigns, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The assignments, in order.
    pub assignments: Vec<Assignment>,
    /// Files that it reads in (`. FILE`), which were not followed, and where it says so.
    pub sourced: Vec<(Location, String)>,
    /// What could not be understood.
    pub problems: Vec<Problem>,
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Variable.
    pub name: String,
    /// Value, quotes removed and earlier variables put in.
    pub value: String,
    /// Line that it begins on, counted from 1.
    pub line: u32,
    /// Whether it hangs on a condition, a loop, a function or a subshell, none of which is run here.
    pub conditional: bool,
    /// Why the value is not all that a shell would make of it, such as a command's output in it.
    pub unclear: Option<String>,
}

impl Script {
    /// The assignment of a variable that counts: the last one.
    pub fn last(&self, name: &str) -> Option<&Assignment> {
        self.assignments.iter().rev().find(|assignment| assignment.name == name)
    }

    /// The value of a variable in the end, as far as it is known.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.last(name).map(|assignment| assignment.value.as_str())
    }
}

/// Reads a file's assignments as `sh` would make them (POSIX.1-2017, XCU chapter 2).
///
/// `path` names the file in problems. `+=` is understood as bash does.
pub fn parse(text: &str, path: &str) -> Script {
    parse_after(text, path, &mut Variables::new())
}

/// As [`parse`], for a file that is read after others: their variables are known, and are left as
/// this file leaves them.
pub fn parse_after(text: &str, path: &str, variables: &mut Variables) -> Script {
    let mut evaluator = Evaluator { path, variables, script: Script::default(), depth: 0, subshells: 0, total: 0 };
    evaluator.run(Reader::new(text));
    evaluator.script
}

struct Evaluator<'a> {
    path: &'a str,
    variables: &'a mut Variables,
    script: Script,
    /// Open `if`, `case`, loops, groups and functions.
    depth: u32,
    subshells: u32,
    /// Bytes of all values.
    total: usize,
}

/// A simple command while its words are gathered.
#[derive(Default)]
struct Command {
    words: Vec<Word>,
    /// Behind `&&`, `||` or `|`.
    conditional: bool,
}

impl Evaluator<'_> {
    fn run(&mut self, mut reader: Reader<'_>) {
        let mut command = Command::default();
        loop {
            let token = reader.next_token(self.variables);
            for (line, what) in reader.take_problems() {
                self.problem(line, what);
            }
            match token {
                Token::Word(word) => {
                    if command.words.is_empty() && self.reserved(&word) {
                        continue;
                    }
                    command.words.push(word);
                }
                Token::Op(op) => {
                    let finished = std::mem::take(&mut command);
                    if !self.finish(finished) {
                        return;
                    }
                    match op {
                        Op::OpenParen => self.subshells = self.subshells.saturating_add(1),
                        Op::CloseParen => self.subshells = self.subshells.saturating_sub(1),
                        Op::Conditional => command.conditional = true,
                        Op::Separator => {}
                    }
                }
                Token::End => {
                    self.finish(command);
                    if self.depth > 0 {
                        self.problem(reader.line(), "ends inside an if, a loop or a group".to_owned());
                    }
                    return;
                }
            }
        }
    }

    fn problem(&mut self, line: u32, what: String) {
        let place = Location::line(self.path, line);
        self.script.problems.push(Problem::new(place.to_string(), what));
    }

    /// Follows the words that open and close compound commands.
    fn reserved(&mut self, word: &Word) -> bool {
        if word.quoted {
            return false;
        }
        match word.text.as_str() {
            "if" | "while" | "until" | "for" | "case" | "{" => {
                self.depth = self.depth.saturating_add(1);
                // `for x in a b` and `case x in` go on as commands that assign nothing.
                true
            }
            "fi" | "done" | "esac" | "}" => {
                self.depth = self.depth.saturating_sub(1);
                true
            }
            "then" | "else" | "elif" | "do" | "!" => true,
            _ => false,
        }
    }

    /// Runs a simple command; false when it ends the script.
    fn finish(&mut self, command: Command) -> bool {
        let conditional = command.conditional || self.depth > 0 || self.subshells > 0;
        let leading = command.words.iter().take_while(|word| word.assigned.is_some()).count();
        let Some(name) = command.words.get(leading) else {
            // Assignments alone; before a command they would hold for it only.
            for word in command.words {
                self.assign(word, conditional);
            }
            return self.total <= TOTAL_LIMIT;
        };
        match name.text.as_str() {
            "export" | "readonly" | "local" | "declare" | "typeset" => {
                for word in command.words.into_iter().skip(leading + 1) {
                    if word.assigned.is_some() {
                        self.assign(word, conditional);
                    }
                }
            }
            "unset" => {
                for word in command.words.into_iter().skip(leading + 1).filter(|word| !word.text.starts_with('-')) {
                    let emptied = Word { text: String::new(), assigned: Some((word.text, false)), ..word };
                    self.assign(emptied, conditional);
                }
            }
            "." | "source" => {
                if let Some(file) = command.words.get(leading + 1) {
                    self.script.sourced.push((Location::line(self.path, file.line), file.text.clone()));
                }
            }
            "exit" | "return" if !conditional => return false,
            _ => {}
        }
        self.total <= TOTAL_LIMIT
    }

    fn assign(&mut self, word: Word, conditional: bool) {
        let Some((name, append)) = word.assigned else { return };
        let mut value = word.text;
        if append && let Some(before) = self.variables.get(&name) {
            value = word::limited(format!("{before}{value}"));
        }
        self.total = self.total.saturating_add(value.len());
        if self.total > TOTAL_LIMIT {
            return self.problem(word.line, format!("its values exceed {TOTAL_LIMIT} bytes; the rest was not read"));
        }
        self.variables.insert(name.clone(), value.clone());
        self.script.assignments.push(Assignment { name, value, line: word.line, conditional, unclear: word.unclear });
    }
}

#[cfg(test)]
mod tests;
