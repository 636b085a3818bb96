//! The commands that a script calls by name.

use super::argument::Argument;
use super::condition;
use super::definition::{self, Kind};
use super::evaluate::Evaluator;
use super::lexer::{Part, Word};
use super::number;
use super::status::{BAD_ARGUMENT, Flow, Status, TEST_FAILURE, cost};
use super::syntax::{self, Statement};
use crate::formats::text::harmless::is_loader_setting;
use isctpl_checks::facts::{HIDDEN, Start};
use std::rc::Rc;

/// The most bytes that are said of what the variables of a value hold.
const ORIGINS_LIMIT: usize = 512;

/// Commands that show something, write, or make a device or a module available; whether they succeed only the
/// machine knows.
const WITHOUT_EFFECT: [&str; 34] = [
    "acpi",
    "authenticate",
    "background_color",
    "background_image",
    "badram",
    "cat",
    "clear",
    "cls",
    "cryptomount",
    "cutmem",
    "devicetree",
    "drivemap",
    "fakebios",
    "gptsync",
    "insmod",
    "keymap",
    "list_env",
    "loadfont",
    "loopback",
    "ls",
    "lsmod",
    "nativedisk",
    "outb",
    "parttool",
    "password",
    "password_pbkdf2",
    "play",
    "rmmod",
    "serial",
    "sleep",
    "terminal_input",
    "terminal_output",
    "terminfo",
    "videoinfo",
];

impl Evaluator<'_> {
    /// Runs a command with its arguments, its name first.
    pub(super) fn named(
        &mut self,
        words: &[Word],
        mut arguments: Vec<Argument>,
        block: Option<&Rc<[Statement]>>,
        inverted: bool,
    ) -> Status {
        let line = words.first().map_or(0, |word| word.line);
        let Some(name) = arguments.first().and_then(Argument::known).map(str::to_owned) else {
            return self.unknown_name(&arguments, line);
        };
        let first = arguments.remove(0);
        let invert = |status: Status| match inverted {
            true => status.map(|status| u32::from(status == 0)),
            false => status,
        };
        if let Some(status) = self.own(&name, words, &arguments, block, line) {
            return invert(status);
        }
        if let Some(body) = self.functions.get(&name).cloned() {
            // The text of a block goes with the arguments.
            arguments.extend(block.map(|_| Argument { inexact: true, ..Argument::from("{ … }") }));
            return invert(self.call(&body, arguments));
        }
        if let Some((variable, value)) = name.split_once('=') {
            self.assign(words.get(usize::from(inverted)), variable, Some(value.to_owned()), "", line);
            return Some(0);
        }
        self.unknown(&first, &arguments);
        None
    }

    /// A command whose name is not known: an assignment where a name and `=` stand before what is not known.
    fn unknown_name(&mut self, arguments: &[Argument], line: u32) -> Status {
        let first = arguments.first()?;
        let Some((variable, _)) = first.text.split_once('=').filter(|(name, _)| !name.contains('$')) else {
            self.leave_out_at(line, "runs a command with an unknown name");
            return None;
        };
        let variable = variable.to_owned();
        self.assign(None, &variable, None, "", line);
        Some(0)
    }

    /// A command of GRUB's own; `None` where it is none that is known here.
    fn own(
        &mut self,
        name: &str,
        words: &[Word],
        arguments: &[Argument],
        block: Option<&Rc<[Statement]>>,
        line: u32,
    ) -> Option<Status> {
        Some(match name {
            "[" | "test" => self.test(arguments),
            "true" => Some(0),
            "false" => Some(TEST_FAILURE),
            "echo" => Some(0),
            "set" => self.set(words, arguments, line),
            "unset" => {
                if let Some(name) = arguments.first().map(|name| name.text.clone()) {
                    self.variables.unset(&name);
                }
                Some(if arguments.is_empty() { BAD_ARGUMENT } else { 0 })
            }
            "export" => {
                arguments.iter().for_each(|name| self.variables.export(&name.text));
                Some(if arguments.is_empty() { BAD_ARGUMENT } else { 0 })
            }
            "eval" => self.eval(arguments, line),
            "break" | "continue" => self.leave_loops(name, arguments, line),
            "return" => self.leave_function(arguments, line),
            "shift" => self.shift(arguments, line),
            "setparams" => self.set_parameters(arguments.to_vec()),
            "increment" | "decrement" => self.count(name, arguments, line),
            "menuentry" | "submenu" => self.define(name == "submenu", arguments, block, line),
            "load_env" => self.load_env(arguments, line),
            "save_env" => self.save_env(arguments),
            "search" | "search.fs_uuid" | "search.fs_label" | "search.file" => {
                self.search(name, arguments, line);
                None
            }
            "source" | "." => self.source(words, arguments, line),
            "extract_entries_source" | "extract_entries_configfile" => self.extract(words, arguments, line),
            "configfile" | "normal" => self.take_over(name, words, arguments, line),
            "blscfg" => {
                self.bls(line);
                Some(0)
            }
            name if WITHOUT_EFFECT.contains(&name) => None,
            name => return self.load(name, arguments, line),
        })
    }

    /// A command that is not known here. Who sets variables says so by `--set`, and then nothing is known of them.
    fn unknown(&mut self, name: &Argument, arguments: &[Argument]) {
        let mut arguments = arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            let variable = match argument.text.as_str() {
                "--set" | "-s" => arguments.peek().map(|next| next.text.as_str()),
                text if name.text == "read" => Some(text),
                text => text.strip_prefix("--set="),
            };
            if let Some(variable) = variable {
                let variable = variable.split_once(':').map_or(variable, |(_, variable)| variable);
                self.variables.set(variable, None, format!("by {}", name.text), None);
            }
        }
    }

    fn test(&self, arguments: &[Argument]) -> Status {
        let arguments = match arguments {
            [inner @ .., last] if last.known() == Some("]") => inner,
            all => all,
        };
        let truth = condition::test(arguments, self.world, &|path| self.on_root(path));
        truth.map(|truth| if truth { 0 } else { TEST_FAILURE })
    }

    /// `set NAME=VALUE`, of which GRUB reads the first argument alone.
    fn set(&mut self, words: &[Word], arguments: &[Argument], line: u32) -> Status {
        let Some(first) = arguments.first() else { return Some(0) };
        let Some((name, value)) = first.text.split_once('=') else { return Some(BAD_ARGUMENT) };
        let word = words.iter().rev().find(|word| word.source().contains('='));
        let value = first.known().map(|_| value.to_owned());
        self.assign(word, name, value, "set ", line);
        Some(0)
    }

    fn assign(&mut self, word: Option<&Word>, name: &str, value: Option<String>, command: &str, line: u32) {
        // GRUB refuses names of positional parameters, and takes parentheses off a device.
        if name.starts_with(|c: char| c.is_ascii_digit()) || matches!(name, "#" | "*" | "@" | "?") && command.is_empty()
        {
            return;
        }
        let value = match (name, value) {
            ("root", Some(value)) => {
                let inner = value.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
                Some(inner.unwrap_or(&value).to_owned())
            }
            (_, value) => value,
        };
        let written = word.map(Word::source).unwrap_or_default();
        let written = written.split_once('=').map_or("", |(_, written)| written);
        let because =
            format!("{command}{name}=\"{written}\"{}", word.map(|word| self.origins(word)).unwrap_or_default());
        if self.spend(cost(value.as_ref().map_or(0, String::len) + because.len())) {
            self.variables.set(name, value, because, Some(self.place(line)));
        }
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

    /// `increment NAME` and `decrement NAME` of Red Hat's GRUB: the number that a variable holds, one up or down.
    fn count(&mut self, command: &str, arguments: &[Argument], line: u32) -> Status {
        let name = arguments.first().and_then(Argument::known)?.to_owned();
        let number = self.variables.text(&name).map(number::signed);
        let counted = number.map(|number| if command == "increment" { number + 1 } else { number - 1 });
        self.assign(None, &name, counted.map(|number| number.to_string()), "", line);
        Some(0)
    }

    /// `eval`: the arguments, with a blank between them, are commands.
    fn eval(&mut self, arguments: &[Argument], line: u32) -> Status {
        let Some(texts) = arguments.iter().map(Argument::known).collect::<Option<Vec<_>>>() else {
            self.leave_out_at(line, "runs commands that it makes of variables with unknown values");
            return None;
        };
        if self.sources >= super::files::SOURCE_LIMIT {
            self.leave_out_at(line, "makes commands of commands in a loop; this one was not run");
            return None;
        }
        let text = texts.join(" ");
        self.sources += 1;
        let path = self.path.clone();
        self.file(&text, path);
        self.sources -= 1;
        self.status
    }

    fn define(&mut self, submenu: bool, arguments: &[Argument], block: Option<&Rc<[Statement]>>, line: u32) -> Status {
        let header = definition::header(arguments);
        let body = match (block, &header.source) {
            (Some(block), None) => Rc::clone(block),
            (None, Some(source)) => match source.known() {
                Some(text) => syntax::parse(text).units.into_iter().flat_map(|unit| unit.statements).collect(),
                None => Rc::default(),
            },
            _ => return Some(BAD_ARGUMENT),
        };
        if header.parameters.is_empty() {
            self.problem(line, "a menu entry has no title, so GRUB leaves it out");
            return Some(BAD_ARGUMENT);
        }
        // An entry that defines entries defines them when it is too late to choose.
        if !self.in_entry {
            let kind = if submenu { Kind::Submenu { header, body } } else { Kind::Entry { header, body } };
            self.add(kind, self.place(line));
        }
        Some(0)
    }

    /// Ends what runs: nothing behind it is reached.
    pub(super) fn end(&mut self, what: Start, line: u32) {
        if !self.in_entry {
            let at = self.place(line);
            self.ended.get_or_insert((what, at));
        }
        self.flow = Flow::End;
    }
}
