//! Of each of these trees, images and snapshots a run ends soon, takes no more than 64 MiB, and says what it did not
//! read. Where what unpacks an image keeps a large window, it takes that and 10 MiB beside it: up to 74 MiB.

use super::inputs::{Input, MEMORY, hard_links};
use super::{archives, bombs, inputs, lists, machine};
use crate::support::run::Answer;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

/// After this many seconds on the clock a run is killed. It is far more than any takes, on any machine.
const SECONDS: u32 = 120;

/// After this many seconds of CPU a run is killed. What is to be released takes less than two; without the compiler's
/// optimizations, some times more.
const CPU_SECONDS: u32 = if cfg!(debug_assertions) { 15 } else { 2 };

/// Runs isctpl within the bounds of nearly all inputs; it ends by itself, and without a panic.
pub(super) fn bounded<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>, what: &str) -> Answer {
    bounded_to(MEMORY, arguments, what)
}

/// The same with so much memory, in KiB.
fn bounded_to<S: AsRef<OsStr>>(memory: u32, arguments: impl IntoIterator<Item = S>, what: &str) -> Answer {
    let mut command = Command::new("timeout");
    let limits = format!("ulimit -d {memory} && ulimit -t {CPU_SECONDS} && exec \"$0\" \"$@\"");
    command.args(["-s", "KILL", &SECONDS.to_string(), "sh", "-c"]).arg(limits);
    command.arg(env!("CARGO_BIN_EXE_isctpl")).args(arguments).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!err.contains("panicked"), "{what}: {err}");
    let code = output.status.code().filter(|code| *code <= 3);
    Answer {
        code: code.unwrap_or_else(|| panic!("{what}: {}: {err}", output.status)),
        out: out.into(),
        err: err.into(),
    }
}

/// The report of a root, made with so much memory, in one line.
fn doctor(root: &Path, memory: u32, what: &str) -> Answer {
    let arguments = [OsStr::new("doctor"), OsStr::new("-v"), OsStr::new("--root"), root.as_os_str()];
    let answer = bounded_to(memory, arguments, what);
    Answer { out: answer.out.split_whitespace().collect::<Vec<_>>().join(" "), ..answer }
}

/// Holds the answer to each input to what the input wants told, of its place, and to its exit code.
fn assert_told(inputs: &[Input]) {
    let wrong: String = inputs.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is wrong with the answer to an input, if anything is.
fn wrong(input: &Input) -> Option<String> {
    let Input { name, told, place, codes, memory, write } = input;
    let root = machine();
    write(root.path());
    let Answer { code, out, .. } = doctor(root.path(), *memory, name);
    let count = out.matches("is not read: in one run").count();
    // Between the place and what is told of it there are a file's name and some words, and no other place.
    let is_told = out.match_indices(told).any(|(at, _)| {
        let before = out[..at].rsplit(" /").next().unwrap_or_default();
        place.is_empty() || format!("/{before}").starts_with(place)
    });
    let right = is_told && codes.contains(&code) && count < 400;
    (!right)
        .then(|| format!("{name}: code {code}, not {codes:?}, or told {count} times, or not {place} {told}: {out}\n"))
}

/// One file each.
#[test]
fn what_grows_when_it_is_read_is_cut_and_told() {
    assert_told(&inputs::files());
}

#[test]
fn many_files_are_read_up_to_the_limit_of_the_run() {
    assert_told(&inputs::trees());
}

#[test]
fn lines_that_systemd_ignores_are_read_up_to_the_limit_of_the_run() {
    assert_told(&inputs::lines());
}

#[test]
fn what_grows_when_an_image_is_read_is_cut_and_told() {
    assert_told(&archives::images());
}

#[test]
fn images_that_unpack_to_much_are_read_up_to_a_limit() {
    assert_told(&bombs::images());
}

#[test]
fn the_largest_windows_that_are_accepted_take_little_beside_them() {
    assert_told(&bombs::windows());
}

#[test]
fn modules_that_unpack_to_much_are_read_up_to_a_limit() {
    assert_told(&bombs::modules());
}

#[test]
fn holes_in_files_take_no_time() {
    assert_told(&bombs::sparse());
}

#[test]
fn lists_of_nothing_in_a_snapshot_are_never_a_pass() {
    for (what, snapshot) in lists::snapshots() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, snapshot).unwrap();
        for words in [&["doctor"][..], &["show", "storage"]] {
            let arguments = words.iter().chain(&["--snapshot"]).map(OsStr::new).chain([file.path().as_os_str()]);
            let answer = bounded(arguments, &format!("{words:?} of {what}"));
            assert!(answer.code > 0 || words[0] == "show", "{what}: {}", answer.out);
        }
    }
}

/// What lies behind the limit is not known, however sound the rest looks.
#[test]
fn no_check_passes_on_files_that_were_not_read() {
    let root = machine();
    assert_eq!(doctor(root.path(), MEMORY, "sound").code, 0);
    hard_links(root.path(), "etc/sysctl.d", ".conf", "# nothing\n");
    let answer = doctor(root.path(), MEMORY, "sysctl.d");
    assert_eq!(answer.code, 3, "{}", answer.out);
    let place = "/: is not read from /etc/sysctl.d/10.0.0.1,3260,0007.conf on: in one run isctpl reads no more than";
    assert!(answer.out.contains(place), "{place} is not told:\n{}", answer.out);
    let report = bounded(
        [OsStr::new("doctor"), "--format".as_ref(), "json".as_ref(), "--root".as_ref(), root.path().as_os_str()],
        "json",
    );
    let report = report.json();
    assert_eq!(report["verdict"]["boot"], "unknown");
    let passed: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["status"] == "pass")
        .map(|finding| finding["check"].as_str().unwrap())
        .collect();
    assert_eq!(passed, [""; 0], "of files that were not read");
}
