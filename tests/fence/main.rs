//! A parser that misbehaves: isctpl with another way to gather facts, which tries what no reading needs.
//!
//! This program is all of isctpl in the first of these parts, and its reader in the second, as the release is: it is
//! the library with one function in place of another. So the release has no hook for it. It has no harness of Rust's
//! own, whose threads and arguments would be in the way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    missing_docs
)]

mod attempts;
#[path = "../it/support/left_out.rs"]
mod left_out;

use attempts::{ATTEMPTS, Attempt, BESIDE_AN_ANSWER, OF_READER, hand_down, place, tried, tried_behind};
use clap::Parser;
use isctpl::cli::Cli;
use isctpl::commands;
use isctpl::probes::{self, Beforehand, GatherRequest, Stage};
use isctpl::system::fence::{Extent, Needs};
use isctpl_checks::facts::{Facts, Problem};
use left_out::{has_landlock, kernel_cannot, skip};
use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Output};
use std::time::{Duration, Instant};

/// Makes this program isctpl, also where there is no Landlock, one who tries all without a fence or behind one, or the
/// release in a poor container.
const PART: &str = "ISCTPL_TEST_PART";

/// How the reader misbehaves is told by the root's name, which is all that reaches it.
const SPINS: &str = "spins";
const FILLS: &str = "fills-memory";
const FALLS: &str = "falls-silent";

fn main() -> ExitCode {
    if probes::answer_watcher_by(misbehave).unwrap() {
        return ExitCode::SUCCESS;
    }
    match std::env::var(PART).as_deref() {
        Ok("isctpl") => as_isctpl(),
        Ok("without-landlock") => as_isctpl_without_landlock(),
        Ok("poor") => as_isctpl_in_a_poor_container(),
        Ok("unfenced") => told(tried(of_reader(), &named_place())),
        Ok("fenced") => told(tried_behind(&Needs::nothing(Extent::Process(1)), &ATTEMPTS, &named_place())),
        Ok("answers") => as_one_who_answers(),
        _ => all_tests(),
    }
}

/// In place of a gathering of facts.
fn misbehave(request: &GatherRequest, _: &Beforehand, say: &dyn Fn(Stage)) -> Result<Facts, Problem> {
    say(Stage::Images);
    let name = request.root.file_name().unwrap_or_default();
    if name == SPINS {
        loop {
            std::hint::spin_loop();
        }
    }
    if name == FILLS {
        let mut all: Vec<Vec<u8>> = Vec::new();
        loop {
            all.push(vec![1; 16 << 20]);
        }
    }
    if name == FALLS {
        std::process::exit(0);
    }
    let (refused, worked) = tried(of_reader(), &request.root);
    Err(Problem::new("tried", format!("refused: {}; worked: {}.", refused.join(", "), worked.join(", "))))
}

/// All that a reader is refused.
fn of_reader() -> impl Iterator<Item = &'static Attempt> {
    ATTEMPTS.iter().chain(&OF_READER)
}

/// Behind the fence of a process that puts its answer in the named place.
fn as_one_who_answers() -> ExitCode {
    let mut needs = Needs::nothing(Extent::Process(1));
    needs.replaces.push(named_place());
    told(tried_behind(&needs, ATTEMPTS.iter().chain([&BESIDE_AN_ANSWER]), &named_place()))
}

fn as_isctpl() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(&cli) {
        Ok(code) => code.into(),
        Err(error) => {
            commands::complain(&cli, &error);
            commands::EXIT_UNKNOWN.into()
        }
    }
}

/// As in a container that knows neither Landlock nor filters of its own.
fn as_isctpl_in_a_poor_container() -> ExitCode {
    let first_is = |value: i32| {
        let value = u64::from(value.cast_unsigned());
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value).unwrap();
        vec![SeccompRule::new(vec![condition]).unwrap()]
    };
    refuse([
        (libc::SYS_landlock_create_ruleset, Vec::new()),
        (libc::SYS_seccomp, Vec::new()),
        (libc::SYS_prctl, first_is(libc::PR_SET_SECCOMP)),
    ]);
    let mut isctpl = Command::new(env!("CARGO_BIN_EXE_isctpl"));
    panic!("{}", isctpl.args(std::env::args_os().skip(1)).exec());
}

/// As on a kernel before 5.13.
fn as_isctpl_without_landlock() -> ExitCode {
    refuse([(libc::SYS_landlock_create_ruleset, Vec::new())]);
    let mut isctpl = Command::new(std::env::current_exe().unwrap());
    panic!("{}", isctpl.env(PART, "isctpl").args(std::env::args_os().skip(1)).exec());
}

/// Has the kernel not know these calls any more.
fn refuse<const N: usize>(calls: [(i64, Vec<SeccompRule>); N]) {
    let refused = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let architecture = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(calls.into(), SeccompAction::Allow, refused, architecture).unwrap();
    seccompiler::apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

fn told((refused, worked): (Vec<String>, Vec<String>)) -> ExitCode {
    println!("refused: {}; worked: {}.", refused.join(", "), worked.join(", "));
    ExitCode::SUCCESS
}

fn named_place() -> std::path::PathBuf {
    std::env::args_os().nth(1).unwrap().into()
}

fn in_part(part: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments).env(PART, part).output().unwrap()
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

type Test = (&'static str, fn());

/// The tests, of which arguments choose some as they do with Rust's own harness.
fn all_tests() -> ExitCode {
    let tests: [Test; 8] = [
        ("what_is_tried_works_without_a_fence", what_is_tried_works_without_a_fence),
        ("nothing_of_it_works_in_the_reader", nothing_of_it_works_in_the_reader),
        ("a_reader_writes_to_no_file_without_landlock", a_reader_writes_to_no_file_without_landlock),
        ("nothing_of_it_works_behind_a_fence_of_the_process", nothing_of_it_works_behind_a_fence_of_the_process),
        ("beside_an_answer_nothing_is_read_or_written", beside_an_answer_nothing_is_read_or_written),
        ("a_reader_that_breaks_is_told", a_reader_that_breaks_is_told),
        ("a_reader_that_spins_is_ended_in_time", a_reader_that_spins_is_ended_in_time),
        ("what_a_container_lacks_is_told", what_a_container_lacks_is_told),
    ];
    hand_down();
    let chosen: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for (name, test) in tests {
        if chosen.is_empty() || chosen.iter().any(|part| name.contains(part.as_str())) {
            println!("test {name} ...");
            test();
        }
    }
    ExitCode::SUCCESS
}

/// Without which the others would show nothing.
fn what_is_tried_works_without_a_fence() {
    if !is_root() {
        return skip("what_is_tried_works_without_a_fence", "it takes root");
    }
    let place = place();
    let out = text(&in_part("unfenced", &[place.path().to_str().unwrap()]).stdout);
    // A container may have taken some of it from everyone.
    for needed in [
        "open /etc/shadow",
        "make a file by openat2",
        "write to what openat2 opened",
        "map what openat2 opened",
        "delete a file",
        "make a process",
        "run a program",
        "run a program by execveat",
        "open a UNIX socket",
        "have a process signalled",
        "change to another user",
        OF_READER[0].name,
        OF_READER[1].name,
    ] {
        assert!(worked(&out).contains(&needed), "{needed}: {out}");
    }
    println!("  {}", out.trim_end());
}

fn nothing_of_it_works_in_the_reader() {
    const TEST: &str = "nothing_of_it_works_in_the_reader";
    let place = place();
    for command in ["doctor", "show", "snapshot"] {
        let mut arguments = vec![command];
        match command {
            "show" => arguments.push("storage"),
            "snapshot" => arguments.extend(["-o", "-"]),
            _ => {}
        }
        arguments.extend(["--root", place.path().to_str().unwrap()]);
        let output = in_part("isctpl", &arguments);
        assert_eq!(output.status.code(), Some(3), "{command}: {}", text(&output.stderr));
        refused_all(of_reader(), has_landlock(), &text(&output.stderr), TEST);
    }
    assert!(place.path().join("to-delete").exists() && !place.path().join("made").exists());
}

/// It can still open one to write by openat2(2), whose flags no filter sees.
fn a_reader_writes_to_no_file_without_landlock() {
    const TEST: &str = "a_reader_writes_to_no_file_without_landlock";
    let place = place();
    let output = in_part("without-landlock", &["doctor", "--root", place.path().to_str().unwrap()]);
    refused_all(of_reader(), false, &text(&output.stderr), TEST);
    assert_eq!(std::fs::read(place.path().join("there")).unwrap(), b"x");
}

fn nothing_of_it_works_behind_a_fence_of_the_process() {
    const TEST: &str = "nothing_of_it_works_behind_a_fence_of_the_process";
    let place = place();
    let output = in_part("fenced", &[place.path().to_str().unwrap()]);
    refused_all(&ATTEMPTS, has_landlock(), &text(&output.stdout), TEST);
    assert!(place.path().join("to-delete").exists());
}

/// The file that is replaced may be deleted, and so may others where it is.
fn beside_an_answer_nothing_is_read_or_written() {
    const TEST: &str = "beside_an_answer_nothing_is_read_or_written";
    const DELETES: &str = "delete a file";
    let place = place();
    let out = text(&in_part("answers", &[place.path().to_str().unwrap()]).stdout);
    refused_all(
        ATTEMPTS.iter().filter(|attempt| attempt.name != DELETES).chain([&BESIDE_AN_ANSWER]),
        has_landlock(),
        &out,
        TEST,
    );
    assert!(worked(&out).contains(&DELETES), "{out}");
    assert_eq!(std::fs::read(place.path().join("there")).unwrap(), b"x");
}

/// The names of what worked.
fn worked(told: &str) -> Vec<&str> {
    let worked = told.split("worked: ").nth(1).unwrap_or_else(|| panic!("{told}"));
    worked.split('.').next().unwrap().split(", ").filter(|name| !name.is_empty()).collect()
}

/// Holds each to its own refusal. What no fence refuses without Landlock has to work; but an ordinary user opens no
/// `/etc/shadow`. That this kernel has no Landlock is told with the name of the test.
fn refused_all<'a>(attempts: impl IntoIterator<Item = &'a Attempt>, by_landlock: bool, told: &str, test: &str) {
    let is_reader = OF_READER.iter().all(|attempt| told.contains(attempt.name));
    let worked = worked(told);
    for attempt in attempts {
        match attempt.refusal(by_landlock, is_reader) {
            Some(errno) => assert!(told.contains(&format!("{} ({errno:?})", attempt.name)), "{}: {told}", attempt.name),
            None if worked.contains(&attempt.name) => {}
            None if !is_root() && told.contains("open /etc/shadow (EACCES)") && attempt.name == "open /etc/shadow" => {}
            None => panic!("{} does not work: {told}", attempt.name),
        }
    }
    if !has_landlock() {
        kernel_cannot(test, "it has no Landlock");
    }
}

fn a_reader_that_breaks_is_told() {
    let place = place();
    for (does, told) in [
        (FALLS, "the process that reads it broke while unpacking the initramfs: it ended with exit code 0"),
        (FILLS, "it was ended by signal 6: memory allocation of 16777216 bytes failed"),
    ] {
        let root = place.path().join(does);
        std::fs::create_dir(&root).unwrap();
        let output = in_part("isctpl", &["doctor", "--root", root.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(3));
        let err = text(&output.stderr);
        assert!(err.contains(told) && err.starts_with("isctpl: ") && err.lines().count() == 1, "{err}");
    }
}

/// The bound of its own takes minutes: `probes::watched` has a test of that with a shorter one.
fn a_reader_that_spins_is_ended_in_time() {
    let place = place();
    let root = place.path().join(SPINS);
    std::fs::create_dir(&root).unwrap();
    let begun = Instant::now();
    let output = in_part("isctpl", &["doctor", "--timeout", "2", "--root", root.to_str().unwrap()]);
    assert!(begun.elapsed() < Duration::from_secs(30));
    let out = text(&output.stdout).replace('\n', " ");
    assert_eq!(output.status.code(), Some(3), "{out}");
    assert!(out.contains("unpacking the initramfs"), "{out}");
    assert!(!reader_runs(), "the reader still runs");
}

/// Whether a reader of this program still runs, a while after its listener has ended.
fn reader_runs() -> bool {
    let own = std::env::current_exe().unwrap();
    let is_reader = |process: std::fs::DirEntry| {
        let is_own = std::fs::read_link(process.path().join("exe")).is_ok_and(|exe| exe == own);
        is_own && std::fs::read(process.path().join("cmdline")).is_ok_and(|line| line.starts_with(b"isctpl-reader"))
    };
    (0..50).all(|_| {
        std::thread::sleep(Duration::from_millis(100));
        std::fs::read_dir("/proc").unwrap().flatten().any(is_reader)
    })
}

fn what_a_container_lacks_is_told() {
    let root = place();
    let asked = ["doctor", "-v", "--root", root.path().to_str().unwrap()];
    let err = text(&in_part("poor", &asked).stderr);
    let line = err.lines().find(|line| line.starts_with("fence: ")).unwrap_or_else(|| panic!("{err}"));
    let lacks = line.split("; not: ").nth(1).unwrap_or_default();
    assert!(lacks.contains("Landlock (") && lacks.contains("seccomp ("), "{line}");
    assert!(line.contains("capabilities (") && line.contains("limits"), "{line}");
}
