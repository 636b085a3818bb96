//! Cases of several files.

use std::fs;
use std::path::Path;

/// What stands before the name of a file in a case.
pub(super) const FILE: &str = "=== ";

/// Writes the files of a case: the first has this name, each other one its own.
pub(super) fn write_files(directory: &Path, first: &str, case: &str) {
    let (mut name, mut text) = (first, String::new());
    fs::create_dir_all(directory).unwrap();
    for line in case.lines().chain([FILE]) {
        if let Some(next) = line.strip_prefix(FILE) {
            fs::write(directory.join(name), &text).unwrap();
            (name, text) = (next, String::new());
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
}
