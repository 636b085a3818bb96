//! Roots that mean harm, in every place that a run looks at: whatever stands there instead of a file or a directory, a
//! run ends within its bounds, and names the place.
//!
//! The places are not listed by hand: a run over a root that has something for nearly every reader is traced, and what
//! it opens are the places.

mod links;
mod names;
mod places;
mod swapped;
mod words;

use super::bounds::bounded;
use crate::support::run::Answer;
use crate::support::trace::trace;
use crate::support::tree::Tree;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What no report may hold: it stands outside of every root.
const OUTSIDE: &str = "stands-outside-of-the-root";

/// A root with a file for nearly every reader.
fn machine() -> tempfile::TempDir {
    Tree::load("machines/many-readers.tree").unpack()
}

/// What a run opened, as the kernel tells it.
struct Opened {
    /// Files that it read, and directories that it listed, as paths inside the root.
    files: BTreeSet<String>,
    directories: BTreeSet<String>,
}

/// Traces a run over a root; `None` where strace is not there, which is told.
fn opened(root: &Path, test: &str) -> Option<Opened> {
    if !crate::support::has("strace") {
        crate::support::skip(test, "`strace` is not installed");
        return None;
    }
    let mut opened = Opened { files: BTreeSet::new(), directories: BTreeSet::new() };
    for (path, is_directory) in read(root) {
        // What was opened elsewhere belongs to the process itself.
        let Some(inside) = path.strip_prefix(root.to_str().unwrap()) else { continue };
        match is_directory || Path::new(&path).is_dir() {
            true => opened.directories.insert(inside.to_owned()),
            false => opened.files.insert(inside.to_owned()),
        };
    }
    opened.directories.remove("");
    assert!(opened.files.len() > 60 && opened.directories.len() > 20, "does strace know openat?");
    Some(opened)
}

/// What a traced run over a root opened, wherever it lies, and whether it did so as a directory. What is opened as a path
/// alone is looked up, and not read.
fn read(root: &Path) -> Vec<(String, bool)> {
    let trace = trace([OsStr::new("doctor"), OsStr::new("--root"), root.as_os_str()]);
    assert!(trace.code <= 3, "ended with {}", trace.code);
    let opens = trace.calls.iter().filter(|call| call.name.starts_with("open") && !call.rest.contains("O_PATH"));
    let answered = opens.filter_map(|call| {
        let (asked, at) = call.rest.rsplit_once(" = ")?;
        let (_, path) = at.strip_suffix('>')?.split_once('<')?;
        Some((path.to_owned(), asked.contains("O_DIRECTORY")))
    });
    answered.collect()
}

/// Something that stands in a place for as long as this lives; then what was there is back.
struct Instead {
    place: PathBuf,
    aside: PathBuf,
}

impl Instead {
    fn of(place: PathBuf, put: impl Fn(&Path)) -> Self {
        let aside = place.with_file_name("set-aside-by-the-test");
        fs::rename(&place, &aside).unwrap();
        put(&place);
        Self { place, aside }
    }
}

impl Drop for Instead {
    fn drop(&mut self) {
        fs::remove_file(&self.place).unwrap();
        fs::rename(&self.aside, &self.place).unwrap();
    }
}

/// The report of a root in JSON, made within the bounds.
fn report(root: &Path, what: &str) -> Answer {
    let arguments = ["doctor", "--format", "json", "--root"].map(OsStr::new);
    bounded(arguments.into_iter().chain([root.as_os_str()]), what)
}

/// Whether a report names a place together with one of some words, as a problem or in a finding.
fn tells(report: &Answer, place: &str, words: &[&str]) -> bool {
    let json = report.json();
    // `/lib` is a link to `usr/lib`, and what a path is called depends on who asks.
    let place = place.strip_prefix("/usr").unwrap_or(place);
    let told = |text: &str| text.contains(place) && words.iter().any(|word| text.contains(word));
    let items = |name: &str| json[name].as_array().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
    items("problems").iter().chain(&items("findings")).chain(&items("checks")).any(|text| told(text))
}

/// A name as the directory holds it.
fn name(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}
