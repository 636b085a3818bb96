//! Lines of the project's scripts that delete, and what may be deleted by them.

use super::project;
use std::fs;
use std::path::{Path, PathBuf};

/// Every script of the tests, the lab and the project. Not those that a scenario changes its LUN by: they run below
/// the LUN's root, with a /dev of its own.
pub(super) fn scripts() -> Vec<PathBuf> {
    let mut folders = vec![project().join("tests"), project().join("scripts"), project().join(".ci")];
    let mut scripts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let is_source = |path: &Path| path.extension().is_some_and(|end| end == "rs");
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.is_file()
                && !entry.ends_with("change.sh")
                && (is_source(&entry) || fs::read(&entry).unwrap().starts_with(b"#"))
            {
                scripts.push(entry);
            }
        }
    }
    assert!(scripts.len() > 20, "{scripts:?}");
    scripts.retain(|script| !script.ends_with("tests/it/rescue.rs"));
    scripts
}

pub(super) fn danger(line: &str) -> Option<&'static str> {
    let words: Vec<&str> =
        line.split_whitespace().map(|word| word.trim_matches(|c| "\"',;&[]()".contains(c))).collect();
    let after = |name: &str| words.iter().position(|word| *word == name).map(|at| &words[at + 1..]);
    if let Some(rest) = after("rm") {
        let recursive = rest.iter().any(|word| {
            word.starts_with('-') && !word.starts_with("--") && word.contains('r') || *word == "--recursive"
        });
        let unsure = rest.iter().any(|word| word.starts_with('$') && !word.contains(":?"));
        if recursive && !rest.contains(&"--one-file-system") {
            return Some("crosses into what is mounted below");
        }
        if recursive && unsure {
            return Some("deletes something else where the variable is empty");
        }
    }
    let (mut options, mut operands) = (Vec::new(), Vec::new());
    let mut rest = after("mount")?.iter();
    while let Some(word) = rest.next() {
        match *word {
            "-o" | "--options" => options.extend(rest.next().into_iter().flat_map(|values| values.split(','))),
            option if option.starts_with('-') => options.push(option),
            operand => operands.push(operand),
        }
    }
    let is = |names: &[&str]| options.iter().any(|option| names.contains(option));
    if is(&["--rbind", "-R", "rbind"]) {
        // `ro` makes the top of it read-only, and nothing that is mounted below.
        return Some("binds what is mounted below a directory, too");
    }
    let source = operands.first()?;
    (is(&["--bind", "-B", "bind"]) && !is(&["ro"]) && source.starts_with('/') && !["/proc", "/sys"].contains(source))
        .then_some("binds a directory of the machine where something may be deleted")
}
