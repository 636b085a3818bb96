//! An entry as `blscfg` makes it (`create_entry` in `grub-core/commands/blscfg.c` of Red Hat's GRUB).
//!
//! It puts variables into the options and writes `linux` and `initrd` commands, which GRUB's own parser reads when
//! the entry is run: quotes and backslashes mean there what they mean in every script, so that `\x20` comes out as
//! `x20`.

use super::argument::Argument;
use super::boot_menu::Entry;
use super::evaluate::Evaluator;
use super::menu::uuid;
use super::syntax::{self, Statement};
use crate::formats::loader::bls;
use isctpl_checks::facts::{Location, Problem};
use std::collections::BTreeSet;

impl Evaluator<'_> {
    pub(super) fn bls_entry(&mut self, mut entry: Entry, bls: &bls::Entry, path: &str) -> Entry {
        entry.left_out = bls.left_out.clone();
        entry.is_bls = true;
        entry.title = bls.shown_title();
        entry.id = Some(bls.id.clone());
        let mut options = self.bls_value(&bls.options, path);
        if options.is_empty() {
            // What `grub.cfg` says stands for entries without options of their own.
            let default = self.variables.text("default_kernelopts").map(str::to_owned);
            options = self.bls_value(&default.unwrap_or_else(|| "$default_kernelopts".to_owned()), path);
        }
        let linux = bls.linux.as_ref().map_or("", |linux| linux.value.as_str());
        let line = bls.linux.as_ref().map_or(0, |linux| linux.line);
        if let Some(arguments) = self.script_arguments(&format!("{linux} {options}"), path, line) {
            self.load("linux", &arguments, line);
        }
        let mut files = Vec::new();
        for initrd in &bls.initrds {
            let arguments = self.script_arguments(&initrd.value, path, initrd.line).unwrap_or_default();
            files.extend(arguments.into_iter().map(|file| (file, initrd.line)));
        }
        let mut loaded = std::mem::take(&mut self.loaded);
        loaded.unresolved.extend(files.iter().flat_map(|(file, _)| file.unresolved.iter().cloned()));
        entry.kernel = loaded.kernel.filter(|_| bls.linux.is_some());
        entry.options = loaded.options;
        entry.initrds = self.initrds(self.early(linux, &files).iter().map(|(file, line)| (file.as_str(), *line)), path);
        entry.search_uuid = entry.kernel.as_ref().and_then(uuid);
        entry.unresolved = loaded.unresolved.into_iter().collect();
        entry
    }

    /// A value with its variables put in; one that is not known stays as written, and the parser meets it.
    fn bls_value(&mut self, value: &str, path: &str) -> String {
        let known = |name: &str| self.variables.text(name).map(str::to_owned);
        let text = bls::expand(value, known, &mut BTreeSet::new());
        if text.len() > bls::EXPANDED_LIMIT {
            let what = "a line of it, with its variables put in, is longer than isctpl reads";
            self.leave_out(Problem::new(path, what));
        }
        text
    }

    /// The arguments of a command that is written into the script of the entry, or nothing where GRUB's parser makes
    /// something else of it.
    fn script_arguments(&mut self, text: &str, path: &str, line: u32) -> Option<Vec<Argument>> {
        let script = syntax::parse(&format!("command {text}"));
        let statements: Vec<&Statement> = script.units.iter().flat_map(|unit| &unit.statements).collect();
        if let ([Statement::Command { words, block: None }], true) = (statements.as_slice(), script.problems.is_empty())
        {
            let words = words.clone();
            let outer = std::mem::replace(&mut self.path, path.to_owned());
            let arguments = self.arguments(&words);
            self.path = outer;
            return Some(arguments.into_iter().skip(1).collect());
        }
        let what = "holds characters that GRUB's parser takes for the end of the command, or refuses";
        self.leave_out(Problem::new(Location::line(path, line).to_string(), what));
        None
    }

    /// The files of `$early_initrd`, such as microcode, in the directory of the first initrd, and then the initrds.
    fn early(&self, linux: &str, files: &[(Argument, u32)]) -> Vec<(String, u32)> {
        let first = files.first().map_or((linux, 0), |(file, line)| (file.text.as_str(), *line));
        let directory = first.0.rsplit_once('/').map_or("", |(directory, _)| directory);
        let early = self.variables.text("early_initrd").unwrap_or_default();
        let early =
            early.split(' ').filter(|name| !name.is_empty()).map(|name| (format!("{directory}/{name}"), first.1));
        early.chain(files.iter().map(|(file, line)| (file.text.clone(), *line))).collect()
    }
}
