//! Commands that bring in what lies outside of the script: environment blocks, devices, files, entries.

use super::definition::Kind;
use super::evaluate::Evaluator;
use super::lexer::Word;
use super::world::PREFIX;
use isctpl_checks::facts::{Location, Problem};
use std::collections::BTreeSet;

/// How many files may be read in, one by another.
const SOURCE_LIMIT: u32 = 5;

/// What it costs to read an environment block or an entry.
const BLOCK_STEPS: usize = 200;

impl Evaluator<'_> {
    pub(super) fn load_env(&mut self, words: &[Word], line: u32) {
        let mut path = Some(format!("{PREFIX}/grubenv"));
        let mut wanted = BTreeSet::new();
        let mut arguments = self.arguments(words).into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_deref() {
                Some("-f" | "--file") => path = arguments.next().flatten(),
                Some("-s" | "--skip-sig") => {}
                Some(other) => match other.strip_prefix("--file=") {
                    Some(file) => path = Some(file.to_owned()),
                    None => {
                        wanted.insert(other.to_owned());
                    }
                },
                None => return self.problem(line, "names an environment block by a variable with an unknown value"),
            }
        }
        let Some(path) = path else {
            return self.problem(line, "names an environment block by a variable with an unknown value");
        };
        if !self.spend(BLOCK_STEPS) {
            return;
        }
        match self.world.environment(&path) {
            Ok(None) => {}
            Ok(Some(block)) => {
                for (name, value) in block {
                    if (wanted.is_empty() || wanted.contains(&name)) && self.spend(1) {
                        let at = Some(self.place(line));
                        self.variables.set(&name, Some(value), format!("in {}", shown(&path)), at);
                    }
                }
            }
            Err(problem) => {
                for name in ["saved_entry", "next_entry", "prev_saved_entry", "kernelopts", "tuned_params"] {
                    self.variables.set(name, None, "in a file that could not be read".to_owned(), None);
                }
                self.problems.push(problem);
            }
        }
    }

    /// `search --fs-uuid --set=NAME UUID`, and `search.fs_uuid UUID NAME` of the images that GRUB installs.
    pub(super) fn search(&mut self, command: &str, words: &[Word], line: u32) {
        let mut kind = command.strip_prefix("search.").unwrap_or("file").replace('_', "-");
        let mut variable = command.contains('.').then(|| "root".to_owned());
        let mut wanted = None;
        let mut named = false;
        for argument in self.arguments(words) {
            match argument.as_deref() {
                Some("--fs-uuid" | "-u") => kind = "fs-uuid".to_owned(),
                Some("--label" | "--fs-label" | "-l") => kind = "fs-label".to_owned(),
                Some("--file" | "-f") => kind = "file".to_owned(),
                Some("--set" | "-s") => variable = Some("root".to_owned()),
                Some(option) if option.starts_with("--set=") => {
                    variable = option.strip_prefix("--set=").map(str::to_owned);
                }
                Some(option) if option.starts_with('-') => {}
                _ if wanted.is_none() => wanted = Some(argument),
                // `search.fs_uuid` has the variable next, and then hints such as `hd0,gpt2`.
                Some(name) if command.contains('.') && !named => {
                    named = true;
                    variable = Some(name.to_owned());
                }
                _ => {}
            }
        }
        if let (Some(variable), Some(wanted)) = (variable, wanted) {
            let device = wanted.map(|wanted| format!("{kind}:{wanted}"));
            let at = Some(self.place(line));
            self.variables.set(&variable, device, command.to_owned(), at);
        }
    }

    pub(super) fn source(&mut self, command: &str, words: &[Word], line: u32) {
        let written = words.first().map_or_else(|| shown(&format!("{PREFIX}/grub.cfg")), Word::source);
        let path = match self.arguments(words).into_iter().next() {
            Some(Some(path)) => path,
            Some(None) => return self.problem(line, "sources a file with an unknown name"),
            None if command == "normal" => format!("{PREFIX}/grub.cfg"),
            None => return,
        };
        if self.sources >= SOURCE_LIMIT {
            let what = "files source each other in a loop; this one was not read";
            return self.leave_out(Problem::new(self.place(line).to_string(), what));
        }
        let located = self.on_root(&path);
        match self.world.source(&located) {
            // Reading is work too: a file may be read in as often as a script has lines.
            Ok(Some((text, _))) if !self.spend(1 + text.len() / 256) => {}
            Ok(Some((text, file))) => {
                // A configuration that takes over looks for its neighbours in its own directory.
                if command == "configfile" || command == "normal" {
                    let directory = located.rsplit_once('/').map(|(directory, _)| directory.to_owned());
                    self.variables.set("config_directory", directory, String::new(), None);
                }
                self.sources += 1;
                self.file(&text, file);
                self.sources -= 1;
            }
            // As it is written: what a variable holds is nobody's business.
            Ok(None) => self.problem(line, format!("sources {written}, which does not exist")),
            Err(problem) => self.leave_out(problem),
        }
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
