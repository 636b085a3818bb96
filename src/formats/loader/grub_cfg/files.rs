//! Commands that bring in what lies outside of the script: environment blocks, devices, files, entries.

use super::argument::Argument;
use super::definition::Kind;
use super::evaluate::Evaluator;
use super::lexer::Word;
use super::status::{BAD_ARGUMENT, FILE_NOT_FOUND, Flow, Status};
use super::world::PREFIX;
use isctpl_checks::facts::{Location, Start};
use std::collections::BTreeSet;

/// How many files may be read in, one by another.
pub(super) const SOURCE_LIMIT: u32 = 5;

/// What it costs to read an environment block or an entry.
const BLOCK_STEPS: usize = 200;

/// An environment block that a command names, and the names of variables behind it; `None` where either is not known.
fn block_arguments(arguments: &[Argument]) -> Option<(String, Vec<String>)> {
    let mut path = format!("{PREFIX}/grubenv");
    let mut names = Vec::new();
    let mut arguments = arguments.iter().map(Argument::known);
    while let Some(argument) = arguments.next() {
        match argument? {
            "-f" | "--file" => path = arguments.next()??.to_owned(),
            "-s" | "--skip-sig" => {}
            other => match other.strip_prefix("--file=") {
                Some(file) => path = file.to_owned(),
                None => names.push(other.to_owned()),
            },
        }
    }
    Some((path, names))
}

impl Evaluator<'_> {
    pub(super) fn load_env(&mut self, arguments: &[Argument], line: u32) -> Status {
        let Some((path, names)) = block_arguments(arguments) else {
            self.problem(line, "names an environment block by a variable with an unknown value");
            return None;
        };
        let wanted: BTreeSet<String> = names.into_iter().collect();
        if !self.spend(BLOCK_STEPS) {
            return None;
        }
        match self.world.environment(&self.on_root(&path)) {
            Ok(None) => Some(FILE_NOT_FOUND),
            Ok(Some(block)) => {
                for (name, value) in block {
                    if (wanted.is_empty() || wanted.contains(&name)) && self.spend(1) {
                        let at = Some(self.place(line));
                        self.variables.set(&name, Some(value), format!("in {}", shown(&path)), at);
                    }
                }
                Some(0)
            }
            Err(problem) => {
                for name in
                    ["saved_entry", "next_entry", "prev_saved_entry", "kernelopts", "tuned_params", "initrdfail"]
                {
                    self.variables.set(name, None, "in a file that could not be read".to_owned(), None);
                }
                self.problems.push(problem);
                None
            }
        }
    }

    /// Remembers what will stand in the environment block at the next boot.
    pub(super) fn save_env(&mut self, arguments: &[Argument]) -> Status {
        if let Some((path, names)) = block_arguments(arguments)
            && path == format!("{PREFIX}/grubenv")
            && !self.uncertain
        {
            for name in names {
                if let Some(value) = self.variables.text(&name) {
                    self.saved.insert(name, value.to_owned());
                }
            }
        }
        // Where the block lies on a disk that GRUB only reads, that fails.
        None
    }

    /// `search --fs-uuid --set=NAME UUID` (`grub-core/commands/search_wrap.c`), and `search.fs_uuid UUID NAME HINT…`
    /// of the images that GRUB installs.
    pub(super) fn search(&mut self, command: &str, arguments: &[Argument], line: u32) {
        let mut kind = command.strip_prefix("search.").unwrap_or("file").replace('_', "-");
        // `--set`, and the word that it takes.
        let mut set: Option<Option<&Argument>> = None;
        let mut told = None;
        let mut words: Vec<&Argument> = Vec::new();
        let mut arguments = arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            match argument.text.as_str() {
                "--fs-uuid" | "-u" => kind = "fs-uuid".to_owned(),
                "--label" | "--fs-label" | "-l" => kind = "fs-label".to_owned(),
                "--file" | "-f" => kind = "file".to_owned(),
                "--set" | "-s" => set = Some(arguments.next_if(|next| !next.text.starts_with('-'))),
                "--hint" | "-h" => {
                    arguments.next();
                }
                option if option.starts_with('-') => told = option.strip_prefix("--set=").or(told),
                _ => words.push(argument),
            }
        }
        let in_image = command.contains('.').then(|| words.get(1).map_or("root", |word| word.text.as_str()));
        let variable = told.or(in_image).or(set.map(|word| word.map_or("root", |word| word.text.as_str())));
        let (variable, wanted) = match (words.first(), set) {
            (Some(wanted), _) => (variable, Some(*wanted)),
            // What `--set` took is what is looked for.
            (None, set) => (Some("root"), set.flatten()),
        };
        if let (Some(variable), Some(wanted)) = (variable, wanted) {
            let device = wanted.known().map(|wanted| format!("{kind}:{wanted}"));
            let at = Some(self.place(line));
            self.variables.set(variable, device, command.to_owned(), at);
        }
    }

    /// The text of a file that a command names, with its path in GRUB and for messages; `Err` with the status where
    /// nothing is run.
    fn named_script(
        &mut self,
        words: &[Word],
        arguments: &[Argument],
        line: u32,
    ) -> Result<(String, String, String), Status> {
        let written = words.get(1).map_or_else(|| "grub.cfg".to_owned(), Word::source);
        let Some(path) = arguments.first() else { return Err(Some(BAD_ARGUMENT)) };
        let Some(path) = path.known() else {
            self.leave_out_at(line, format!("sources {written}, a file with an unknown name"));
            return Err(None);
        };
        if self.sources >= SOURCE_LIMIT {
            self.leave_out_at(line, "files source each other in a loop; this one was not read");
            return Err(None);
        }
        let located = self.on_root(path);
        match self.world.source(&located) {
            // Reading is work too: a file may be read in as often as a script has lines.
            Ok(Some((text, _))) if !self.spend(1 + text.len() / 256) => Err(None),
            Ok(Some((text, file))) => Ok((text, located, file)),
            // As it is written: what a variable holds is nobody's business. GRUB goes on.
            Ok(None) => {
                self.problem(line, format!("sources {written}, which does not exist"));
                Err(Some(0))
            }
            Err(problem) => {
                self.leave_out(problem);
                Err(None)
            }
        }
    }

    /// Runs a file with `config_directory` set to its own directory (`read_config_file`).
    fn run_script(&mut self, text: &str, located: &str, file: String) {
        let directory = located.rsplit_once('/').map(|(directory, _)| directory.to_owned());
        let before = self.variables.get("config_directory").and_then(|value| value.text.clone());
        self.variables.set("config_directory", directory, String::new(), None);
        self.sources += 1;
        self.file(text, file);
        self.sources -= 1;
        self.variables.set("config_directory", before, String::new(), None);
    }

    /// `source`: the commands of a file, with the variables and parameters as they are.
    pub(super) fn source(&mut self, words: &[Word], arguments: &[Argument], line: u32) -> Status {
        match self.named_script(words, arguments, line) {
            Ok((text, located, file)) => {
                self.run_script(&text, &located, file);
                Some(0)
            }
            Err(status) => status,
        }
    }

    /// `extract_entries_source`: the entries of a file alone; what else it does is without effect.
    pub(super) fn extract(&mut self, words: &[Word], arguments: &[Argument], line: u32) -> Status {
        match self.named_script(words, arguments, line) {
            Ok((text, located, file)) => {
                let before = self.variables.clone();
                self.run_script(&text, &located, file);
                self.variables = before;
                Some(0)
            }
            Err(status) => status,
        }
    }

    /// `configfile` and `normal`: another configuration, with a menu of its own. Where it has one, that menu is shown
    /// and nothing behind it is reached.
    pub(super) fn take_over(&mut self, name: &str, words: &[Word], arguments: &[Argument], line: u32) -> Status {
        let own = [Argument::from(format!("{PREFIX}/grub.cfg").as_str())];
        let arguments = if arguments.is_empty() && name == "normal" { &own } else { arguments };
        if self.in_entry {
            self.loaded.other = Some(Start::Menu);
            self.flow = Flow::End;
            return Some(0);
        }
        let (text, located, file) = match self.named_script(words, arguments, line) {
            Ok(script) => script,
            Err(status) => return status,
        };
        let inner = if name == "configfile" { self.variables.context() } else { self.variables.clone() };
        let outer = std::mem::replace(&mut self.variables, inner);
        let before = std::mem::take(&mut self.definitions);
        self.run_script(&text, &located, file);
        if self.flow == Flow::End {
            return Some(0);
        }
        if self.definitions.is_empty() {
            (self.definitions, self.variables) = (before, outer);
            return Some(0);
        }
        // That of a menu stays while it is shown.
        let directory = located.rsplit_once('/').map(|(directory, _)| directory.to_owned());
        self.variables.set("config_directory", directory, String::new(), None);
        if self.uncertain {
            self.leave_out_at(line, "may hand over to another configuration, by a condition with an unknown result");
            self.definitions.splice(0..0, before);
        }
        self.flow = Flow::End;
        Some(0)
    }

    /// A path with its device: without one it lies on `$root`.
    pub(super) fn on_root(&self, path: &str) -> String {
        match self.variables.text("root") {
            Some(root) if !path.starts_with('(') && !root.is_empty() => format!("({root}){path}"),
            _ => path.to_owned(),
        }
    }

    pub(super) fn bls(&mut self, line: u32) {
        if !self.spend(BLOCK_STEPS) {
            return;
        }
        let directory = self.variables.text("blsdir").filter(|text| !text.is_empty()).map(str::to_owned);
        match self.world.bls(directory.as_deref()) {
            Ok(entries) => {
                for (path, entry) in entries {
                    if !self.spend(BLOCK_STEPS) {
                        return;
                    }
                    self.add(Kind::Bls(Box::new(entry)), Location::file(path));
                }
            }
            Err(problem) => {
                self.problem(line, "the entries of blscfg could not be read");
                self.leave_out(problem);
            }
        }
    }
}

/// A path of GRUB's as messages show it.
fn shown(path: &str) -> String {
    path.replace("(prefix)/", "")
}
