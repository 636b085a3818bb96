//! What a gate relies on: exit codes, files that are written whole, one line for a monitor, many snapshots.

mod files;
mod fleet;
mod monitor;
mod operator;
mod schemas;
mod show;

pub(crate) use monitor::doctor_schema;

use crate::support::run::{Answer, command, isctpl};
use crate::support::tree::Tree;
use std::fs;
use std::io::{Read, pipe};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A snapshot as it came from a real machine.
const CAPTURED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/captured/debian-12-seed-cmdline.json");

/// A snapshot of a booted instance.
const CAPTURED_LIVE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/captured/debian-12-live.json");

/// A root that boots, with changes.
fn machine(changes: &str) -> tempfile::TempDir {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add(changes, "changes").unpack()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The exit code and what standard error says when nobody reads standard output any more.
fn unread(args: &[&str]) -> (Option<i32>, String) {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let output = command(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_reader_that_ended_changes_no_exit_code() {
    let broken = machine("- /boot/vmlinuz-6.1.0-50-amd64\n");
    let warned = machine("- /usr/lib/modules/6.1.0-50-amd64\n");
    let empty = tempfile::tempdir().unwrap();
    let mut cases: Vec<(Vec<&str>, i32)> = Vec::new();
    for (root, code) in [(text(broken.path()), 2), (text(warned.path()), 1), (text(empty.path()), 3)] {
        for format in ["table", "json", "prometheus", "nagios", "checkmk", "html", "junit"] {
            cases.push((vec!["doctor", "--root", root, "--format", format], code));
            cases.push((vec!["doctor", "-v", "--root", root, "--format", format], code));
        }
    }
    let image = broken.path().join("boot/initrd.img-6.1.0-50-amd64");
    fs::write(&image, "nothing that a kernel would read").unwrap();
    for format in ["table", "json"] {
        cases.push((vec!["show", "initramfs", text(&image), "--format", format], 3));
        cases.push((vec!["show", "loader", "--root", text(warned.path()), "--format", format], 0));
        cases.push((vec!["checks", "--format", format], 0));
        cases.push((vec!["explain", "login", "--format", format], 0));
        cases.push((vec!["explain", "no-such-check", "--format", format], 3));
    }
    cases.push((vec!["completions", "bash"], 0));
    cases.push((vec!["snapshot", "--root", text(broken.path()), "-o", "/dev/null"], 0));
    cases.push((vec!["--help"], 0));
    cases.push((vec!["doctor", "--no-such-option"], 3));
    for (args, code) in cases {
        let read = isctpl(&args);
        assert_eq!(read.code, code, "{args:?}: {}{}", read.out, read.err);
        // How long it took is another time each time.
        let without_times = |text: &str| text.split("\nTime taken").next().unwrap_or_default().to_owned();
        let (unread_code, unread_err) = unread(&args);
        assert_eq!(unread_code, Some(code), "{args:?} whose output nobody reads");
        assert_eq!(without_times(&unread_err), without_times(&read.err), "{args:?} whose output nobody reads");
    }
}

/// The reader ends in the middle: more is written than a pipe holds.
#[test]
fn a_reader_that_ends_in_the_middle_changes_no_exit_code() {
    let broken = machine("- /boot/vmlinuz-6.1.0-50-amd64\n");
    let image = broken.path().join("boot/initrd.img-6.1.0-50-amd64");
    let mut bytes = fs::read(&image).unwrap();
    bytes.extend(b"nothing that a kernel would read");
    fs::write(&image, bytes).unwrap();
    for (args, code) in [
        (&["doctor", "--root", text(broken.path()), "--format", "json"][..], 2),
        (&["show", "initramfs", text(&image)], 3),
        (&["show", "initramfs", text(&image), "--format", "json"], 3),
    ] {
        let mut child = command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 100];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A disk that is full is no reader that has seen enough: the report did not arrive.
#[test]
fn a_report_that_could_not_be_written_is_an_error() {
    let root = machine("");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(["doctor", "--root", text(root.path())]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(!output.stderr.is_empty());
}

fn snapshot(root: &Path, file: &Path) -> Answer {
    isctpl(["snapshot", "--root", text(root), "-o", text(file)])
}
