//! GRUB: its configuration, environment block and BLS entries.

use super::disk::Disk;
use super::esp;
use super::found::{Found, is_recovery, left_out};
use crate::formats::cmdline;
use crate::formats::loader::grub_cfg::{self, Choice, Entry, Menu, PREFIX, Presence, World};
use crate::formats::loader::{bls, grubenv};
use crate::formats::text::harmless::{is_loader_setting, loader_file, title};
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{BootEntry, Chosen, Fact, FileRef, HIDDEN, Located, Location, Problem};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The directories that `grub-install` uses.
const DIRECTORIES: [&str; 2] = ["/boot/grub", "/boot/grub2"];

/// A `grub.cfg` with the directory that is its `$prefix`.
struct Run<'a> {
    disk: &'a Disk<'a>,
    prefix: String,
    /// The directories of the root that configurations were read from.
    directories: RefCell<BTreeSet<String>>,
}

/// The variables of an environment block, and what could not be understood of it.
type Environment = (BTreeMap<String, String>, Vec<Problem>);

/// Reads an environment block; `Ok(None)` when there is none.
fn environment(root: &Root, path: &str) -> Result<Option<Environment>, Problem> {
    const LIMIT: u64 = 64 * 1024;
    Ok(root.read(path, LIMIT)?.map(|bytes| grubenv::parse(&bytes, &root.name(path))))
}

/// Evaluates GRUB's configuration; `None` when there is none.
///
/// On EFI the image's own directory on the ESP comes first: it holds the whole configuration, or a
/// stub that leads to it.
pub(super) fn read(disk: &Disk<'_>) -> Option<Found> {
    let mut menus = Vec::new();
    let mut problems = Vec::new();
    // The first configuration that could not be read, and how many menus come before it.
    let mut unread = None;
    for prefix in stubs(disk, &mut problems).into_iter().chain(DIRECTORIES.map(str::to_owned)) {
        let path = format!("{prefix}/grub.cfg");
        match disk.root.text(&path) {
            Ok(None) => {}
            Ok(Some(text)) => {
                let run = Run { disk, directories: RefCell::new([prefix.clone()].into()), prefix };
                let menu = grub_cfg::evaluate(&text, &disk.root.name(&path), &run);
                menus.push((run.prefix, menu));
            }
            Err(problem) => {
                unread.get_or_insert_with(|| (menus.len(), problem.clone()));
                problems.push(problem);
            }
        }
    }
    let best = menus.iter().position(|(_, menu)| !menu.entries.is_empty()).unwrap_or(0);
    if best >= menus.len() {
        let problem = problems.first()?.clone();
        return Some(Found { chosen: Fact::Unknown(problem), problems, ..Found::default() });
    }
    let (prefix, menu) = menus.swap_remove(best);
    if let Some(problem) = rivals(disk, &menu, &menus) {
        problems.push(problem);
    }
    let mut found = found(disk, &prefix, menu, problems);
    if let Some((before, problem)) = unread {
        // It may make the menu that this one does not.
        found.no_entries = None;
        if before <= best {
            found.chosen = Fact::Unknown(problem);
        }
    }
    Some(found)
}

/// The directories below `EFI/` that hold a `grub.cfg`.
fn stubs(disk: &Disk<'_>, problems: &mut Vec<Problem>) -> Vec<String> {
    let mut stubs = Vec::new();
    // One that cannot be looked at is taken along: reading it says why.
    let may_be_stub = |directory: &String| match disk.root.kind(&format!("{directory}/grub.cfg")) {
        Ok(kind) => kind == Some(FileKind::File),
        Err(_) => true,
    };
    for target in ["/boot/efi", "/efi", "/boot"] {
        let found = esp::efi_directory(disk, target).and_then(|efi| match efi {
            Some(efi) => {
                let efi = format!("{target}/{efi}");
                Ok(disk.root.names(&efi)?.into_iter().map(|vendor| format!("{efi}/{vendor}")).collect())
            }
            None => Ok(Vec::new()),
        });
        match found {
            Ok(found) => stubs.extend(found.into_iter().filter(may_be_stub)),
            Err(problem) => problems.push(problem),
        }
    }
    stubs
}

/// Says so when another configuration on this disk boots something else.
fn rivals(disk: &Disk<'_>, menu: &Menu, others: &[(String, Menu)]) -> Option<Problem> {
    let boots = |menu: &Menu| match grub_cfg::choose(menu) {
        Choice::Entry { index, .. } => {
            menu.entries.get(index).and_then(|entry| entry.kernel.clone()).map(|kernel| (kernel.path, kernel.at))
        }
        Choice::Unknown { .. } => None,
    };
    let (kernel, place) = boots(menu)?;
    let (prefix, (other, _)) = others.iter().find_map(|(prefix, other)| {
        boots(other).filter(|(path, at)| *path != kernel && *at != place).map(|boots| (prefix, boots))
    })?;
    Some(Problem::new(
        disk.root.name(&format!("{prefix}/grub.cfg")),
        format!(
            "boots {}, but another GRUB configuration on this disk boots {}; the latter was checked",
            loader_file(&other),
            loader_file(&kernel)
        ),
    ))
}

fn found(disk: &Disk<'_>, prefix: &str, menu: Menu, mut problems: Vec<Problem>) -> Found {
    let mut grubenv = BTreeMap::new();
    for directory in [prefix].into_iter().chain(DIRECTORIES) {
        match environment(disk.root, &format!("{directory}/grubenv")) {
            Ok(None) => {}
            Ok(Some((variables, doubts))) => {
                grubenv = variables.into_iter().map(shown_variable).collect();
                problems.extend(doubts);
                break;
            }
            Err(problem) => problems.push(problem),
        }
    }
    let no_entries = no_entries(disk, prefix, &menu);
    let chosen = match grub_cfg::choose(&menu) {
        Choice::Entry { index, mut because, at } => {
            if menu.second_try {
                because.push_str(", after a first try without an initrd that panics and restarts the machine");
            }
            Fact::Known(Chosen { index, because: title(&because), at })
        }
        // Entries of a stub that leads nowhere may lie on a /boot that is not mounted.
        Choice::Unknown { what, at } => {
            let place = at.unwrap_or_else(|| Location::file(disk.root.name(&format!("{prefix}/grub.cfg"))));
            let unmounted = menu.entries.is_empty().then(|| disk.unmounted("/boot")).flatten();
            Fact::Unknown(unmounted.unwrap_or_else(|| Problem::new(place.to_string(), what)))
        }
    };
    let timeout = menu.timeout.value.as_deref().and_then(|value| value.trim().parse().ok());
    let timeout = timeout.zip(menu.timeout.at.clone()).map(|(seconds, at)| Located::new(seconds, at));
    problems.extend(menu.problems.into_iter().map(|problem| Problem { what: title(&problem.what), ..problem }));
    let entries = menu.entries.into_iter().map(|entry| boot_entry(disk, prefix, entry)).collect();
    Found { entries, chosen, no_entries, timeout, grubenv, problems }
}

/// Why GRUB's own configuration makes no menu, where that is certain. That of a stub on the ESP may
/// lead to another filesystem.
fn no_entries(disk: &Disk<'_>, prefix: &str, menu: &Menu) -> Option<Located<String>> {
    if !menu.entries.is_empty() || !DIRECTORIES.contains(&prefix) || disk.unmounted("/boot").is_some() {
        return None;
    }
    let file = Location::file(disk.root.name(&format!("{prefix}/grub.cfg")));
    match &menu.unfinished {
        Some(at) => Some(Located::new(format!("ends inside the block that begins on line {}", at.line), at.clone())),
        None => menu.problems.is_empty().then(|| Located::new("defines no menu entry".to_owned(), file)),
    }
}

/// A variable as it may be shown: one of GRUB's own, or a command line.
fn shown_variable((name, value): (String, String)) -> (String, String) {
    let shown = match name.as_str() {
        "kernelopts" => cmdline::parse(&value, None).text(),
        name if is_loader_setting(name) => title(&value),
        _ => HIDDEN.to_owned(),
    };
    (name, shown)
}

/// The file of an entry; of one whose path holds a variable with an unknown value nothing can be said.
fn file(disk: &Disk<'_>, prefix: &str, named: &grub_cfg::Named) -> FileRef {
    if named.path.contains("${") {
        let place = named.at.as_ref().map(ToString::to_string).unwrap_or_default();
        let problem = Problem::new(place, "names a file by a variable with an unknown value");
        return FileRef {
            written: loader_file(&named.path),
            at: named.at.clone(),
            problem: Some(problem),
            ..FileRef::default()
        };
    }
    match named.device.as_deref() {
        Some("prefix") => disk.file(None, &format!("{prefix}{}", named.path), named.at.clone()),
        device => disk.file(device, &named.path, named.at.clone()),
    }
}

fn boot_entry(disk: &Disk<'_>, prefix: &str, entry: Entry) -> BootEntry {
    let file = |named: &grub_cfg::Named| file(disk, prefix, named);
    let line = entry.kernel.as_ref().and_then(|kernel| kernel.at.clone()).or_else(|| entry.at.clone());
    let mut boot = BootEntry {
        title: title(&entry.title),
        id: entry.id.as_deref().map(title),
        submenu: entry.submenu.iter().map(|step| title(&step.title)).collect(),
        at: entry.at,
        kernel: entry.kernel.as_ref().map(file),
        initrds: entry.initrds.iter().map(file).chain(entry.left_out.map(left_out)).collect(),
        cmdline: cmdline::parse(&entry.options, line),
        search_uuid: entry.search_uuid,
        linux: entry.kernel.is_some(),
        starts: entry.starts,
        recovery: false,
        unresolved: entry.unresolved,
    };
    boot.recovery = is_recovery(&boot);
    boot
}

impl Run<'_> {
    /// A path of GRUB's in the root; `None` when nothing lies there.
    ///
    /// # Errors
    /// When it cannot be told whether anything does.
    fn locate(&self, path: &str) -> Result<Option<String>, Problem> {
        if let Some(inner) = path.strip_prefix(PREFIX) {
            let path = format!("{}{inner}", self.prefix);
            return Ok(self.disk.root.stat(&path)?.map(|_| path));
        }
        let (device, inner) = split_device(path);
        for candidate in self.disk.candidates(device, inner) {
            if self.disk.root.stat(&candidate)?.is_some() {
                return Ok(Some(candidate));
            }
        }
        if device.is_some_and(|device| self.disk.shows(device, inner)) || self.is_beside_a_configuration(device, inner)
        {
            return Ok(None);
        }
        let what = "lies on a filesystem of which it is not known where it is mounted, so it may be there";
        Err(Problem::new(loader_file(inner), what))
    }

    /// Whether the directory of a path is one that a configuration was read from.
    fn is_beside_a_configuration(&self, device: Option<&str>, path: &str) -> bool {
        let Some((directory, _)) = path.rsplit_once('/') else { return false };
        let directories = self.directories.borrow();
        self.disk.candidates(device, directory).iter().any(|candidate| directories.contains(candidate))
    }

    /// The directory of the entries that `blscfg` adds by itself. One that cannot be looked at may be it, whatever
    /// the next one is.
    fn bls_directory(&self) -> Result<Option<String>, Problem> {
        for path in ["/boot/loader/entries", "/loader/entries", "/boot/efi/loader/entries"] {
            if self.disk.root.kind(path)? == Some(FileKind::Directory) {
                return Ok(Some(path.to_owned()));
            }
        }
        Ok(None)
    }
}

fn split_device(path: &str) -> (Option<&str>, &str) {
    match path.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((device, path)) => (Some(device), path),
        None => (None, path),
    }
}

impl World for Run<'_> {
    fn presence(&self, path: &str) -> Option<Presence> {
        let Some(path) = self.locate(path).ok()? else { return Some(Presence::Absent) };
        let meta = self.disk.root.stat(&path).ok()??;
        match meta.kind {
            FileKind::File => Some(Presence::File(meta.size)),
            FileKind::Directory => Some(Presence::Directory),
            FileKind::Link | FileKind::Special => None,
        }
    }

    fn names(&self, directory: &str) -> Option<Vec<String>> {
        let Some(directory) = self.locate(directory).ok()? else { return Some(Vec::new()) };
        self.disk.root.names(&directory).ok()
    }

    fn environment(&self, path: &str) -> Result<Option<BTreeMap<String, String>>, Problem> {
        let Some(path) = self.locate(path)? else { return Ok(None) };
        Ok(environment(self.disk.root, &path)?.map(|(variables, _)| variables))
    }

    fn source(&self, path: &str) -> Result<Option<(String, String)>, Problem> {
        let Some(path) = self.locate(path)? else { return Ok(None) };
        let text = self.disk.root.text(&path)?;
        if let Some((directory, _)) = path.rsplit_once('/') {
            self.directories.borrow_mut().insert(directory.to_owned());
        }
        Ok(text.map(|text| (text, self.disk.root.name(&path))))
    }

    fn bls(&self, directory: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem> {
        let directory = match directory {
            Some(directory) => self.locate(directory)?,
            None => self.bls_directory()?,
        };
        let Some(directory) = directory else { return Ok(Vec::new()) };
        let mut entries = bls_entries(self.disk, &directory)?;
        entries.sort_by(|(_, left), (_, right)| bls::grub_order(left, right));
        Ok(entries)
    }
}

/// The entries of a directory, with the paths of their files.
pub(super) fn bls_entries(disk: &Disk<'_>, directory: &str) -> Result<Vec<(String, bls::Entry)>, Problem> {
    /// How many entries are read; a machine has a handful. Which one is the first is not known where there are more.
    const LIMIT: usize = 500;
    let names: Vec<String> = disk.root.names(directory)?.into_iter().filter(|name| name.ends_with(".conf")).collect();
    if names.len() > LIMIT {
        let what = format!("has more than {LIMIT} boot entries; none was read");
        return Err(Problem::new(disk.root.name(directory), what));
    }
    let mut entries = Vec::new();
    for name in names {
        let path = format!("{directory}/{name}");
        if let Some(text) = disk.root.text(&path)? {
            let path = disk.root.name(&path);
            // An entry that names nothing to start is left out by the loaders too.
            let (entry, problems) = bls::parse(&text, &name, &path);
            if problems.is_empty() || entry.linux.is_some() {
                entries.push((path, entry));
            }
        }
    }
    Ok(entries)
}
