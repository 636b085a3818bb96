//! Unit files as systemd finds them (systemd.unit(5), "Unit File Load Path"): precedence, masks, aliases, templates
//! and drop-ins.

use super::name::UnitName;
use crate::formats::systemd::{self, Section, UnitFile, conf_files, parse};
use crate::probes::files::{Files, Reader, beside};
use crate::system::FileKind;
use isctpl_checks::facts::{Location, Problem};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// Where units are looked for, the strongest first. Where `/lib` is no link, it is the distribution's own directory.
const DIRECTORIES: [&str; 13] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/run/systemd/generator.early",
    "/etc/systemd/system",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.attached",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/run/systemd/generator.late",
];

/// The endings of directories whose entries are added to a unit.
const ADDING: [&str; 4] = [".d", ".wants", ".requires", ".upholds"];

/// The longest chain of aliases that systemd follows.
const ALIAS_LIMIT: usize = 8;

/// The most work that loading all units of a tree may take, in lines, directory entries and blocks of text: what
/// many units share, such as a template or `service.d`, counts for each of them. An ordinary root has ten thousand,
/// and a line takes some 300 bytes.
const WORK_LIMIT: usize = 100_000;

/// The bytes of text, and of the path that a line is kept with, that count as one piece of work.
const BLOCK: usize = 128;

/// A unit as it is in force.
#[derive(Debug, Default)]
pub(crate) struct Unit {
    /// Its own name, aliases followed.
    pub(crate) name: String,
    /// Its file; `None` when it is masked.
    pub(crate) fragment: Option<Location>,
    /// What masks it.
    pub(crate) masked: Option<Location>,
    /// Drop-ins, in the order in which they are read.
    pub(crate) drop_ins: Vec<Location>,
    /// Settings, drop-ins merged.
    pub(crate) file: UnitFile,
}

/// An entry of a unit's `.wants`, `.requires` or `.upholds` directory that is not masked.
pub(super) struct Link {
    /// The unit that it names.
    pub(super) name: String,
    /// Whether the unit cannot do without.
    pub(super) required: bool,
    pub(super) at: Location,
}

/// What a name of the index stands for.
enum Entry {
    /// A file, or a link to one outside of the directories of units.
    File(String),
    /// A link to `/dev/null`.
    Mask(String),
    /// Another name.
    Alias(String),
}

/// Why a name leads to no entry.
enum NoEntry {
    Absent,
    /// Its aliases lead to each other.
    Circle,
}

/// A directory that adds to a unit.
struct Directory {
    /// The place of the directory above in [`DIRECTORIES`].
    rank: usize,
    path: String,
}

/// The file of a unit, and the name that the unit has by it.
struct Fragment<'i> {
    entry: &'i Entry,
    name: String,
}

/// The entries of a directory that adds to units, and whether each is masked.
type Entries = Rc<Vec<(String, bool)>>;

/// The units of a tree.
pub(crate) struct Units<'a> {
    reader: Reader<'a>,
    /// The strongest entry of each name.
    index: BTreeMap<String, Entry>,
    /// The aliases that lead to a file, by the file's own name.
    aliases: HashMap<String, Vec<String>>,
    /// Directories that add to units, by name: `foo.service.d`, `foo.service.wants`.
    directories: HashMap<String, Vec<Directory>>,
    loaded: RefCell<HashMap<String, Option<Rc<Unit>>>>,
    /// Files that several units have in common, by path.
    common: RefCell<HashMap<String, Option<Rc<UnitFile>>>>,
    /// Directories that were read, by path.
    listed: RefCell<HashMap<String, Entries>>,
    work: Cell<usize>,
    cut_short: RefCell<Option<Problem>>,
}

impl<'a> Units<'a> {
    /// Lists the directories of a tree.
    pub(crate) fn list(files: &'a dyn Files) -> Self {
        let reader = Reader::new(files);
        let merged = reader.is_merged();
        let mut index = BTreeMap::new();
        let mut directories: HashMap<String, Vec<Directory>> = HashMap::new();
        for (rank, directory) in DIRECTORIES.iter().enumerate() {
            if merged && directory.starts_with("/lib/") {
                continue;
            }
            for (name, kind) in reader.list(directory) {
                let path = format!("{directory}/{name}");
                if kind != FileKind::File && ADDING.iter().any(|ending| name.ends_with(ending)) {
                    directories.entry(name).or_default().push(Directory { rank, path });
                } else if kind != FileKind::Directory
                    && !index.contains_key(&name)
                    && let Some(entry) = entry(&reader, &name, path, kind)
                {
                    index.insert(name, entry);
                }
            }
        }
        let mut units = Self {
            reader,
            index,
            aliases: HashMap::new(),
            directories,
            loaded: RefCell::default(),
            common: RefCell::default(),
            listed: RefCell::default(),
            work: Cell::new(0),
            cut_short: RefCell::default(),
        };
        units.aliases = units.all_aliases();
        units
    }

    fn all_aliases(&self) -> HashMap<String, Vec<String>> {
        let mut aliases: HashMap<String, Vec<String>> = HashMap::new();
        for (name, entry) in &self.index {
            if matches!(entry, Entry::Alias(_))
                && let Ok((own_name, Entry::File(_))) = self.follow(name)
            {
                aliases.entry(own_name.to_owned()).or_default().push(name.clone());
            }
        }
        aliases
    }

    /// What could not be read so far. Not that there is too much: see [`Units::cut_short`].
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.reader.problems().clone()
    }

    /// Why not every unit was followed, where that is so.
    pub(crate) fn cut_short(&self) -> Option<Problem> {
        self.cut_short.borrow().clone()
    }

    /// Notes that not every unit is followed.
    pub(super) fn cut(&self, why: &str) {
        let what = format!("{why}; isctpl did not follow every one");
        self.cut_short.borrow_mut().get_or_insert(Problem::new("systemd's units", what));
    }

    /// The name that a unit has by its file, aliases followed; `None` when there is neither a file nor a mask.
    pub(crate) fn own_name(&self, name: &str) -> Option<String> {
        self.fragment(name).map(|fragment| fragment.name)
    }

    /// Whether a unit, by its own name, is what another name stands for.
    pub(crate) fn is_called(&self, own_name: &str, name: &str) -> bool {
        self.own_name(name).as_deref() == Some(own_name)
    }

    /// The own names of all units that have a file or a mask of their own.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = &str> {
        let names = self.index.iter().filter(|(_, entry)| !matches!(entry, Entry::Alias(_)));
        names.map(|(name, _)| name.as_str()).filter(|name| !name.contains("@."))
    }

    /// Loads a unit by any of its names, each unit once; `None` when there is neither a file nor a mask, or when it
    /// cannot be read.
    pub(crate) fn load(&self, name: &str) -> Option<Rc<Unit>> {
        let fragment = self.fragment(name)?;
        if let Some(known) = self.loaded.borrow().get(&fragment.name) {
            return known.clone();
        }
        let own_name = fragment.name.clone();
        let unit = self.read(fragment).map(Rc::new);
        self.loaded.borrow_mut().insert(own_name, unit.clone());
        unit
    }

    /// The entries of a unit's `.wants`, `.requires` and `.upholds` directories.
    pub(super) fn links(&self, unit: &Unit) -> Vec<Link> {
        let mut links = Vec::new();
        for (ending, required) in [(".wants", false), (".requires", true), (".upholds", false)] {
            for (path, masked) in self.entries_of(&unit.name, ending, "") {
                let name = path.rsplit('/').next().unwrap_or_default();
                if !masked && UnitName::parse(name).is_some() {
                    links.push(Link { name: name.to_owned(), required, at: self.reader.location(&path) });
                }
            }
        }
        links
    }

    /// Follows the aliases of a name. An alias of an instance may lead to its template.
    fn follow<'i>(&'i self, name: &str) -> Result<(&'i str, &'i Entry), NoEntry> {
        let (mut name, mut entry) = self.index.get_key_value(name).ok_or(NoEntry::Absent)?;
        for _ in 0..ALIAS_LIMIT {
            let Entry::Alias(target) = entry else { return Ok((name, entry)) };
            let template = || self.index.get_key_value(&UnitName::parse(target)?.template()?);
            (name, entry) = self.index.get_key_value(target).or_else(template).ok_or(NoEntry::Absent)?;
        }
        Err(NoEntry::Circle)
    }

    fn fragment(&self, name: &str) -> Option<Fragment<'_>> {
        let parts = UnitName::parse(name).filter(|parts| !parts.is_template())?;
        let found = match self.follow(name) {
            // An instance without a file of its own is made of its template.
            Err(NoEntry::Absent) => self.follow(&parts.template()?),
            found => found,
        };
        let (file_name, entry) = found.ok()?;
        let own_name = match (UnitName::parse(file_name)?, parts.instance) {
            (file, Some(instance)) if file.is_template() => {
                // An instance that leads elsewhere, as by a file of its own, is another unit.
                let own_name = file.instantiated(instance);
                let is_another = self.follow(&own_name).is_ok_and(|(target, _)| target != file_name);
                if is_another { name.to_owned() } else { own_name }
            }
            _ => file_name.to_owned(),
        };
        Some(Fragment { entry, name: own_name })
    }

    fn read(&self, fragment: Fragment<'_>) -> Option<Unit> {
        let mut unit = Unit { name: fragment.name, ..Unit::default() };
        let path = match fragment.entry {
            Entry::File(path) if !self.reader.is_masked(path) => path,
            Entry::File(path) | Entry::Mask(path) => {
                unit.masked = Some(self.reader.location(path));
                return Some(unit);
            }
            Entry::Alias(_) => return None,
        };
        let is_instance = UnitName::parse(&unit.name).is_some_and(|name| name.instance.is_some());
        self.merge(&mut unit.file, path, is_instance)?;
        unit.fragment = Some(self.reader.location(path));
        for (path, masked) in self.entries_of(&unit.name, ".d", ".conf") {
            if !masked && self.merge(&mut unit.file, &path, true).is_some() {
                unit.drop_ins.push(self.reader.location(&path));
            }
        }
        Some(unit)
    }

    /// Adds what a file says to a unit; `None` when there is no such file, such as behind a link that leads nowhere.
    /// One that other units have in common is parsed once.
    fn merge(&self, unit: &mut UnitFile, path: &str, common: bool) -> Option<()> {
        self.spend(0)?;
        let known = self.common.borrow().get(path).cloned();
        let file = match known {
            Some(known) => known?,
            None => {
                // Lines that systemd ignores change no unit.
                let parsed =
                    |text: Cow<'_, str>| UnitFile { problems: Vec::new(), ..parse(&text, &self.reader.name(path)) };
                let file = self.reader.text(path).map(|text| Rc::new(parsed(text)));
                if common {
                    self.spend(file.as_deref().map_or(0, work_of))?;
                    self.common.borrow_mut().insert(path.to_owned(), file.clone());
                }
                file?
            }
        };
        self.spend(work_of(&file))?;
        unit.merge(Rc::unwrap_or_clone(file));
        if let Some(cut) = &unit.cut {
            self.cut_short.borrow_mut().get_or_insert_with(|| cut.clone());
        }
        Some(())
    }

    /// The entries of the directories that add to a unit, of those with one name the strongest, sorted by name; and
    /// whether they are masked.
    fn entries_of(&self, unit: &str, ending: &str, suffix: &str) -> Vec<(String, bool)> {
        let mut listings = Vec::new();
        let mut masked = HashSet::new();
        for path in self.directories_of(unit, ending) {
            let entries = self.entries(path);
            if self.spend(entries.len()).is_none() {
                break;
            }
            masked.extend(entries.iter().filter(|(_, masked)| *masked).map(|(name, _)| format!("{path}/{name}")));
            listings.push((path, entries.iter().map(|(name, _)| name.clone()).collect()));
        }
        let chosen = conf_files(&listings, suffix).into_iter();
        chosen.map(|path| (masked.contains(&path), path)).map(|(masked, path)| (path, masked)).collect()
    }

    fn entries(&self, path: &str) -> Entries {
        if let Some(known) = self.listed.borrow().get(path) {
            return Rc::clone(known);
        }
        let names = self.reader.list(path).into_iter().filter(|(_, kind)| *kind != FileKind::Directory);
        let entries = names.map(|(name, _)| {
            let masked = self.reader.is_masked(&format!("{path}/{name}"));
            (name, masked)
        });
        let entries = Rc::new(entries.collect::<Vec<_>>());
        self.listed.borrow_mut().insert(path.to_owned(), Rc::clone(&entries));
        entries
    }

    /// The directories that add to a unit, the strongest first: those of its own name, of its aliases, of its kind.
    fn directories_of(&self, unit: &str, ending: &str) -> Vec<&str> {
        let mut found = Vec::new();
        let kind = unit.rsplit('.').next().unwrap_or_default().to_owned();
        for name in self.names_of(unit) {
            let prefixes = UnitName::parse(&name).map(|name| name.with_prefixes()).unwrap_or_default();
            if self.spend(prefixes.len()).is_none() {
                break;
            }
            found.extend(self.existing(&prefixes, ending));
        }
        found.extend(self.existing(&[kind], ending));
        found
    }

    /// The directories of some names, those below the strongest directory first.
    fn existing(&self, names: &[String], ending: &str) -> Vec<&str> {
        let directories = names.iter().filter_map(|name| self.directories.get(&format!("{name}{ending}")));
        let mut found: Vec<&Directory> = directories.flatten().collect();
        found.sort_by_key(|directory| directory.rank);
        found.into_iter().map(|directory| directory.path.as_str()).collect()
    }

    /// All names of a unit, its own first.
    fn names_of(&self, unit: &str) -> Vec<String> {
        let mut names = vec![unit.to_owned()];
        let Some(parts) = UnitName::parse(unit) else { return names };
        let of_template = parts.template().and_then(|template| self.aliases.get(&template));
        for alias in self.aliases.get(unit).into_iter().chain(of_template).flatten() {
            let name = match (UnitName::parse(alias), parts.instance) {
                (Some(alias), Some(instance)) if alias.is_template() => alias.instantiated(instance),
                _ => alias.clone(),
            };
            if self.spend(1).is_none() {
                break;
            }
            // Of a template's aliases, an instance may have been linked elsewhere.
            if self.own_name(&name).as_deref() == Some(unit) {
                names.push(name);
            }
        }
        names
    }

    /// The work taken so far.
    #[cfg(test)]
    pub(super) fn work(&self) -> usize {
        self.work.get()
    }

    /// Takes some work; `None` when all units together took too much.
    fn spend(&self, work: usize) -> Option<()> {
        self.work.set(self.work.get().saturating_add(work));
        if self.work.get() > WORK_LIMIT {
            self.cut("add up to too many settings and links");
        }
        (self.work.get() <= WORK_LIMIT).then_some(())
    }
}

/// The work that a file takes: a piece for each of its lines, and more for long ones.
fn work_of(file: &UnitFile) -> usize {
    let line = |at: &Location, text: usize| 1 + (at.path.len() + text) / BLOCK;
    let entry = |entry: &systemd::Entry| line(&entry.at, entry.key.len() + entry.value.len());
    let section =
        |section: &Section| line(&section.at, section.name.len()) + section.entries.iter().map(entry).sum::<usize>();
    file.sections.iter().map(section).sum()
}

/// The unit that a file in a directory of units is for: its own, a link to it, or one that adds to its settings.
pub(super) fn unit_of(place: &str) -> Option<UnitName<'_>> {
    let below = DIRECTORIES.iter().find_map(|directory| place.strip_prefix(*directory)?.strip_prefix('/'))?;
    let (directory, file) = below.rsplit_once('/').unwrap_or(("", below));
    UnitName::parse(file).or_else(|| UnitName::parse(directory.strip_suffix(".d")?))
}

/// What an entry of a directory of units stands for; `None` of what systemd passes over.
fn entry(reader: &Reader<'_>, name: &str, path: String, kind: FileKind) -> Option<Entry> {
    let alias = UnitName::parse(name)?;
    match kind {
        FileKind::File => return Some(Entry::File(path)),
        FileKind::Link => {}
        FileKind::Directory | FileKind::Special => return None,
    }
    let target = beside(&path, &reader.link(&path)?);
    if target == "/dev/null" {
        return Some(Entry::Mask(path));
    }
    let is_below = |directory: &&str| target.strip_prefix(*directory).is_some_and(|rest| rest.starts_with('/'));
    if !DIRECTORIES.iter().any(is_below) {
        return Some(Entry::File(path));
    }
    let target = target.rsplit('/').next().unwrap_or_default();
    UnitName::parse(target).filter(|target| alias.may_be_alias_of(target)).map(|_| Entry::Alias(target.to_owned()))
}
