//! Which shared libraries the programs of an image need and do not find, by the rules of ld.so(8).

use super::content::{Binary, Content};
use super::tree::{Tree, join};
use crate::formats::image::elf::Linkage;
use isctpl_checks::facts::MissingLibrary;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

/// Directories that every dynamic linker looks in.
const DEFAULT: &[&str] = &["lib64", "usr/lib64", "lib", "usr/lib", "usr/local/lib"];

/// The most steps of all searches together, directories that objects name included; an ordinary image takes a few
/// thousand.
const STEPS: usize = 1 << 18;

/// The most bytes of names that are told of missing libraries, each with every program that needs it.
const MISSING: usize = 4 << 20;

/// The most files that `include` lines of ld.so.conf may lead through.
const CONF_FILES: usize = 256;

/// The libraries that are missing. Only what programs load is judged: a library that nothing names is
/// loaded by dlopen(3) or not at all. Gives up with `None` where the search takes too long.
pub(super) fn missing(tree: &Tree) -> Option<Vec<MissingLibrary>> {
    let directories = directories(tree);
    let mut search = Search { tree, directories, found: HashMap::new(), missing: Missing::default(), steps: 0 };
    for (path, node) in tree.nodes() {
        let Some(binary) = node.content.and_then(|_| binary(tree, path)) else { continue };
        if let Some(interpreter) = &binary.linkage.interpreter {
            if tree.resolve(interpreter).is_none() {
                search.missing.add(interpreter, path, path)?;
            }
            search.program(path, binary)?;
        }
    }
    Some(search.missing.into_facts())
}

/// Missing libraries and who needs them, each with the programs that do not start for it.
#[derive(Default)]
struct Missing<'t> {
    programs: BTreeMap<(&'t str, &'t str), BTreeSet<&'t str>>,
    bytes: usize,
}

impl<'t> Missing<'t> {
    /// Adds one; `None` when there are too many.
    fn add(&mut self, library: &'t str, needed_by: &'t str, program: &'t str) -> Option<()> {
        self.bytes += library.len() + needed_by.len() + program.len();
        self.programs.entry((library, needed_by)).or_default().insert(program);
        (self.bytes <= MISSING).then_some(())
    }

    fn into_facts(self) -> Vec<MissingLibrary> {
        let missing = self.programs.into_iter().map(|((library, needed_by), programs)| MissingLibrary {
            name: library.to_owned(),
            needed_by: needed_by.to_owned(),
            programs: programs.into_iter().map(str::to_owned).collect(),
        });
        missing.collect()
    }
}

fn binary<'t>(tree: &'t Tree, path: &str) -> Option<&'t Binary> {
    match tree.content(path)? {
        Content::Elf(binary) => Some(binary),
        _ => None,
    }
}

/// Everything but directories that single programs name.
fn directories(tree: &Tree) -> Vec<String> {
    let mut directories = Vec::new();
    configured(tree, "etc/ld.so.conf", &mut directories, &mut 0);
    for base in ["lib", "usr/lib"] {
        // Debian's linker has the directories of its machine built in.
        let machines = tree.names(base).into_iter().filter(|name| name.contains("-linux-"));
        directories.extend(machines.map(|name| join(base, name)));
    }
    directories.extend(DEFAULT.iter().map(|&directory| directory.to_owned()));
    let variants: Vec<String> = directories
        .iter()
        .flat_map(|directory| {
            let parent = join(directory, "glibc-hwcaps");
            tree.names(&parent).into_iter().map(move |name| join(&parent, name)).collect::<Vec<_>>()
        })
        .collect();
    directories.extend(variants);
    let mut seen = HashSet::new();
    directories.retain(|directory| seen.insert(directory.clone()));
    directories
}

fn configured(tree: &Tree, file: &str, directories: &mut Vec<String>, files: &mut usize) {
    *files += 1;
    if *files > CONF_FILES {
        return;
    }
    for line in tree.text(file).unwrap_or_default().lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        match line.strip_prefix("include").filter(|rest| rest.starts_with([' ', '\t'])) {
            Some(pattern) => {
                let pattern = pattern.trim().trim_start_matches('/');
                let pattern = if pattern.contains('/') { pattern.to_owned() } else { join("etc", pattern) };
                let (directory, name) = pattern.rsplit_once('/').unwrap_or(("", &pattern));
                let (before, behind) = name.split_once('*').unwrap_or((name, ""));
                for name in tree.names(directory) {
                    if name.len() >= before.len() + behind.len() && name.starts_with(before) && name.ends_with(behind) {
                        configured(tree, &join(directory, name), directories, files);
                    }
                }
            }
            None if line.starts_with('/') => directories.push(line.trim_matches('/').to_owned()),
            None => {}
        }
    }
}

struct Search<'t> {
    tree: &'t Tree,
    directories: Vec<String>,
    /// Where libraries were found by name alone, by name and machine.
    found: HashMap<(&'t str, bool, u16), Option<&'t str>>,
    missing: Missing<'t>,
    steps: usize,
}

/// An object that is being loaded.
struct Object<'t> {
    path: &'t str,
    linkage: &'t Linkage,
    /// `DT_RPATH` directories of those that loaded it.
    inherited: Rc<[String]>,
}

impl<'t> Search<'t> {
    /// Loads a program as the linker would, breadth first.
    fn program(&mut self, path: &'t str, binary: &'t Binary) -> Option<()> {
        let mut queue = VecDeque::from([Object { path, linkage: &binary.linkage, inherited: Rc::default() }]);
        let mut loaded: HashSet<&str> = HashSet::new();
        while let Some(object) = queue.pop_front() {
            let own = directories_of(&object);
            self.steps += own.len();
            for library in &object.linkage.needed {
                self.steps += 1 + own.len();
                if self.steps > STEPS {
                    return None;
                }
                if !loaded.insert(library) {
                    continue;
                }
                let Some(found) = self.loaded_as(library, &own, object.linkage) else {
                    self.missing.add(library, object.path, path)?;
                    continue;
                };
                let Some(binary) = self::binary(self.tree, found) else { continue };
                if let Some(soname) = &binary.linkage.soname {
                    loaded.insert(soname);
                }
                let inherited = if object.linkage.runpath.is_empty() { Rc::clone(&own) } else { Rc::default() };
                queue.push_back(Object { path: found, linkage: &binary.linkage, inherited });
            }
        }
        Some(())
    }

    /// The file that the linker loads for a name, by the directories of its own and then the system's.
    fn loaded_as(&mut self, name: &'t str, own: &[String], of: &Linkage) -> Option<&'t str> {
        if name.contains('/') {
            return self.fitting(name, of);
        }
        if let Some(found) = own.iter().find_map(|directory| self.fitting(&join(directory, name), of)) {
            return Some(found);
        }
        let key = (name, of.is_64, of.machine);
        if let Some(known) = self.found.get(&key) {
            return *known;
        }
        let found = self.directories.iter().find_map(|directory| self.fitting(&join(directory, name), of));
        self.found.insert(key, found);
        found
    }

    /// The file at a path, unless it is a library for another machine.
    fn fitting(&self, path: &str, of: &Linkage) -> Option<&'t str> {
        let path = self.tree.entry(path)?;
        match binary(self.tree, path) {
            Some(Binary { linkage, .. }) if (linkage.is_64, linkage.machine) != (of.is_64, of.machine) => None,
            _ => Some(path),
        }
    }
}

/// Directories that an object and, without `DT_RUNPATH`, its loaders name.
fn directories_of(object: &Object<'_>) -> Rc<[String]> {
    let origin = object.path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let expand = |directory: &String| {
        let directory = directory.replace("${ORIGIN}", "$ORIGIN");
        match directory.strip_prefix("$ORIGIN") {
            Some(rest) => format!("{origin}{rest}"),
            None => directory.trim_start_matches('/').to_owned(),
        }
    };
    if !object.linkage.runpath.is_empty() {
        return object.linkage.runpath.iter().map(expand).collect();
    }
    object.linkage.rpath.iter().map(expand).chain(object.inherited.iter().cloned()).collect()
}
