//! Unit files as systemd finds them (systemd.unit(5), "Unit File Load Path"): precedence, masks, aliases,
//! drop-ins and the links of `.wants` and `.requires` directories.

use crate::formats::systemd::{UnitFile, conf_files, parse};
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Location, Problem};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

/// Where units are looked for, the strongest first.
const DIRECTORIES: [&str; 8] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/run/systemd/generator.late",
    "/etc/systemd/system.attached",
];

/// The longest chain of aliases that is followed.
const ALIAS_LIMIT: usize = 8;

/// A link that makes one unit want another.
#[derive(Debug, Clone)]
pub(in crate::probes) struct WantsLink {
    /// The unit that wants.
    pub(in crate::probes) holder: String,
    /// The unit that is wanted, as the link is named.
    pub(in crate::probes) wanted: String,
    /// The link.
    pub(in crate::probes) at: Location,
}

/// A unit as it is in force.
#[derive(Debug, Default)]
pub(in crate::probes) struct Loaded {
    /// Its own name, aliases followed.
    pub(in crate::probes) name: String,
    /// Its file; `None` when there is none or it is masked.
    pub(in crate::probes) fragment: Option<Location>,
    /// What masks it.
    pub(in crate::probes) masked: Option<Location>,
    /// Drop-ins, in the order in which they are read.
    pub(in crate::probes) drop_ins: Vec<Location>,
    /// Settings, drop-ins merged.
    pub(in crate::probes) file: UnitFile,
}

/// The unit files of a root.
pub(in crate::probes) struct UnitFiles<'a> {
    root: &'a Root,
    /// The strongest entry of each name.
    index: BTreeMap<String, (String, FileKind)>,
    /// The directories that were read, the strongest first.
    directories: Vec<String>,
    /// Directories of drop-ins, as `DIRECTORY/NAME.d`, by `NAME.d`.
    drop_in_directories: BTreeMap<String, Vec<String>>,
    /// Links of `.wants`, `.requires` and `.upholds` directories.
    pub(in crate::probes) links: Vec<WantsLink>,
    cache: RefCell<BTreeMap<String, Rc<Loaded>>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> UnitFiles<'a> {
    /// Lists the directories of a root.
    pub(in crate::probes) fn list(root: &'a Root) -> Self {
        let mut files = Self {
            root,
            index: BTreeMap::new(),
            directories: Vec::new(),
            drop_in_directories: BTreeMap::new(),
            links: Vec::new(),
            cache: RefCell::new(BTreeMap::new()),
            problems: RefCell::new(Vec::new()),
        };
        let merged = is_merged(root);
        let foreign_run = is_foreign(root, "/run");
        let mut wants = BTreeMap::new();
        for directory in DIRECTORIES {
            let skip = (merged && directory.starts_with("/lib/")) || (foreign_run && directory.starts_with("/run/"));
            if skip {
                continue;
            }
            for (name, kind) in files.names(directory) {
                let path = format!("{directory}/{name}");
                let holder =
                    [".wants", ".requires", ".upholds"].into_iter().find_map(|suffix| name.strip_suffix(suffix));
                if let Some(holder) = holder {
                    for (wanted, _) in files.names(&path) {
                        // The same link in a weaker directory is hidden by the stronger one.
                        wants.entry((holder.to_owned(), wanted.clone())).or_insert_with(|| format!("{path}/{wanted}"));
                    }
                } else if name.ends_with(".d") && kind != FileKind::File {
                    files.drop_in_directories.entry(name).or_default().push(path);
                } else if kind != FileKind::Directory {
                    files.index.entry(name).or_insert((path, kind));
                }
            }
            files.directories.push(directory.to_owned());
        }
        for ((holder, wanted), path) in wants {
            if root.read_link(&path).ok().flatten().as_deref() != Some("/dev/null") {
                files.links.push(WantsLink { holder, wanted, at: Location::file(path) });
            }
        }
        files
    }

    /// Names of every unit file, aliases and templates included.
    pub(in crate::probes) fn names_of_units(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str)
    }

    /// What could not be read so far.
    pub(in crate::probes) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    fn names(&self, directory: &str) -> Vec<(String, FileKind)> {
        match self.root.list(directory) {
            Ok(names) => names.unwrap_or_default(),
            Err(problem) => {
                self.note(problem);
                Vec::new()
            }
        }
    }

    fn note(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Loads a unit by any of its names; `None` when there is neither a file nor a mask.
    pub(in crate::probes) fn load(&self, name: &str) -> Option<Rc<Loaded>> {
        let (own_name, found) = self.resolve(name)?;
        if let Some(known) = self.cache.borrow().get(&own_name) {
            return Some(Rc::clone(known));
        }
        let mut unit = Loaded { name: own_name.clone(), ..Loaded::default() };
        match found {
            Found::Mask(at) => unit.masked = Some(at),
            Found::File(path) => match self.root.text(&path) {
                Ok(Some(text)) => {
                    unit.file = parse(&text, &path);
                    unit.fragment = Some(Location::file(path));
                    self.merge_drop_ins(&mut unit);
                }
                // A link to a file that is gone: systemd knows no such unit.
                Ok(None) => return None,
                Err(problem) => {
                    self.note(problem);
                    return None;
                }
            },
        }
        let unit = Rc::new(unit);
        self.cache.borrow_mut().insert(own_name, Rc::clone(&unit));
        Some(unit)
    }

    fn resolve(&self, name: &str) -> Option<(String, Found)> {
        let mut name = name.to_owned();
        for _ in 0..ALIAS_LIMIT {
            // An instance without a file of its own is made of its template.
            let (path, kind) = self.index.get(&name).or_else(|| self.index.get(&template_of(&name)?))?;
            if *kind != FileKind::Link {
                let empty = matches!(self.root.stat(path), Ok(Some(meta)) if meta.size == 0);
                let found = if empty { Found::Mask(Location::file(path)) } else { Found::File(path.clone()) };
                return Some((name, found));
            }
            let target = match self.root.read_link(path) {
                Ok(target) => target?,
                Err(problem) => {
                    self.note(problem);
                    return None;
                }
            };
            if target == "/dev/null" {
                return Some((name, Found::Mask(Location::file(path))));
            }
            let own_name = target.rsplit('/').next().unwrap_or_default();
            if own_name == name || template_of(&name).as_deref() == Some(own_name) || !self.index.contains_key(own_name)
            {
                return Some((name, Found::File(path.clone())));
            }
            name = own_name.to_owned();
        }
        None
    }

    /// Merges drop-ins: those of the unit, of its name's prefixes (`foo-.service.d`) and of its type.
    fn merge_drop_ins(&self, unit: &mut Loaded) {
        let mut listings: Vec<(&str, Vec<String>)> = Vec::new();
        for name in drop_in_names(&unit.name) {
            for directory in self.drop_in_directories.get(&name).into_iter().flatten() {
                let names = self.names(directory).into_iter().map(|(name, _)| name).collect();
                listings.push((directory, names));
            }
        }
        for path in conf_files(&listings, ".conf") {
            if self.root.read_link(&path).ok().flatten().as_deref() == Some("/dev/null") {
                continue;
            }
            match self.root.text(&path) {
                Ok(Some(text)) => {
                    unit.file.merge(parse(&text, &path));
                    unit.drop_ins.push(Location::file(path));
                }
                Ok(None) => {}
                Err(problem) => self.note(problem),
            }
        }
    }
}

enum Found {
    Mask(Location),
    File(String),
}

/// Whether `/lib` is a link to `/usr/lib`, so that both name the same files.
pub(in crate::probes) fn is_merged(root: &Root) -> bool {
    matches!(root.lstat("/lib"), Ok(Some(meta)) if meta.kind == FileKind::Link)
}

/// Whether a directory of a mounted root is a mount of its own, such as the rescue host's `/run` bound into it:
/// what lies there is not the instance's.
fn is_foreign(root: &Root, path: &str) -> bool {
    let live = root.path() == Path::new("/");
    match (root.stat("/"), root.stat(path)) {
        (Ok(Some(top)), Ok(Some(meta))) => !live && top.dev != meta.dev,
        _ => false,
    }
}

/// `getty@.service` of `getty@tty1.service`.
fn template_of(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_once('@')?;
    let (instance, suffix) = rest.rsplit_once('.')?;
    (!instance.is_empty()).then(|| format!("{prefix}@.{suffix}"))
}

/// Names of drop-in directories that count for a unit, the most specific first.
fn drop_in_names(name: &str) -> Vec<String> {
    let mut names = vec![format!("{name}.d")];
    names.extend(template_of(name).map(|template| format!("{template}.d")));
    if let Some((stem, suffix)) = name.rsplit_once('.') {
        let dashes: Vec<usize> = stem.match_indices('-').map(|(at, _)| at).collect();
        for at in dashes.into_iter().rev() {
            names.extend(stem.get(..=at).map(|prefix| format!("{prefix}.{suffix}.d")));
        }
        names.push(format!("{suffix}.d"));
    }
    names
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn names_of_drop_in_directories() {
        assert_eq!(drop_in_names("a-b-c.service"), ["a-b-c.service.d", "a-b-.service.d", "a-.service.d", "service.d"]);
        assert_eq!(template_of("getty@tty1.service").as_deref(), Some("getty@.service"));
        assert_eq!(template_of("getty@.service"), None);
    }
}
