//! Opens the menu: submenus in order, and each entry run to see what it loads.

use super::boot_menu::{Entry, Menu, Named, Step};
use super::definition::{Kind, LoadedFiles};
use super::evaluate::{Evaluator, cost, push_within};
use super::syntax::{Part, Statement, Word};
use super::world::World;
use crate::formats::loader::bls;
use isctpl_checks::facts::{Location, Problem};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How many entries are opened; real menus have dozens.
const ENTRY_LIMIT: usize = 1000;

/// How many initrds of an entry are kept; most entries have one or two.
const INITRD_LIMIT: usize = 64;

/// How deep submenus may stand in each other.
const SUBMENU_LIMIT: usize = 8;

/// Runs a configuration file and opens its menu.
///
/// `path` names it in messages.
pub(crate) fn evaluate(text: &str, path: &str, world: &dyn World) -> Menu {
    let mut evaluator = Evaluator::new(path, world);
    evaluator.file(text, path.to_owned());
    let default = evaluator.setting("default");
    let timeout = evaluator.setting("timeout");
    let entries = open(&mut evaluator);
    let mut seen = BTreeSet::new();
    evaluator.problems.retain(|problem| seen.insert(problem.clone()));
    let Evaluator { unfinished, problems, left_out, .. } = evaluator;
    Menu { entries, default, timeout, unfinished, problems, left_out }
}

/// Opens the menu that has been defined.
fn open(evaluator: &mut Evaluator<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    open_at(evaluator, &[], &mut entries);
    entries
}

fn open_at(evaluator: &mut Evaluator<'_>, path: &[Step], entries: &mut Vec<Entry>) {
    for (index, definition) in std::mem::take(&mut evaluator.definitions).into_iter().enumerate() {
        if entries.len() >= ENTRY_LIMIT {
            let what = format!("has more than {ENTRY_LIMIT} entries; the rest was not read");
            return evaluator.leave_out(Problem::new(definition.at.to_string(), what));
        }
        let above: usize = path.iter().map(|step| step.title.len()).sum();
        if !evaluator.spend(evaluator.variables.len() + cost(above)) {
            return;
        }
        let before = evaluator.variables.clone();
        let outer = std::mem::replace(&mut evaluator.path, definition.at.path.clone());
        match definition.kind {
            Kind::Submenu { header, body } => {
                if path.len() >= SUBMENU_LIMIT {
                    let what = "submenus are nested too deeply; this one was not read";
                    evaluator.leave_out(Problem::new(definition.at.to_string(), what));
                } else {
                    evaluator.uncertain = definition.uncertain;
                    evaluator.block(&body);
                    let step = Step { title: header.title, id: header.id, index };
                    open_at(evaluator, &[path, &[step]].concat(), entries);
                }
            }
            Kind::Entry { header, body } => {
                evaluator.uncertain = definition.uncertain;
                let entry = Entry {
                    title: header.title,
                    id: header.id,
                    submenu: path.to_vec(),
                    index,
                    uncertain: definition.uncertain,
                    at: Some(definition.at),
                    ..Entry::default()
                };
                entries.push(evaluator.opened(entry, |evaluator, entry| evaluator.run_entry(entry, &body)));
            }
            Kind::Bls(bls) => {
                let entry = Entry {
                    submenu: path.to_vec(),
                    index,
                    uncertain: definition.uncertain,
                    at: Some(definition.at.clone()),
                    ..Entry::default()
                };
                let path = &definition.at.path;
                entries.push(evaluator.opened(entry, |evaluator, entry| evaluator.bls_entry(entry, &bls, path)));
            }
        }
        evaluator.path = outer;
        evaluator.variables = before;
    }
}

impl Evaluator<'_> {
    /// An entry with what it loads; what is not read of it leaves the menu as it is.
    fn opened(&mut self, entry: Entry, load: impl FnOnce(&mut Self, Entry) -> Entry) -> Entry {
        let of_menu = self.left_out.take();
        let entry = load(self, entry);
        let of_entry = std::mem::replace(&mut self.left_out, of_menu);
        if self.stopped {
            self.left_out = self.left_out.take().or_else(|| of_entry.clone());
        }
        Entry { left_out: entry.left_out.or(of_entry), ..entry }
    }

    fn run_entry(&mut self, mut entry: Entry, body: &[Statement]) -> Entry {
        self.loaded = Some(LoadedFiles::default());
        self.block(body);
        let loaded = self.loaded.take().unwrap_or_default();
        if loaded.ambiguous {
            let line = entry.at.as_ref().map_or(0, |at| at.line);
            let title = entry.title.clone();
            self.problem(line, format!("\"{title}\" depends on a condition with an unknown result"));
        }
        entry.search_uuid = loaded.kernel.as_ref().and_then(uuid);
        entry.kernel = loaded.kernel;
        entry.initrds = loaded.initrds;
        entry.options = loaded.options;
        entry.unresolved = loaded.unresolved.into_iter().collect();
        entry
    }

    /// An entry as `blscfg` makes it: `linux` and `initrd` with the variables put in.
    fn bls_entry(&mut self, mut entry: Entry, bls: &bls::Entry, path: &str) -> Entry {
        let mut unresolved = BTreeSet::new();
        let mut too_long = false;
        let mut expand = |text: &str| {
            let text = bls::expand(text, |name| self.variables.text(name).map(str::to_owned), &mut unresolved);
            too_long |= text.len() > bls::EXPANDED_LIMIT;
            text
        };
        let options = expand(&bls.options);
        let kernel = bls.linux.as_ref().map(|linux| (expand(&linux.value), linux.line));
        let initrds: Vec<_> = bls.initrds.iter().map(|initrd| (expand(&initrd.value), initrd.line)).collect();
        entry.left_out = bls.left_out.clone();
        entry.title = bls.shown_title();
        entry.id = Some(bls.id.clone());
        entry.options = options;
        entry.kernel = kernel.map(|(kernel, line)| self.named(&kernel, Location::line(path, line)));
        let texts = initrds.iter().map(|(initrd, _)| initrd.len()).sum::<usize>() + entry.options.len();
        if !self.spend(cost(texts)) {
            return entry;
        }
        if too_long {
            let what = "a line of it, with its variables put in, is longer than isctpl reads";
            self.leave_out(Problem::new(path, what));
        }
        let files = initrds.iter().flat_map(|(initrd, line)| initrd.split_whitespace().map(|file| (file, *line)));
        entry.initrds = self.initrds(files, path);
        entry.search_uuid = entry.kernel.as_ref().and_then(uuid);
        entry.unresolved = unresolved.into_iter().collect();
        entry
    }

    /// The initrds of an entry, each with the line of the file that names it.
    fn initrds<'f>(&mut self, files: impl Iterator<Item = (&'f str, u32)>, path: &str) -> Vec<Named> {
        let mut initrds = Vec::new();
        for (file, line) in files {
            if initrds.len() == INITRD_LIMIT {
                let what = format!("names more than {INITRD_LIMIT} initrds; the rest was not read");
                self.leave_out(Problem::new(Location::line(path, line).to_string(), what));
                break;
            }
            initrds.push(self.named(file, Location::line(path, line)));
        }
        initrds
    }

    /// `linux` and `initrd` in their forms; `None` for commands that are not known.
    pub(super) fn load(&mut self, name: &str, words: &[Word], line: u32) -> Option<bool> {
        let mut loaded = self.loaded.take()?;
        let at = self.place(line);
        let (arguments, unresolved) = self.arguments_shown(words);
        match name {
            "linux" | "linuxefi" | "linux16" => {
                let kernel = arguments.first().map(|path| self.named(path, at));
                let options: Vec<_> = arguments.iter().skip(1).map(|word| as_kernel_word(word)).collect();
                let options = options.join(" ");
                let differs = loaded.kernel.as_ref().is_some_and(|before| {
                    kernel.as_ref().is_none_or(|kernel| kernel.path != before.path) || loaded.options != options
                });
                loaded.ambiguous |= self.uncertain && differs;
                loaded.options = options;
                loaded.kernel = kernel;
                loaded.unresolved.extend(unresolved);
            }
            // A second command replaces what the first has loaded.
            "initrd" | "initrdefi" | "initrd16" => {
                loaded.initrds = self.initrds(arguments.iter().map(|file| (file.as_str(), line)), &at.path);
                loaded.unresolved.extend(unresolved);
            }
            _ => {
                self.loaded = Some(loaded);
                return None;
            }
        }
        self.loaded = Some(loaded);
        Some(true)
    }

    /// Arguments, and the variables in them that are not known and stand as `${NAME}`. The device that
    /// GRUB came from is no such variable: paths are looked up without it.
    fn arguments_shown(&mut self, words: &[Word]) -> (Vec<String>, BTreeSet<String>) {
        let mut arguments = Vec::new();
        let mut unresolved = BTreeSet::new();
        let mut length = 0;
        for word in words {
            let mut text = String::new();
            let mut splits = false;
            let mut fits = Some(());
            for part in &word.parts {
                let piece = match part {
                    Part::Text(piece) => Cow::Borrowed(piece.as_str()),
                    Part::Variable { name, quoted } => {
                        splits |= !quoted;
                        match self.variables.text(name) {
                            Some(value) => Cow::Borrowed(value),
                            None => {
                                if name != "root" {
                                    unresolved.insert(name.clone());
                                }
                                Cow::Owned(format!("${{{name}}}"))
                            }
                        }
                    }
                };
                fits = fits.and_then(|()| push_within(&mut text, &piece));
            }
            length += text.len();
            if !self.spend_word(text.len(), length, word.line) {
                break;
            }
            if fits.is_none() {
                let what = "a word grows longer than isctpl reads; the rest of it was not read";
                self.leave_out(Problem::new(self.place(word.line).to_string(), what));
            }
            match splits && !word.quoted {
                true => arguments.extend(text.split_whitespace().map(str::to_owned)),
                false => arguments.push(text),
            }
        }
        (arguments, unresolved)
    }

    /// A path with the device it lies on.
    fn named(&self, written: &str, at: Location) -> Named {
        // `newc:NAME:PATH` puts a file into the initrd under another name.
        let written = match written.strip_prefix("newc:").and_then(|rest| rest.split_once(':')) {
            Some((_, path)) => path,
            None => written,
        };
        let (device, path) = match written.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((device, path)) => (Some(device.to_owned()), path),
            None => (self.variables.text("root").map(str::to_owned), written),
        };
        let device = device.filter(|device| !device.is_empty() && !device.contains('$'));
        Named { device, path: path.to_owned(), at: Some(at) }
    }
}

/// A word as GRUB writes it into the command line (`grub-core/lib/cmdline.c`): quoted as a whole when
/// it holds a space, quotes and backslashes escaped.
fn as_kernel_word(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for c in word.chars() {
        if matches!(c, '\\' | '\'' | '"') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    if word.contains(' ') { format!("\"{escaped}\"") } else { escaped }
}

fn uuid(file: &Named) -> Option<String> {
    file.device.as_deref()?.strip_prefix("fs-uuid:").map(str::to_owned)
}
