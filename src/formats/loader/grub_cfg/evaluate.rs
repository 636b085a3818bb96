//! Runs the statements of a configuration.

use super::boot_menu::Setting;
use super::condition::{self, Argument};
use super::definition::{self, Definition, Kind, LoadedFiles};
use super::syntax::{self, Part, Statement, Word};
use super::variables::Variables;
use super::world::World;
use crate::formats::text::harmless::is_loader_setting;
use isctpl_checks::facts::{HIDDEN, Location, Problem};
use std::rc::Rc;

/// How much is run: one step a command and a word, and one for every four bytes that a word or a value comes to. A
/// real file takes some ten thousand.
const STEP_LIMIT: usize = 250_000;

/// The most bytes that one word comes to when variables are put in; a kernel takes no longer command line than 4 KiB.
const WORD_LIMIT: usize = 32 << 10;

/// The most bytes that the words of one command come to.
const COMMAND_LIMIT: usize = 64 << 10;

/// The most bytes that are said of what the variables of a value hold.
const ORIGINS_LIMIT: usize = 512;

/// The most problems that are told of a configuration.
const PROBLEM_LIMIT: usize = 200;

/// A running script.
pub(super) struct Evaluator<'a> {
    pub(super) world: &'a dyn World,
    pub(super) variables: Variables,
    /// The file that is run, for places.
    pub(super) path: String,
    /// The entries of the menu that is built.
    pub(super) definitions: Vec<Definition>,
    pub(super) problems: Vec<Problem>,
    /// The first thing that was not read, so that the menu is not known; within an entry, of that entry.
    pub(super) left_out: Option<Problem>,
    /// Within a branch that may not be taken.
    pub(super) uncertain: bool,
    steps: usize,
    /// How many files are being read in, one by another.
    pub(super) sources: u32,
    pub(super) stopped: bool,
    /// The construct that a file ends in.
    pub(super) unfinished: Option<Location>,
    /// What the entry that is run has loaded; `None` while the menu is built.
    pub(super) loaded: Option<LoadedFiles>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(path: &str, world: &'a dyn World) -> Self {
        Self {
            world,
            variables: Variables::at_start(),
            path: path.to_owned(),
            definitions: Vec::new(),
            problems: Vec::new(),
            left_out: None,
            uncertain: false,
            steps: 0,
            sources: 0,
            stopped: false,
            unfinished: None,
            loaded: None,
        }
    }
}

/// The steps that a text of this length takes.
pub(super) fn cost(length: usize) -> usize {
    1 + length / 4
}

/// Appends to the text of a word; `None` when it would grow longer than is kept.
pub(super) fn push_within(text: &mut String, piece: &str) -> Option<()> {
    (text.len() + piece.len() <= WORD_LIMIT).then(|| text.push_str(piece))
}

impl Evaluator<'_> {
    pub(super) fn place(&self, line: u32) -> Location {
        Location::line(&self.path, line)
    }

    pub(super) fn problem(&mut self, line: u32, what: impl Into<String>) {
        if self.problems.len() < PROBLEM_LIMIT {
            self.problems.push(Problem::new(self.place(line).to_string(), what));
        }
    }

    /// Notes what is not read: whatever hangs on it is not known.
    pub(super) fn leave_out(&mut self, problem: Problem) {
        self.left_out.get_or_insert_with(|| problem.clone());
        if self.problems.len() < PROBLEM_LIMIT {
            self.problems.push(problem);
        }
    }

    /// Counts work done; false when there was too much of it.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > STEP_LIMIT && !self.stopped {
            self.stopped = true;
            let problem = Problem::new(&self.path, "takes too long to evaluate; the rest was not read");
            self.problems.push(problem.clone());
            self.left_out.get_or_insert(problem);
        }
        !self.stopped
    }

    /// Counts a word of this length, with which a command has come to `length`; false when that is too much.
    pub(super) fn spend_word(&mut self, word: usize, length: usize, line: u32) -> bool {
        if length > COMMAND_LIMIT {
            let what = "the command grows longer than isctpl reads; the rest of it was not read";
            self.leave_out(Problem::new(self.place(line).to_string(), what));
        }
        self.spend(cost(word)) && length <= COMMAND_LIMIT
    }

    pub(super) fn file(&mut self, text: &str, path: String) {
        let outer = std::mem::replace(&mut self.path, path);
        let script = syntax::parse(text);
        for (line, what) in script.problems {
            self.problem(line, what);
        }
        if let Some((line, what)) = script.left_out {
            self.leave_out(Problem::new(self.place(line).to_string(), what));
        }
        let unfinished = script.unfinished.map(|line| self.place(line));
        self.unfinished = self.unfinished.take().or(unfinished);
        self.block(&script.statements);
        self.path = outer;
    }

    pub(super) fn setting(&self, name: &str) -> Setting {
        let Some(value) = self.variables.get(name) else { return Setting::default() };
        Setting {
            value: value.text.clone().filter(|text| !text.is_empty()),
            undecided: value.text.is_none(),
            because: value.because.clone(),
            at: value.at.clone(),
        }
    }

    /// Runs statements; the answer is that of the last command, as a condition needs it.
    pub(super) fn block(&mut self, statements: &[Statement]) -> Option<bool> {
        let mut answer = Some(true);
        for statement in statements {
            if !self.spend(1) {
                return None;
            }
            match statement {
                Statement::Command(words) => answer = self.command(words),
                Statement::If { arms, otherwise } => self.conditional(arms, otherwise),
                Statement::Loop { body, line } => {
                    self.problem(*line, "isctpl does not run loops; it read the commands of this one once");
                    self.maybe(body);
                }
                Statement::Function => {}
                // An entry that defines entries defines them when it is too late to choose.
                Statement::Menu { submenu, words, body, line } if self.loaded.is_none() => {
                    self.define(*submenu, words, body, *line);
                }
                Statement::Menu { .. } => {}
            }
        }
        answer
    }

    fn conditional(&mut self, arms: &[(Vec<Statement>, Vec<Statement>)], otherwise: &[Statement]) {
        let outer = self.uncertain;
        let mut left_behind: Option<Variables> = None;
        let mut taken = false;
        for (condition, body) in arms {
            match self.block(condition) {
                Some(true) => {
                    self.block(body);
                    taken = true;
                    break;
                }
                Some(false) => {}
                None => {
                    if !self.spend(self.variables.len()) {
                        break;
                    }
                    self.uncertain = true;
                    let before = self.variables.clone();
                    self.block(body);
                    let after = std::mem::replace(&mut self.variables, before);
                    match &mut left_behind {
                        Some(joined) => joined.join(&after),
                        None => left_behind = Some(after),
                    }
                }
            }
        }
        if !taken {
            self.block(otherwise);
        }
        if let Some(joined) = left_behind {
            self.variables.join(&joined);
        }
        self.uncertain = outer;
    }

    /// Runs what may happen or not.
    fn maybe(&mut self, body: &[Statement]) {
        if self.spend(self.variables.len()) {
            let before = self.variables.clone();
            let outer = std::mem::replace(&mut self.uncertain, true);
            self.block(body);
            self.uncertain = outer;
            self.variables.join(&before);
        }
    }

    /// A word's text; `None` when a variable in it is not known, or when it is longer than is kept.
    pub(super) fn text(&self, word: &Word) -> Option<String> {
        let mut text = String::new();
        for part in &word.parts {
            let piece = match part {
                Part::Text(piece) => piece,
                Part::Variable { name, .. } => self.variables.text(name)?,
            };
            push_within(&mut text, piece)?;
        }
        Some(text)
    }

    /// Words as arguments: variables outside of quotes are split at white space, and vanish when empty.
    pub(super) fn arguments(&mut self, words: &[Word]) -> Vec<Argument> {
        let mut arguments = Vec::new();
        let mut length = 0;
        for word in words {
            let splits = word.parts.iter().any(|part| matches!(part, Part::Variable { quoted: false, .. }));
            let text = self.text(word);
            length += text.as_ref().map_or(0, String::len);
            if !self.spend_word(text.as_ref().map_or(0, String::len), length, word.line) {
                break;
            }
            match text {
                Some(text) if splits && !word.quoted => {
                    arguments.extend(text.split_whitespace().map(|piece| Some(piece.to_owned())));
                }
                text => arguments.push(text),
            }
        }
        arguments
    }

    fn command(&mut self, words: &[Word]) -> Option<bool> {
        let is_mark = |word: &&Word| matches!(word.parts.as_slice(), [Part::Text(text)] if text == "!");
        let marks = words.iter().take_while(is_mark).count();
        let answer = self.simple_command(words.get(marks..).unwrap_or_default());
        answer.map(|truth| truth == (marks % 2 == 0))
    }

    /// Runs a command; `None` when only the machine knows whether it succeeds.
    fn simple_command(&mut self, words: &[Word]) -> Option<bool> {
        let (first, rest) = words.split_first()?;
        let line = first.line;
        if first.is_assignment() {
            self.assign(first, "");
            return Some(true);
        }
        let name = self.text(first)?;
        match name.as_str() {
            "[" | "test" => {
                let mut arguments = self.arguments(rest);
                if name == "[" {
                    arguments.pop();
                }
                return condition::test(&arguments, self.world);
            }
            "true" => return Some(true),
            "false" => return Some(false),
            "set" => {
                if let Some(word) = rest.first() {
                    self.assign(word, "set ");
                }
            }
            "unset" => {
                for argument in self.arguments(rest).into_iter().flatten() {
                    self.variables.unset(&argument);
                }
            }
            "load_env" => self.load_env(rest, line),
            "search" | "search.fs_uuid" | "search.fs_label" | "search.file" => {
                self.search(&name, rest, line);
                // Whether it finds anything only the machine knows.
                return None;
            }
            "source" | "." | "configfile" | "normal" if self.loaded.is_none() => self.source(&name, rest, line),
            "blscfg" if self.loaded.is_none() => self.bls(line),
            // These only show, load modules or write.
            "insmod" | "echo" | "export" | "save_env" | "terminal_input" | "terminal_output" | "serial" => {}
            _ => return self.load(&name, rest, line),
        }
        Some(true)
    }

    fn assign(&mut self, word: &Word, command: &str) {
        let source = word.source();
        let Some((name, written)) = source.split_once('=') else { return };
        let text = self.text(word).and_then(|text| text.split_once('=').map(|(_, value)| value.to_owned()));
        let because = format!("{command}{name}=\"{written}\"{}", self.origins(word));
        if !self.spend(cost(text.as_ref().map_or(0, String::len) + because.len())) {
            return;
        }
        self.variables.set(name, text, because, Some(self.place(word.line)));
    }

    /// Says what the variables of a word hold, and where that came from.
    fn origins(&self, word: &Word) -> String {
        let mut said = String::new();
        for part in &word.parts {
            if said.len() > ORIGINS_LIMIT {
                said.push_str(", …");
                break;
            }
            if let Part::Variable { name, .. } = part {
                match self.variables.get(name) {
                    None => said.push_str(&format!(", {name} is not set")),
                    Some(value) => match &value.text {
                        Some(text) => {
                            let shown = if is_loader_setting(name) { text } else { HIDDEN };
                            said.push_str(&format!(", {name} is \"{shown}\""));
                            if value.because.starts_with("in ") {
                                said.push_str(&format!(" {}", value.because));
                            }
                        }
                        None => said.push_str(&format!(", {name} is not known")),
                    },
                }
            }
        }
        said
    }

    pub(super) fn add(&mut self, kind: Kind, at: Location) {
        let uncertain = self.uncertain;
        self.definitions.push(Definition { kind, at, uncertain });
    }

    fn define(&mut self, submenu: bool, words: &[Word], body: &Rc<[Statement]>, line: u32) {
        let arguments = self.arguments(words);
        let header = definition::header(arguments);
        let body = Rc::clone(body);
        let kind = if submenu { Kind::Submenu { header, body } } else { Kind::Entry { header, body } };
        self.add(kind, self.place(line));
    }
}
