//! The assignments of a shell's file in the order in which they are made.

use super::Shell;
use super::expansion::{Expander, Value, Variables};
use super::grammar::{Goes, Scope, Visitor, walk};
use super::lexer::name_at_start;
use super::words::{Parts, Piece, Quote, assigned};
use isctpl_checks::facts::{Location, Problem};
use std::collections::BTreeSet;

/// The most that all values of one file may grow to; a variable that is repeated again and again ends here.
const TOTAL_LIMIT: usize = 8 << 20;

/// The most assignments of one file that are kept.
const ASSIGNMENT_LIMIT: usize = 20_000;

/// Commands that may set any variable.
const UNFOLLOWED: [&str; 9] = ["alias", "builtin", "eval", "getopts", "let", "mapfile", "read", "readarray", "shopt"];

/// Commands before which an assignment stays in force in some shells (POSIX.1-2024, XCU 2.15).
const SPECIAL: [&str; 14] = [
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "source", "trap",
    "unset",
];

/// What a file assigns, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// The assignments, in order.
    pub assignments: Vec<Assignment>,
    /// Files that it reads in (`. FILE`), which were not followed, and where it says so.
    pub sourced: Vec<(Location, String)>,
    /// What could not be understood, and what a shell refuses or may refuse: it then runs nothing that follows.
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
    pub unclear: Option<&'static str>,
    /// Whether the value is written out on its line: no variable stands in it, and no end of a line.
    pub literal: bool,
}

impl Assignment {
    /// Why it is not known what the variable holds, in a sentence.
    pub(crate) fn doubt(&self) -> Option<String> {
        match (self.unclear, self.conditional) {
            (Some(why), _) => Some(format!("the value of {} is not known: {why}", self.name)),
            (None, true) => Some(format!("{} is set under a condition, which isctpl does not evaluate", self.name)),
            (None, false) => None,
        }
    }
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

/// Reads a file's assignments as a shell would make them (POSIX.1-2024, XCU chapter 2).
///
/// `path` names the file in problems.
pub fn parse(text: &str, path: &str, shell: Shell) -> Script {
    parse_after(text, path, shell, &mut Variables::default())
}

/// As [`parse`], for a file that is read after others: their variables are known, and are left as
/// this file leaves them.
pub fn parse_after(text: &str, path: &str, shell: Shell, variables: &mut Variables) -> Script {
    let mut evaluator = Evaluator {
        path,
        shell,
        variables,
        script: Script::default(),
        list: 0,
        command: 0,
        may_have_ended: false,
        readonly: BTreeSet::new(),
        spent: 0,
    };
    walk(text, &mut evaluator);
    evaluator.script
}

struct Evaluator<'a> {
    path: &'a str,
    shell: Shell,
    variables: &'a mut Variables,
    script: Script,
    /// Where the list of commands that is read began among the assignments.
    list: usize,
    /// Where the last command began among them.
    command: usize,
    /// An `exit` may have been reached.
    may_have_ended: bool,
    readonly: BTreeSet<String>,
    /// Bytes of all values.
    spent: usize,
}

impl Evaluator<'_> {
    fn note(&mut self, line: u32, what: impl Into<String>) {
        let place = Location::line(self.path, line);
        self.script.problems.push(Problem::new(place.to_string(), what));
    }

    /// Runs a simple command.
    fn run(&mut self, words: &[(&str, u32)], scope: Scope) -> Goes {
        let conditional = scope.conditional;
        let leading = words.iter().take_while(|(word, _)| assigned(word).is_some()).count();
        let (assignments, rest) = words.split_at(leading);
        let Some(((name, line), arguments)) = rest.split_first() else {
            let before = self.script.assignments.len();
            assignments.iter().try_for_each(|(word, line)| self.assign(word, *line, conditional, false))?;
            if self.shell == Shell::Any && assignments.iter().any(|(word, _)| is_append(word)) {
                self.doubt_since(before, "`+=` is bash's, and the name of a command in other shells");
            }
            return Ok(());
        };
        self.side_effects(name, *line, conditional)?;
        if name.contains("\\\n") {
            self.note(*line, "has a word that goes on in the next line, which isctpl does not follow");
        }
        for (word, line) in assignments {
            // Before a command it holds for that command only.
            self.side_effects(word, *line, conditional)?;
            // What expands to nothing is no command.
            if SPECIAL.contains(name) || name.contains(['$', '`']) {
                let (name, ..) = assigned(word).unwrap_or_default();
                self.variables.doubt(name, "not every shell keeps it");
            }
        }
        self.builtin(name, *line, arguments, scope)
    }

    fn builtin(&mut self, name: &str, line: u32, arguments: &[(&str, u32)], scope: Scope) -> Goes {
        let conditional = scope.conditional;
        match name {
            "export" | "readonly" | "local" | "declare" | "typeset" => {
                return self.declaration(name, arguments, conditional);
            }
            "unset" => {
                let functions = arguments.iter().any(|(word, _)| *word == "-f");
                for (word, line) in arguments.iter().filter(|(word, _)| !functions && !word.starts_with('-')) {
                    if name_at_start(word) != *word {
                        self.note(*line, "unsets a variable whose name is not written out");
                    }
                    self.assign(&format!("{word}="), *line, conditional, true)?;
                    if !conditional {
                        self.variables.unset(word);
                    }
                }
                return Ok(());
            }
            "for" | "select" => {
                let (name, _) = arguments.first().copied().unwrap_or_default();
                self.variables.doubt(name, "a loop sets it");
            }
            "." | "source" => {
                if let Some((file, line)) = arguments.first() {
                    let value = self.expanded(file, *line, conditional)?;
                    self.spend(value.text.len(), *line)?;
                    self.script.sourced.push((Location::line(self.path, *line), value.text));
                }
            }
            "exit" | "return" if conditional => {
                self.may_have_ended |= !(scope.subshell || name == "return" && scope.function);
            }
            "exit" | "return" => return Err(()),
            _ if UNFOLLOWED.contains(&name) => {
                self.note(line, format!("runs `{name}`, which may set any variable"));
            }
            _ if name.contains("]=") || name.contains("]+=") => {
                let variable = name.split('[').next().unwrap_or_default();
                self.variables.doubt(variable, "it is a list");
            }
            _ => {}
        }
        arguments.iter().try_for_each(|(word, line)| self.side_effects(word, *line, conditional))
    }

    /// `export NAME=VALUE` and its kin.
    fn declaration(&mut self, name: &str, arguments: &[(&str, u32)], conditional: bool) -> Goes {
        let mut options = false;
        for (word, line) in arguments {
            if word.starts_with('-') {
                options |= !matches!(*word, "-x" | "-r" | "-g" | "-p");
                continue;
            }
            let before = self.script.assignments.len();
            if assigned(word).is_some() {
                self.assign(word, *line, conditional, true)?;
            }
            if assigned(word).is_none() && name_at_start(word) != *word {
                self.note(*line, "declares what is no name of a variable, or none that is written out");
            }
            let variable = assigned(word).map_or(*word, |(variable, ..)| variable);
            let known = match name {
                "export" | "readonly" => true,
                "local" => false,
                _ => self.shell == Shell::Bash,
            };
            if options || !known {
                self.variables.doubt(variable, "not every shell declares it so");
                self.doubt_since(before, "not every shell declares it so");
            }
            if self.shell == Shell::Any && is_append(word) {
                self.note(*line, "declares a variable with `+=`, at which a shell other than bash stops");
            }
            if name == "readonly" {
                self.readonly.insert(variable.to_owned());
            }
        }
        Ok(())
    }

    /// What was assigned since there were so many assignments is not known for certain.
    fn doubt_since(&mut self, before: usize, why: &'static str) {
        for assignment in self.script.assignments.iter_mut().skip(before) {
            assignment.unclear.get_or_insert(why);
            self.variables.doubt(&assignment.name, why);
        }
    }

    /// What `${NAME:=…}` in a word sets.
    fn side_effects(&mut self, word: &str, line: u32, conditional: bool) -> Goes {
        if word.contains('$') {
            let spent = self.expanded(word, line, conditional)?.text.len();
            self.spend(spent, line)?;
        }
        Ok(())
    }

    fn expanded(&mut self, word: &str, line: u32, conditional: bool) -> Result<Value, ()> {
        let mut expander = Expander::new(self.variables);
        let value = expander.value(word);
        let (sets, problem) = (expander.sets, expander.problem);
        for (name, value) in sets {
            self.set(name, value, line, conditional, false)?;
        }
        if let Some(problem) = problem {
            self.note(line, problem);
        }
        Ok(value)
    }

    fn spend(&mut self, bytes: usize, line: u32) -> Goes {
        self.spent = self.spent.saturating_add(bytes);
        if self.spent > TOTAL_LIMIT {
            self.note(line, format!("its values exceed {TOTAL_LIMIT} bytes; the rest was not read"));
            return Err(());
        }
        Ok(())
    }

    /// `declared` behind `export` and its kin, where some shells split a value that stands in no quotes.
    fn assign(&mut self, word: &str, line: u32, conditional: bool, declared: bool) -> Goes {
        let Some((name, append, written)) = assigned(word) else { return Ok(()) };
        let bare = written.strip_suffix('\r').unwrap_or(written);
        let mut value = self.expanded(bare, line, conditional)?;
        if bare.len() < written.len() {
            value.note("its line ends in a carriage return, which a shell takes for a part of it");
        }
        if bare.starts_with('(') {
            value = Value { text: String::new(), unclear: Some("it is a list") };
            if self.shell == Shell::Any {
                self.note(line, "sets a list, at which a shell other than bash stops");
            }
        }
        if declared && value.text.contains([' ', '\t', '\n', '*', '?', '[', '{', '~', '\\']) && is_split(bare) {
            value.note("not every shell keeps it together");
        }
        if append {
            let mut longer = self.variables.value(name);
            longer.append(&value);
            value = longer;
        }
        if value.cut() {
            self.note(line, "a value is too long and was cut");
        }
        self.set(name.to_owned(), value, line, conditional, !bare.contains(['$', '`', '\n']))
    }

    fn set(&mut self, name: String, value: Value, line: u32, conditional: bool, literal: bool) -> Goes {
        self.spend(value.text.len(), line)?;
        if self.script.assignments.len() == ASSIGNMENT_LIMIT {
            self.note(line, format!("has more than {ASSIGNMENT_LIMIT} assignments; the rest was not read"));
            return Err(());
        }
        if self.readonly.contains(&name) {
            self.note(line, format!("sets {name}, which is read-only: a shell may stop here"));
            return Err(());
        }
        self.variables.set(&name, value.clone());
        if conditional {
            self.variables.doubt(&name, "it is set under a condition");
        }
        let Value { text, unclear } = value;
        self.script.assignments.push(Assignment { name, value: text, line, conditional, unclear, literal });
        Ok(())
    }
}

impl Visitor for Evaluator<'_> {
    fn command(&mut self, words: &[(&str, u32)], scope: Scope) -> Goes {
        self.command = self.script.assignments.len();
        self.run(words, Scope { conditional: scope.conditional || self.may_have_ended, ..scope })
    }

    fn word(&mut self, word: &str, line: u32, conditional: bool) -> Goes {
        self.side_effects(word, line, conditional)
    }

    /// In the background commands change nothing here.
    fn list_ends(&mut self, background: bool) {
        for assignment in self.script.assignments.iter_mut().skip(self.list).filter(|_| background) {
            assignment.conditional = true;
            self.variables.doubt(&assignment.name, "it is set in the background");
        }
        self.list = self.script.assignments.len();
    }

    fn problem(&mut self, line: u32, what: String) {
        self.note(line, what);
    }

    fn cut_off(&mut self) {
        self.doubt_since(self.command, "its quote is not closed");
    }
}

fn is_append(word: &str) -> bool {
    assigned(word).is_some_and(|(_, append, _)| append)
}

/// Whether a part of a word that stands in no quotes may be split, or taken for a pattern.
fn is_split(word: &str) -> bool {
    Parts::of(word, 1).any(|part| {
        part.quote == Quote::None
            && match part.piece {
                Piece::Text(text) => text.contains(['*', '?', '[', '{', '~']),
                _ => true,
            }
    })
}
