//! Killed at any point, and undone: every byte is back.

use super::bench::{Bench, CUT_IMAGE, LOGS_OUT, SEED_WORDS, Seen, assert_as_before};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What changes files, or writes them through to the disk.
const CALLS: [&str; 12] = [
    "rename",
    "linkat",
    "symlinkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "rmdir",
    "fsync",
    "fdatasync",
    "utimensat",
    "fchmod",
    "fallocate",
];

/// Runs `prepare` and kills it when it makes such a call for the nth time; `false` when it came to its end.
fn killed(bench: &Bench, call: &str, nth: usize, args: &[&str]) -> bool {
    let status = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "--signal=none", "-e"])
        .arg(format!("trace={call}"))
        .arg("-e")
        .arg(format!("inject={call}:signal=KILL:when={nth}"))
        .args([env!("CARGO_BIN_EXE_isctpl"), "prepare", "--root"])
        .arg(bench.root())
        .args(args)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap()
        .status;
    !status.success()
}

/// Tries every point, several side by side: each call by its number until a run comes to its end. Gives how many
/// there were.
fn at_every_point(step: usize, of: impl Fn(&str, usize) -> bool + Sync) -> usize {
    let (next, points) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(call) = CALLS.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let reached = (1..).step_by(step).take_while(|nth| of(call, *nth)).count();
                    points.fetch_add(reached, Ordering::SeqCst);
                }
            });
        }
    });
    points.into_inner()
}

#[test]
fn killed_at_any_point_everything_can_be_undone() {
    let test = "prepare::killed";
    if !crate::support::has("strace") {
        return crate::support::skip(test, "strace is not installed");
    }
    let points = at_every_point(1, |call, nth| {
        let Some(bench) = Bench::new(test, &[SEED_WORDS, LOGS_OUT, CUT_IMAGE]) else { return false };
        let before = bench.seen();
        if !killed(&bench, call, nth, &["--yes"]) {
            return false;
        }
        let undone = bench.prepare(&["--undo"]);
        assert_eq!(undone.code, 0, "killed at {call} {nth}: {}{}", undone.out, undone.err);
        assert_as_before(&without(before), &without(bench.seen()), &format!("killed at {call} {nth}"));
        true
    });
    assert!(points > 50 || !crate::support::is_root(), "only {points} points");
}

/// The next `prepare` goes on where the killed one was.
#[test]
fn killed_at_any_point_the_next_one_comes_to_its_end() {
    let test = "prepare::goes_on";
    if !crate::support::has("strace") {
        return crate::support::skip(test, "strace is not installed");
    }
    // At some points: what is left at the others is the same.
    at_every_point(4, |call, nth| {
        let Some(bench) = Bench::new(test, &[SEED_WORDS, LOGS_OUT, CUT_IMAGE]) else { return false };
        let before = bench.seen();
        if !killed(&bench, call, nth, &["--yes"]) {
            return false;
        }
        let answer = bench.prepare(&["--yes"]);
        assert_eq!(answer.code, 0, "killed at {call} {nth}: {}{}", answer.out, answer.err);
        assert_eq!(crate::support::run::verdict(bench.root(), &[]), "boots", "killed at {call} {nth}");
        assert_eq!(bench.prepare(&["--undo"]).code, 0);
        assert_as_before(&without(before), &without(bench.seen()), &format!("killed at {call} {nth}"));
        true
    });
}

#[test]
fn killed_while_it_undoes_it_can_still_be_undone() {
    let test = "prepare::undo_killed";
    if !crate::support::has("strace") {
        return crate::support::skip(test, "strace is not installed");
    }
    at_every_point(2, |call, nth| {
        let Some(bench) = Bench::new(test, &[SEED_WORDS, LOGS_OUT, CUT_IMAGE]) else { return false };
        let before = bench.seen();
        assert_eq!(bench.prepare(&["--yes"]).code, 0);
        if !killed(&bench, call, nth, &["--undo"]) {
            return false;
        }
        let undone = bench.prepare(&["--undo"]);
        assert_eq!(undone.code, 0, "killed at {call} {nth}: {}{}", undone.out, undone.err);
        assert_as_before(&without(before), &without(bench.seen()), &format!("killed at {call} {nth}"));
        true
    });
}

/// Where the process was killed before its journal began, or when that was gone, nothing tells when /var/lib itself
/// was changed, and an empty directory for the journal may be left.
fn without(mut seen: Seen) -> Seen {
    seen.remove(std::path::Path::new("var/lib"));
    seen.retain(|path, line| !(path.starts_with("var/lib/isctpl") && line.starts_with("40")));
    seen
}
