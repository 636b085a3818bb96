//! Opens the menu: submenus in order, and each entry run to see what it loads.

use super::boot_menu::{Entry, Menu, Named, Step};
use super::choice::{Choice, choose};
use super::definition::{Header, Kind, LoadedFiles};
use super::evaluate::Evaluator;
use super::second_try::NextBoot;
use super::status::{Flow, cost};
use super::syntax::Statement;
use super::world::World;
use isctpl_checks::facts::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How many entries are opened; real menus have dozens.
const ENTRY_LIMIT: usize = 1000;

/// How deep submenus may stand in each other.
const SUBMENU_LIMIT: usize = 8;

/// Runs a configuration file and opens its menu.
///
/// `path` names it in messages. Where the entry that boots starts a kernel without an initrd that restarts the machine
/// when it panics, and has noted that for the next boot, the menu is the one of that boot.
pub fn evaluate(text: &str, path: &str, world: &dyn World) -> Menu {
    let (menu, saved) = run(text, path, world);
    let boots = |menu: &Menu| match choose(menu) {
        Choice::Entry { index, .. } => menu.entries.get(index).cloned(),
        Choice::Unknown { .. } => None,
    };
    let Some(first) = boots(&menu).filter(Entry::is_first_try) else { return menu };
    let noted = saved.into_iter().chain(first.noted).collect();
    let (second, _) = run(text, path, &NextBoot { world, noted });
    match boots(&second) {
        Some(entry) if !entry.initrds.is_empty() => Menu { second_try: true, ..second },
        _ => menu,
    }
}

/// The menu, and what the script writes into the environment block before it is shown.
fn run(text: &str, path: &str, world: &dyn World) -> (Menu, BTreeMap<String, String>) {
    let mut evaluator = Evaluator::new(path, world);
    evaluator.file(text, path.to_owned());
    if evaluator.parted.iter().any(|(flow, _)| *flow == Flow::End) && evaluator.flow != Flow::End {
        let what = "may end before its menu is shown, by a condition with an unknown result";
        evaluator.leave_out(Problem::new(path, what));
    }
    let default = evaluator.setting("default");
    let timeout = evaluator.setting("timeout");
    let entries = open(&mut evaluator);
    let mut seen = BTreeSet::new();
    evaluator.problems.retain(|problem| seen.insert(problem.clone()));
    let Evaluator { unfinished, problems, left_out, ended, saved, .. } = evaluator;
    let second_try = false;
    (Menu { entries, default, timeout, unfinished, problems, left_out, ended, second_try }, saved)
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
        let entry = Entry {
            submenu: path.to_vec(),
            index,
            uncertain: definition.uncertain,
            at: Some(definition.at.clone()),
            ..Entry::default()
        };
        match definition.kind {
            Kind::Submenu { header, body } => {
                if path.len() >= SUBMENU_LIMIT {
                    let what = "submenus are nested too deeply; this one was not read";
                    evaluator.leave_out(Problem::new(definition.at.to_string(), what));
                } else {
                    evaluator.uncertain = definition.uncertain;
                    evaluator.variables = before.context();
                    let (id, is_named) = (header.id(), header.is_named());
                    let step = Step { title: header.title(), id, index, unnamed: !is_named, left_out: None };
                    evaluator.opened_submenu(&[path, &[step]].concat(), &header, &body, entries);
                }
            }
            Kind::Entry { header, body } => {
                evaluator.uncertain = definition.uncertain;
                let entry = Entry { title: header.title(), id: header.id(), unnamed: !header.is_named(), ..entry };
                entries.push(evaluator.opened(entry, |run, entry| run.run_entry(entry, &header, &body)));
            }
            Kind::Bls(bls) => {
                let path = &definition.at.path;
                entries.push(evaluator.opened(entry, |run, entry| run.bls_entry(entry, &bls, path)));
            }
        }
        evaluator.path = outer;
        evaluator.variables = before;
    }
}

impl Evaluator<'_> {
    /// The entries of a submenu. Nothing of it is run before it is opened, so that what is not read of it is a doubt for
    /// who opens it alone; where there is no entry to carry that, it is one of the menu.
    fn opened_submenu(&mut self, path: &[Step], header: &Header, body: &Rc<[Statement]>, entries: &mut Vec<Entry>) {
        let of_menu = self.left_out.take();
        let begin = entries.len();
        self.run_body(header, body);
        open_at(self, path, entries);
        let of_submenu = std::mem::replace(&mut self.left_out, of_menu);
        let inner = entries.get_mut(begin..).unwrap_or_default();
        if self.stopped || inner.is_empty() {
            self.left_out = self.left_out.take().or(of_submenu);
            return;
        }
        let steps = inner.iter_mut().filter_map(|entry| entry.submenu.get_mut(path.len().checked_sub(1)?));
        steps.for_each(|step| step.left_out.clone_from(&of_submenu));
    }

    /// An entry with what it loads; what is not read of it leaves the menu as it is.
    fn opened(&mut self, entry: Entry, load: impl FnOnce(&mut Self, Entry) -> Entry) -> Entry {
        let of_menu = self.left_out.take();
        self.loaded = LoadedFiles::default();
        self.in_entry = true;
        let entry = load(self, entry);
        self.in_entry = false;
        let of_entry = std::mem::replace(&mut self.left_out, of_menu);
        if self.stopped {
            self.left_out = self.left_out.take().or_else(|| of_entry.clone());
        }
        Entry { left_out: entry.left_out.or(of_entry), ..entry }
    }

    /// The commands of an entry or a submenu, with the title and what stands behind it as parameters.
    fn run_body(&mut self, header: &Header, body: &Rc<[Statement]>) {
        self.flow = Flow::Next;
        // "setparams" is the first of its commands.
        (self.status, self.has_run) = (Some(0), true);
        self.scope = Some(header.parameters.as_slice().into());
        // The default has been followed; what was chosen is told (`grub_menu_execute_entry`).
        self.variables.unset("default");
        let above = self.variables.text("chosen").filter(|above| !above.is_empty()).map(|above| format!("{above}>"));
        let own = header.id().unwrap_or_else(|| header.title()).replace('>', ">>");
        let chosen = header.is_named().then(|| above.unwrap_or_default() + &own);
        self.variables.set("chosen", chosen, String::new(), None);
        self.variables.export("chosen");
        self.block(body);
        self.flow = Flow::Next;
        self.rejoin(|_| true);
        self.scope = None;
    }

    fn run_entry(&mut self, entry: Entry, header: &Header, body: &Rc<[Statement]>) -> Entry {
        let saved = std::mem::take(&mut self.saved);
        self.run_body(header, body);
        let noted = std::mem::replace(&mut self.saved, saved);
        let loaded = std::mem::take(&mut self.loaded);
        if loaded.ambiguous {
            let line = entry.at.as_ref().map_or(0, |at| at.line);
            self.leave_out_at(line, format!("\"{}\" depends on a condition with an unknown result", entry.title));
        }
        Entry {
            search_uuid: loaded.kernel.as_ref().and_then(uuid),
            kernel: loaded.kernel,
            initrds: loaded.initrds,
            options: loaded.options,
            unresolved: loaded.unresolved.into_iter().collect(),
            starts: loaded.other,
            noted,
            ..entry
        }
    }
}

/// The UUID of the filesystem that a file is read from.
pub(super) fn uuid(file: &Named) -> Option<String> {
    file.device.as_deref()?.strip_prefix("fs-uuid:").map(str::to_owned)
}
