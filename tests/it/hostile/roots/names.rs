//! Names that a terminal would obey, in every directory that is listed.

use super::{machine, name, opened};
use crate::hostile::terminal::{EVIL, assert_answers_cleanly};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

/// What begins a name; the rest is as the directory's own files have it, so that the name is taken for one of those.
fn evil_beginnings() -> [&'static [u8]; 4] {
    [
        EVIL.as_bytes(),
        b"\xff\x9b31m\nBOOTS: forged\nOK: forged ",
        b"\x1b]8;;mailto:a@example.org\x07x\x1b]8;;\x07 \xc3",
        "\u{202e}sdrawkcab\u{2066}\n# TYPE forged gauge\nforged{a=\"b\"} 1\n".as_bytes(),
    ]
}

/// Gives each entry of a directory further names that mean harm.
fn give_evil_names(directory: &Path) {
    let entries: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap()).collect();
    for entry in entries {
        let own = entry.file_name();
        for beginning in evil_beginnings() {
            let whole = [beginning, own.as_bytes()].concat();
            let over = whole.len().saturating_sub(255);
            let at =
                directory.join(name(&[&beginning[..beginning.len().saturating_sub(over)], own.as_bytes()].concat()));
            let made = match entry.file_type().unwrap().is_file() {
                true => fs::hard_link(entry.path(), &at),
                false => symlink(&own, &at),
            };
            made.unwrap_or_else(|error| panic!("{}: {error}", at.display()));
        }
    }
}

/// All of that at once, in everything that is printed.
#[test]
fn names_in_every_directory_are_neither_obeyed_nor_a_line_of_their_own() {
    let test = "names_in_every_directory_are_neither_obeyed_nor_a_line_of_their_own";
    let root = machine();
    let Some(opened) = opened(root.path(), test) else { return };
    for directory in &opened.directories {
        give_evil_names(&root.path().join(&directory[1..]));
    }
    let run = |words: &[&str]| {
        let words = words.iter().map(OsStr::new).chain([OsStr::new("--root"), root.path().as_os_str()]);
        assert_answers_cleanly(&words.map(OsStr::to_owned).collect::<Vec<OsString>>())
    };
    for format in ["table", "json", "prometheus", "nagios", "checkmk", "html", "junit"] {
        let answer = run(&["doctor", "-v", "--format", format]);
        super::words::assert_is_one_document(format, &answer.out, test);
    }
    for what in crate::hostile::terminal::WHATS {
        run(&["show", what, "-v"]);
        assert!(run(&["show", what, "--format", "json"]).json().is_object(), "{what}");
    }
    let shown = run(&["show", "netconfig"]).out + &run(&["show", "services"]).out;
    assert!(shown.contains("202e") && shown.contains(r"\xff"), "no such name is shown:\n{shown}");
}
