//! What the variables are once a file was read: its commands one by one, as far as they set any.

use super::Shell;
use super::expansion::Expander;
use super::grammar::{Goes, Scope, Visitor, walk};
use super::lexer::name_at_start;
use super::options::Options;
use super::variables::{ASSIGNMENT, CARRIAGE_RETURN, CONDITIONAL, ENDED, TOTAL_LIMIT, Value, Variables};
use super::words::{Parts, Piece, Quote, assigned};
use isctpl_checks::facts::{Location, Problem};

/// Commands that may set any variable, or change how the shell goes on.
const UNFOLLOWED: [&str; 18] = [
    "alias",
    "builtin",
    "coproc",
    "enable",
    "eval",
    "getopts",
    "kill",
    "let",
    "mapfile",
    "popd",
    "pushd",
    "read",
    "readarray",
    "set",
    "shift",
    "shopt",
    "trap",
    "wait",
];

/// Commands that are followed here, which a function of the same name would replace.
const FOLLOWED: [&str; 13] = [
    "command", "declare", "exec", "exit", "export", "local", "printf", "readonly", "return", "source", "typeset",
    "unset", ".",
];

/// Commands before which an assignment stays in force in some shells (POSIX.1-2024, XCU 2.15).
const SPECIAL: [&str; 14] = [
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "source", "trap",
    "unset",
];

impl Variables {
    /// Reads a file as a shell would with `.` (POSIX.1-2024, XCU chapter 2), after those that were read before. `path`
    /// names it in problems and places.
    ///
    /// Gives what could not be understood, and what a shell refuses or may refuse. After any such thing no variable
    /// is certain.
    pub fn read(&mut self, text: &str, path: &str, shell: Shell) -> Vec<Problem> {
        let scope = Scope::default();
        let mut reading = Reading {
            path,
            shell,
            variables: self,
            problems: Vec::new(),
            scope,
            set: Vec::new(),
            command: 0,
            may_have_returned: false,
            only_ended: false,
        };
        walk(text, &mut reading);
        reading.problems
    }
}

struct Reading<'a> {
    path: &'a str,
    shell: Shell,
    variables: &'a mut Variables,
    problems: Vec<Problem>,
    /// Of the command that is read.
    scope: Scope,
    /// What the list of commands that is read has set.
    set: Vec<String>,
    /// How much of it was set before the last command.
    command: usize,
    /// A `return` may have been reached.
    may_have_returned: bool,
    /// Nothing but such an end is what the command that is read hangs on.
    only_ended: bool,
}

impl Reading<'_> {
    fn at(&self, line: u32) -> Location {
        Location::line(self.path, line)
    }

    fn note(&mut self, line: u32, what: impl Into<String>) {
        let problem = Problem::new(self.at(line).to_string(), what);
        self.variables.fault(&problem);
        // What is told takes room, too; the next word ends the reading where there is no more.
        self.variables.spend(problem.what.len() + ASSIGNMENT);
        self.problems.push(problem);
    }

    /// Runs a simple command.
    fn run(&mut self, words: &[(&str, u32)]) -> Goes {
        let leading = words.iter().take_while(|(word, _)| assigned(word).is_some()).count();
        let (assignments, words) = words.split_at(leading);
        if words.is_empty() {
            return self.assignments(assignments);
        }
        // Every word is expanded before anything is set.
        let mut values = Vec::with_capacity(words.len());
        for (word, line) in words {
            values.push(self.expanded(word, *line)?);
        }
        for (word, line) in assignments {
            // Before a command it holds for that command only.
            self.expanded(word, *line)?;
        }
        let mut name = 0;
        while values.get(name).is_some_and(|value| value.text == "command" && is_certain(words[name].0, value)) {
            name += 1;
            // `command -v` only asks.
            if matches!(words.get(name), Some(("-v" | "-V", _))) {
                return Ok(());
            }
        }
        let (Some(value), Some((word, line))) = (values.get(name), words.get(name)) else { return Ok(()) };
        if !is_certain(word, value) || word.starts_with('-') || word.contains("\\\n") {
            self.note(*line, "runs a command whose name is not written out, and which may set any variable");
        }
        if SPECIAL.contains(&value.text.as_str()) {
            for (word, line) in assignments {
                let (name, ..) = assigned(word).unwrap_or_default();
                self.doubt(name, "not every shell keeps it", *line)?;
            }
        }
        let arguments: Vec<Argument<'_>> = words
            .iter()
            .zip(&values)
            .skip(name + 1)
            .map(|((written, line), value)| Argument { written, line: *line, value })
            .collect();
        self.variables.may_have_ended |= self.variables.options.may_end_with(&value.text);
        self.builtin(&value.text, *line, &arguments)
    }

    fn assignments(&mut self, assignments: &[(&str, u32)]) -> Goes {
        let before = self.set.len();
        for (word, line) in assignments {
            let Some((name, append, written)) = assigned(word) else { continue };
            let bare = written.strip_suffix('\r').unwrap_or(written);
            let value = self.expanded(bare, *line)?;
            self.assign(name, append, written, value, *line)?;
        }
        if self.shell == Shell::Any && assignments.iter().any(|(word, _)| is_append(word)) {
            self.doubt_since(before, "`+=` is bash's, and the name of a command in other shells");
            self.variables.may_have_ended |= self.variables.options.ends_at_failure;
        }
        Ok(())
    }

    fn builtin(&mut self, name: &str, line: u32, arguments: &[Argument<'_>]) -> Goes {
        let first = arguments.first();
        match name {
            "export" | "readonly" | "local" | "declare" | "typeset" => return self.declaration(name, arguments),
            "unset" => return self.unset(arguments),
            "for" | "select" => match first {
                Some(variable) if name_at_start(variable.written) == variable.written => {
                    self.doubt(variable.written, "a loop sets it", line)?;
                }
                _ => self.note(line, "runs a loop over what is no name of a variable"),
            },
            "." | "source" => {
                self.variables.read_in(self.at(line));
                // Where there is no such file most shells end.
                self.variables.may_have_ended |= name == "." && self.shell == Shell::Any && !self.scope.conditional;
            }
            "set" if arguments.iter().all(|argument| Options::is_known(argument.written)) && !arguments.is_empty() => {
                let conditional = self.scope.conditional;
                arguments.iter().for_each(|option| self.variables.options.take(option.written, conditional));
            }
            // A format, but for bash's `-v NAME`.
            "printf"
                if first.is_none_or(|first| !first.value.text.starts_with('-') && first.value.unclear.is_none()) => {}
            "printf" => self.note(line, "runs `printf`, which may set a variable"),
            // Without a command it only redirects.
            "exec" if arguments.is_empty() => {}
            "exit" | "exec" | "return" => return self.end(name, arguments),
            _ if name.starts_with("((") => self.note(line, "computes a number, which may set a variable"),
            _ if UNFOLLOWED.contains(&name) => {
                self.note(line, format!("runs `{name}`, which may set any variable, or end the shell"));
            }
            _ if name.contains("]=") || name.contains("]+=") => {
                let variable = name.split('[').next().unwrap_or_default();
                self.doubt(variable, "it is a list", line)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The end of this file, or of the shell.
    fn end(&mut self, name: &str, arguments: &[Argument<'_>]) -> Goes {
        let Scope { conditional, subshell, function } = self.scope;
        // What expands to nothing may leave `exec` without a command.
        let doubtful = conditional || name == "exec" && arguments.iter().any(|argument| argument.written.contains('$'));
        match name {
            _ if subshell => {}
            "return" => self.may_have_returned |= doubtful && !function,
            _ => self.variables.may_have_ended = true,
        }
        if doubtful { Ok(()) } else { Err(()) }
    }

    fn unset(&mut self, arguments: &[Argument<'_>]) -> Goes {
        if arguments.iter().any(|argument| argument.written == "-f") {
            return Ok(());
        }
        for Argument { written: word, line, .. } in arguments.iter().filter(|argument| argument.written != "-v") {
            if name_at_start(word) != *word {
                self.note(*line, "unsets a variable whose name is not written out");
                continue;
            }
            self.assign(word, false, "", Value::default(), *line)?;
            if !self.scope.conditional {
                self.variables.unset(word);
            }
        }
        Ok(())
    }

    /// `export NAME=VALUE` and its kin.
    fn declaration(&mut self, name: &str, arguments: &[Argument<'_>]) -> Goes {
        let mut readonly = name == "readonly";
        for Argument { written: word, line, value } in arguments {
            if word.starts_with('-') {
                match *word {
                    "-x" | "-g" | "-p" => {}
                    "-r" => readonly = true,
                    _ => self.note(*line, "declares variables with options that not every shell knows"),
                }
                continue;
            }
            let before = self.set.len();
            let variable = match assigned(word) {
                Some((variable, append, written)) => {
                    let mut value = (*value).clone();
                    value.text.drain(..word.len() - written.len());
                    if value.text.ends_with('\r') && written.ends_with('\r') {
                        value.text.pop();
                    }
                    if value.text.contains(PARTING) && is_split(word) || self.variables.is_set("IFS", false) {
                        value.note("not every shell keeps it together");
                    }
                    if append && self.shell == Shell::Any {
                        self.note(*line, "declares a variable with `+=`, at which a shell other than bash stops");
                    }
                    self.assign(variable, append, written, value, *line)?;
                    variable
                }
                None => word,
            };
            if name_at_start(variable) != variable {
                self.note(*line, "declares what is no name of a variable, or none that is written out");
            }
            if name == "local" && !self.scope.function && self.shell == Shell::Any {
                self.note(*line, "declares a variable of a function outside of one, at which a shell may stop");
            }
            let known = match name {
                "export" | "readonly" => true,
                "local" => false,
                _ => self.shell == Shell::Bash,
            };
            if !known {
                self.doubt(variable, "not every shell declares it so", *line)?;
                self.doubt_since(before, "not every shell declares it so");
            }
            if readonly {
                self.variables.readonly.insert(variable.to_owned());
            }
        }
        Ok(())
    }

    /// What was set since there was so much is not known for certain.
    fn doubt_since(&mut self, before: usize, why: &'static str) {
        for name in self.set.split_off(before.min(self.set.len())) {
            if let Some(at) = self.variables.place(&name).cloned() {
                self.variables.doubt(&name, why, at);
            }
            self.set.push(name);
        }
    }

    fn doubt(&mut self, name: &str, why: &'static str, line: u32) -> Goes {
        self.spend(name.len() + ASSIGNMENT, line)?;
        self.variables.doubt(name, why, self.at(line));
        if self.scope.function {
            self.variables.set_by_function(name, self.at(line));
        }
        Ok(())
    }

    /// A word's value. What `${NAME:=…}` in it sets is set.
    fn expanded(&mut self, word: &str, line: u32) -> Result<Value, ()> {
        let at = self.at(line);
        let mut expander = Expander::new(self.variables, &at);
        let value = expander.value(word);
        let (sets, problem) = (expander.sets, expander.problem);
        for (name, value) in sets {
            self.set(&name, value, line, false)?;
        }
        if let Some(problem) = problem {
            self.note(line, problem);
        }
        // The status of an assignment is that of the command in it.
        self.variables.may_have_ended |=
            self.variables.options.ends_at_failure && (word.contains("$(") || word.contains('`'));
        self.spend(size_of::<Value>() + size_of::<Argument<'_>>() + value.text.len(), line)?;
        Ok(value)
    }

    fn spend(&mut self, bytes: usize, line: u32) -> Goes {
        if !self.variables.spend(bytes) {
            self.note(line, format!("its values exceed {TOTAL_LIMIT} bytes; the rest was not read"));
            return Err(());
        }
        Ok(())
    }

    /// Sets a variable to the value of what is written behind the `=`, without its carriage return.
    fn assign(&mut self, name: &str, append: bool, written: &str, mut value: Value, line: u32) -> Goes {
        if written.ends_with('\r') {
            value.note(CARRIAGE_RETURN);
        }
        if written.starts_with('(') {
            value = Value { text: String::new(), unclear: Some("it is a list") };
            if self.shell == Shell::Any {
                self.note(line, "sets a list, at which a shell other than bash stops");
            }
        }
        if append {
            let mut longer = self.variables.value(name);
            longer.append(&value);
            value = longer;
        }
        if value.cut() {
            self.note(line, "a value is too long and was cut");
        }
        self.set(name, value, line, !append && !written.contains(['$', '`', '\n']))
    }

    fn set(&mut self, name: &str, value: Value, line: u32, literal: bool) -> Goes {
        self.spend(value.text.len() + ASSIGNMENT, line)?;
        if self.variables.readonly.contains(name) {
            self.note(line, format!("sets {name}, which is read-only: a shell may stop here"));
            return Err(());
        }
        self.variables.set(name, value, self.at(line), literal);
        self.set.push(name.to_owned());
        if self.scope.conditional {
            self.doubt(name, if self.only_ended { ENDED } else { CONDITIONAL }, line)?;
        }
        Ok(())
    }
}

/// An argument of a command.
struct Argument<'a> {
    written: &'a str,
    line: u32,
    value: &'a Value,
}

impl Visitor for Reading<'_> {
    fn command(&mut self, words: &[(&str, u32)], scope: Scope) -> Goes {
        self.command = self.set.len();
        let ended = self.variables.may_have_ended || self.may_have_returned;
        self.only_ended = ended && !scope.conditional;
        self.scope = Scope { conditional: scope.conditional || ended, ..scope };
        self.run(words)
    }

    fn word(&mut self, word: &str, line: u32, scope: Scope) -> Goes {
        // The file of a redirection may be one that cannot be opened.
        self.variables.may_have_ended |= self.variables.options.ends_at_failure && word != "/dev/null";
        self.only_ended = false;
        // Shells expand it at other times.
        self.scope = Scope { conditional: true, ..scope };
        self.expanded(word, line).map(|_| ())
    }

    fn function(&mut self, name: &str, line: u32) {
        if FOLLOWED.contains(&name) || name_at_start(name).is_empty() {
            self.note(line, format!("defines a function in place of `{name}`"));
        }
    }

    /// In the background commands change nothing here.
    fn list_ends(&mut self, background: bool) {
        if background {
            self.doubt_since(0, "it is set in the background");
        }
        self.set.clear();
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

/// What some shells part a value at, or take for a pattern, where it stands in no quotes.
const PARTING: [char; 9] = [' ', '\t', '\n', '*', '?', '[', '{', '~', '\\'];

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

/// Whether the name of a command is known.
fn is_certain(word: &str, value: &Value) -> bool {
    matches!(word, "[" | "[[") || word.starts_with("((") || value.unclear.is_none() && !is_split(word)
}
