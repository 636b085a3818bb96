//! Runs the statements of a configuration (`grub-core/script/execute.c`).

use super::argument::Argument;
use super::boot_menu::Setting;
use super::definition::{Definition, Kind, LoadedFiles};
use super::lexer::Word;
use super::status::{BAD_ARGUMENT, Flow, Status};
use super::syntax::{self, Statement};
use super::variables::Variables;
use super::world::World;
use isctpl_checks::facts::{Location, Problem, Start};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How much is run: one step a command and a word, and one for every four bytes that a word or a value comes to. A
/// real file takes some ten thousand.
const STEP_LIMIT: usize = 250_000;

/// The most problems that are told of a configuration.
const PROBLEM_LIMIT: usize = 200;

/// How deep statements and functions may stand in each other while they run (`MAX_RECURSION_DEPTH`).
const RECURSION_LIMIT: u32 = 64;

/// What a branch leaves behind.
#[derive(Debug, Clone)]
pub(super) struct State {
    variables: Variables,
    loaded: LoadedFiles,
    scope: Option<Rc<[Argument]>>,
}

/// A running script.
pub(super) struct Evaluator<'a> {
    pub(super) world: &'a dyn World,
    pub(super) variables: Variables,
    pub(super) functions: BTreeMap<String, Rc<[Statement]>>,
    /// The positional parameters, where there are any.
    pub(super) scope: Option<Rc<[Argument]>>,
    /// `$?`.
    pub(super) status: Status,
    /// Whether a command has run, so that `$?` is set.
    pub(super) has_run: bool,
    pub(super) flow: Flow,
    /// How many loops run around a command, counted from the last call of a function.
    pub(super) loops: u32,
    /// Whether the statements of a function run, and not those of a file that it reads in.
    pub(super) in_function: bool,
    /// States of branches that may have been taken and that left the construct: how, and with what.
    pub(super) parted: Vec<(Flow, State)>,
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
    depth: u32,
    /// How many files are being read in, one by another.
    pub(super) sources: u32,
    pub(super) stopped: bool,
    /// The construct that a file ends in.
    pub(super) unfinished: Option<Location>,
    /// What has been loaded, and what else was started.
    pub(super) loaded: LoadedFiles,
    /// Whether an entry is run, and the menu is known.
    pub(super) in_entry: bool,
    /// What `save_env` has written: each variable with its value.
    pub(super) saved: BTreeMap<String, String>,
    /// What goes on in GRUB's place before a menu is shown, and where that is said.
    pub(super) ended: Option<(Start, Location)>,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(path: &str, world: &'a dyn World) -> Self {
        Self {
            world,
            variables: Variables::at_start(),
            functions: BTreeMap::new(),
            scope: None,
            status: Some(0),
            has_run: false,
            flow: Flow::Next,
            loops: 0,
            in_function: false,
            parted: Vec::new(),
            path: path.to_owned(),
            definitions: Vec::new(),
            problems: Vec::new(),
            left_out: None,
            uncertain: false,
            steps: 0,
            depth: 0,
            sources: 0,
            stopped: false,
            unfinished: None,
            loaded: LoadedFiles::default(),
            in_entry: false,
            saved: BTreeMap::new(),
            ended: None,
        }
    }
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

    /// Notes what is not read or not understood in a line.
    pub(super) fn leave_out_at(&mut self, line: u32, what: impl Into<String>) {
        self.leave_out(Problem::new(self.place(line).to_string(), what));
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

    /// Runs a file.
    pub(super) fn file(&mut self, text: &str, path: String) {
        let outer = std::mem::replace(&mut self.path, path);
        let script = syntax::parse(text);
        for (line, what) in script.problems {
            self.problem(line, what);
        }
        if let Some((line, what)) = script.left_out {
            self.leave_out_at(line, what);
        }
        let unfinished = script.unfinished.map(|line| self.place(line));
        self.unfinished = self.unfinished.take().or(unfinished);
        let outer_body = std::mem::replace(&mut self.in_function, false);
        for unit in script.units {
            self.functions.extend(unit.functions);
            self.block(&unit.statements);
        }
        self.in_function = outer_body;
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

    /// Runs statements; the answer is that of the last one.
    pub(super) fn block(&mut self, statements: &[Statement]) -> Status {
        let mut status = Some(0);
        for statement in statements {
            if self.flow != Flow::Next || !self.spend(1) {
                break;
            }
            status = self.statement(statement);
            self.status = status;
        }
        status
    }

    fn statement(&mut self, statement: &Statement) -> Status {
        if self.depth >= RECURSION_LIMIT {
            self.leave_out(Problem::new(&self.path, "functions call each other more deeply than GRUB allows"));
            self.flow = Flow::End;
            return None;
        }
        self.depth += 1;
        let status = match statement {
            Statement::Command { words, block } => self.command(words, block.as_ref()),
            Statement::If { condition, then, otherwise } => self.conditional(condition, then, otherwise),
            Statement::For { name, words, body, line } => self.counted(name, words, body, *line),
            Statement::While { until, condition, body, line } => self.repeated(*until, condition, body, *line),
        };
        self.depth -= 1;
        self.has_run = true;
        status
    }

    fn conditional(&mut self, condition: &[Statement], then: &[Statement], otherwise: &[Statement]) -> Status {
        let status = self.block(condition);
        self.status = status;
        if self.flow != Flow::Next {
            return status;
        }
        match status {
            Some(0) => self.block(then),
            Some(_) => self.block(otherwise),
            None => self.fork(|run| run.block(then), |run| run.block(otherwise)),
        }
    }

    fn state(&mut self) -> State {
        State {
            variables: std::mem::take(&mut self.variables),
            loaded: std::mem::take(&mut self.loaded),
            scope: self.scope.take(),
        }
    }

    fn restore(&mut self, state: State) {
        State { variables: self.variables, loaded: self.loaded, scope: self.scope } = state;
    }

    /// Takes up another state.
    pub(super) fn exchange(&mut self, state: State) -> State {
        let before = self.state();
        self.restore(state);
        before
    }

    /// Runs two ways of which one is taken, and nobody knows which: what they leave behind is joined.
    pub(super) fn fork(
        &mut self,
        one: impl FnOnce(&mut Self) -> Status,
        other: impl FnOnce(&mut Self) -> Status,
    ) -> Status {
        if !self.spend(self.variables.len()) {
            return None;
        }
        let outer = std::mem::replace(&mut self.uncertain, true);
        let before =
            State { variables: self.variables.clone(), loaded: self.loaded.clone(), scope: self.scope.clone() };
        let first = one(self);
        let (first_flow, first_state) = (std::mem::take(&mut self.flow), self.state());
        self.restore(before);
        let second = other(self);
        self.uncertain = outer;
        match (first_flow, self.flow) {
            (first_flow, second_flow) if first_flow == second_flow => self.join(first_state),
            (Flow::Next, second_flow) => {
                self.flow = Flow::Next;
                let state = self.state();
                self.parted.push((second_flow, state));
                self.restore(first_state);
                self.uncertain = true;
            }
            (first_flow, _) => {
                self.parted.push((first_flow, first_state));
                self.uncertain = true;
            }
        }
        first.filter(|_| first == second)
    }

    /// Joins the state of another way to the same place.
    pub(super) fn join(&mut self, other: State) {
        self.variables.join(&other.variables);
        self.loaded.join(other.loaded);
        if self.scope != other.scope {
            self.leave_out(Problem::new(&self.path, "shifts its parameters by a condition with an unknown result"));
        }
    }

    pub(super) fn add(&mut self, kind: Kind, at: Location) {
        let uncertain = self.uncertain;
        self.definitions.push(Definition { kind, at, uncertain });
    }

    /// A command, as its name says; GRUB knows its own commands first, then functions, then assignments
    /// (`grub_script_execute_cmdline`).
    fn command(&mut self, words: &[Word], block: Option<&Rc<[Statement]>>) -> Status {
        let mut arguments = self.arguments(words);
        let inverted = arguments.first().is_some_and(|first| first.known() == Some("!"));
        if inverted {
            arguments.remove(0);
            if arguments.is_empty() {
                return Some(BAD_ARGUMENT);
            }
        }
        if arguments.is_empty() {
            return Some(0);
        }
        self.named(words, arguments, block, inverted)
    }
}
