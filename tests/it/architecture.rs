//! The house is built as docs/architecture.md says: imports go down the floors and never round in a circle, and no
//! file is longer than one can read.

mod imports;

use imports::{Crate, Import};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file.
const LINES: usize = 450;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn crates() -> [Crate; 2] {
    [Crate::read("isctpl", &project().join("src")), Crate::read("isctpl_checks", &project().join("checks/src"))]
}

/// The files that can reach themselves, in groups.
fn circles(imports: &BTreeSet<Import>) -> Vec<BTreeSet<&PathBuf>> {
    let mut next: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> = BTreeMap::new();
    for import in imports {
        next.entry(&import.from).or_default().insert(&import.to);
    }
    let reached = |from: &PathBuf| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(file) = open.pop() {
            for to in next.get(file).into_iter().flatten() {
                if seen.insert(*to) {
                    open.push(to);
                }
            }
        }
        seen
    };
    let reach: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> = next.keys().map(|file| (*file, reached(file))).collect();
    let group = |file: &PathBuf| -> BTreeSet<&PathBuf> {
        let both = |other: &&&PathBuf| reach.get(**other).is_some_and(|back| back.contains(file));
        reach[file].iter().filter(both).copied().collect()
    };
    let groups: BTreeSet<BTreeSet<&PathBuf>> =
        reach.keys().map(|file| group(file)).filter(|it| !it.is_empty()).collect();
    groups.into_iter().collect()
}

#[test]
fn no_import_goes_round_in_a_circle() {
    let mut complaints = String::new();
    for one in crates() {
        let imports = one.imports();
        assert!(one.len() > 90 && imports.len() > one.len(), "{} files, {} imports", one.len(), imports.len());
        for circle in circles(&imports) {
            complaints += &format!("\na circle of {} files\n", circle.len());
            let within = |import: &&Import| circle.contains(&import.from) && circle.contains(&import.to);
            for Import { from, to, path } in imports.iter().filter(within) {
                complaints += &format!("  {} -> {} ({path})\n", from.display(), to.display());
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
}

/// What each room may import of the others, by the table of docs/architecture.md.
fn floors() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(project().join("docs/architecture.md")).unwrap();
    let table = text.split("|---|---|").nth(1).unwrap();
    let rows = table.trim_start().lines().take_while(|line| line.starts_with('|'));
    let floors: BTreeMap<String, Vec<String>> = rows
        .map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            let room = cells.next().unwrap().to_owned();
            let imports = cells.next().unwrap_or_default();
            (room, imports.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect())
        })
        .collect();
    assert!(floors.len() > 8 && floors["formats"].is_empty(), "{floors:?}");
    floors
}

fn room(file: &Path) -> String {
    let first = file.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn no_import_goes_up() {
    let [isctpl, _] = crates();
    let floors = floors();
    let mut complaints = Vec::new();
    for Import { from, to, path } in isctpl.imports() {
        let (from_room, to_room) = (room(&from), room(&to));
        let may = floors.get(&from_room).unwrap_or_else(|| panic!("{from_room} stands on no floor"));
        if from_room != to_room && !may.contains(&to_room) {
            complaints.push(format!("{} -> {} ({path})", from.display(), to.display()));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn no_file_is_too_long_to_read() {
    let mut folders: Vec<PathBuf> =
        ["src", "checks/src", "checks/tests", "tests", "benches"].map(|name| project().join(name)).into();
    let mut seen = 0;
    let mut long = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() && !entry.ends_with("target") {
                folders.push(entry);
            } else if entry.extension().is_some_and(|end| end == "rs") {
                seen += 1;
                let lines = fs::read_to_string(&entry).unwrap().lines().count();
                if lines > LINES {
                    long.push(format!("{}: {lines} lines", entry.display()));
                }
            }
        }
    }
    assert!(seen > 300, "{seen} files");
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn what_goes_round_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    file("lib.rs", "mod a;\nmod b;\nmod c;\npub use b::B;\n#[cfg(test)]\nmod tests;\n");
    file("a.rs", "use crate::B;\npub struct A;\nfn a(_: B) {}\n");
    file("b.rs", "pub struct B;\nfn b() { assert_eq!(super::c::c(), 1); }\n");
    file("c.rs", "pub fn c() -> u8 { 1 }\n#[cfg(test)]\nmod tests { use crate::a::A; }\n");
    let imports = || Crate::read("made_up", directory.path()).imports();
    assert_eq!(imports().len(), 2, "{:?}", imports());
    assert!(circles(&imports()).is_empty());
    for c in ["pub fn c() -> u8 { let _ = crate::a::A; 1 }\n", "pub use crate::a::A;\npub fn c() -> u8 { 1 }\n"] {
        file("c.rs", c);
        assert_eq!(circles(&imports()), [["a.rs", "b.rs", "c.rs"].map(PathBuf::from).iter().collect()], "{c}");
    }
}
