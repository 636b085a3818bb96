//! The engine over steps that change files: every way to be interrupted, by SIGKILL at every point, by a
//! failure, by a request to stop. Afterwards the files are as they were, or all steps are done.

mod journals;
mod two_steps;

use isctpl::procedures::engine::{Applied, Engine, Listener, Procedure, Walk};
use isctpl::procedures::journal::{Journal, JournalError, JournalLock};
use isctpl::procedures::{ErasedStep, Failure, Log, Names, Planned, Step};
use isctpl::system::cancel::Cancel;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const BOOT: &str = "one";

/// What the steps change: files in a directory. Every change has a point before, one half way, and one after,
/// and any of them can be the last.
struct World {
    files: PathBuf,
    points: u32,
    last: Option<u32>,
    fails_at: Option<(&'static str, u32)>,
    cannot_undo: Option<&'static str>,
}

impl World {
    fn new(files: &Path) -> Self {
        Self { files: files.to_owned(), points: 0, last: None, fails_at: None, cannot_undo: None }
    }

    fn point(&mut self) {
        self.points += 1;
        if self.last == Some(self.points) {
            nix::sys::signal::kill(nix::unistd::getpid(), nix::sys::signal::Signal::SIGKILL).unwrap();
        }
    }
}

/// Appends a line to each of its files; two changes.
struct Append(&'static str);

/// A file, and what it held before.
#[derive(Serialize, Deserialize)]
struct Appended {
    path: PathBuf,
    before: Option<String>,
}

impl Append {
    fn files(&self, world: &World) -> [PathBuf; 2] {
        [world.files.join(self.0), world.files.join("shared")]
    }
}

impl Step for Append {
    type Context = World;
    type Change = Appended;
    type Input = ();
    type Output = ();

    fn id(&self) -> &'static str {
        self.0
    }

    fn title(&self, _: &World) -> String {
        format!("Append {}", self.0)
    }

    fn plan(&self, _: &World) -> Vec<Planned> {
        vec![Planned::Command(format!("echo {0} >> {0}", self.0))]
    }

    fn inspect(&self, world: &mut World, (): &(), changes: &[Appended]) -> Result<Option<()>, Failure> {
        let there = self.files(world).iter().all(|path| fs::read_to_string(path).unwrap_or_default().contains(self.0));
        assert!(!there || !changes.is_empty(), "a change that the journal does not tell of");
        Ok(there.then_some(()))
    }

    fn apply(&self, world: &mut World, (): &(), log: &mut Log<'_, Appended>) -> Result<(), Failure> {
        for (number, path) in (0..).zip(self.files(world)) {
            let before = fs::read_to_string(&path).ok();
            if before.as_deref().is_some_and(|text| text.contains(self.0)) {
                continue;
            }
            log.guarded(Appended { path: path.clone(), before: before.clone() }, || {
                world.point();
                fs::write(&path, "half").unwrap();
                world.point();
                if world.fails_at == Some((self.0, number)) {
                    return Err(Failure::failed("as told"));
                }
                fs::write(&path, format!("{}{}\n", before.clone().unwrap_or_default(), self.0)).unwrap();
                world.point();
                Ok(())
            })?;
            world.point();
        }
        log.say("appended");
        Ok(())
    }

    fn undo(&self, world: &mut World, change: Appended) -> Result<(), Failure> {
        world.point();
        if world.cannot_undo == Some(self.0) {
            return Err(Failure::failed("busy"));
        }
        match change.before {
            Some(text) => fs::write(change.path, text).unwrap(),
            None => drop(fs::remove_file(change.path)),
        }
        world.point();
        Ok(())
    }
}

/// Appends four times.
struct Appends;

const STEPS: [&Append; 4] = [&Append("a"), &Append("b"), &Append("c"), &Append("d")];
const LISTED: [&dyn ErasedStep<World>; 4] = [STEPS[0], STEPS[1], STEPS[2], STEPS[3]];

impl Procedure for Appends {
    type Context = World;
    type Request = Value;
    type Outcome = ();

    const NAMES: Names = Names { name: "test", up: "test up", down: "test down", status: "test status" };

    fn steps(&self) -> &[&dyn ErasedStep<World>] {
        &LISTED
    }

    fn forward(&self, walk: &mut Walk<'_, World>) -> Result<(), Failure> {
        STEPS.iter().try_for_each(|step| walk.step(*step, &()))
    }
}

/// Says no before a step; with 0 before none.
struct No(usize);

impl Listener for No {
    fn begins(&mut self, number: usize, _: usize, _: &str) -> bool {
        number != self.0
    }
    fn ended(&mut self, _: Option<&str>) {}
    fn failed(&mut self, _: &Failure) {}
    fn undoes(&mut self, _: &str) {}
    fn undone(&mut self, _: Option<&Failure>) {}
}

fn engine() -> Engine<'static, Appends> {
    Engine { procedure: &Appends, cancel: Cancel::default(), boot: BOOT }
}

fn journal(lock: &JournalLock) -> Journal {
    match Journal::open(lock).unwrap() {
        Some(journal) => journal,
        None => Journal::begin(lock, "test", BOOT, json!({})).unwrap(),
    }
}

fn up(directory: &Path, world: &mut World) -> Applied<()> {
    let lock = JournalLock::take(&directory.join("journal")).unwrap();
    let mut journal = journal(&lock);
    let outcome = engine().up(world, &mut journal, &mut No(0));
    if matches!(outcome, Applied::RolledBack(_)) {
        journal.finish().unwrap();
    }
    outcome
}

fn down(directory: &Path, world: &mut World) -> Result<(), Failure> {
    let lock = JournalLock::take(&directory.join("journal")).unwrap();
    let Some(mut journal) = Journal::open(&lock).unwrap() else { return Ok(()) };
    engine().down(world, &mut journal, &mut No(0))?;
    journal.finish().unwrap();
    Ok(())
}

fn seen(files: &Path) -> BTreeMap<String, String> {
    fs::read_dir(files)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect()
}

struct Bench {
    directory: tempfile::TempDir,
    before: BTreeMap<String, String>,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let files = directory.path().join("files");
        fs::create_dir(&files).unwrap();
        fs::write(files.join("shared"), "first\n").unwrap();
        fs::write(files.join("b"), "own\n").unwrap();
        let before = seen(&files);
        Self { directory, before }
    }

    fn files(&self) -> PathBuf {
        self.directory.path().join("files")
    }

    fn world(&self) -> World {
        World::new(&self.files())
    }

    fn is_as_before(&self) -> bool {
        seen(&self.files()) == self.before && !self.directory.path().join("journal/journal").exists()
    }

    fn is_done(&self) -> bool {
        seen(&self.files())["shared"] == "first\na\nb\nc\nd\n"
    }

    /// Runs the engine in a process of its own that kills itself at a point; `false` when it came to its end.
    fn killed(&self, what: &str, last: u32) -> bool {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "procedure_engine::in_a_process_of_its_own", "--ignored", "--quiet"])
            .env("ENGINE_BENCH", self.directory.path())
            .env("ENGINE_WHAT", what)
            .env("ENGINE_LAST", last.to_string())
            .stdout(std::process::Stdio::null())
            .status()
            .unwrap();
        assert!(status.success() || status.signal() == Some(9), "{status}");
        status.signal() == Some(9)
    }
}

#[test]
#[ignore = "is run by the tests that kill it"]
fn in_a_process_of_its_own() {
    let directory = PathBuf::from(std::env::var_os("ENGINE_BENCH").unwrap());
    let mut world = World::new(&directory.join("files"));
    world.last = std::env::var("ENGINE_LAST").unwrap().parse().ok();
    match std::env::var("ENGINE_WHAT").unwrap().as_str() {
        "up" => assert_eq!(up(&directory, &mut world), Applied::Done(())),
        _ => down(&directory, &mut world).unwrap(),
    }
}

#[test]
fn goes_up_and_down() {
    let bench = Bench::new();
    assert_eq!(up(bench.directory.path(), &mut bench.world()), Applied::Done(()));
    assert!(bench.is_done());
    let mut again = bench.world();
    assert_eq!(up(bench.directory.path(), &mut again), Applied::Done(()));
    assert_eq!(again.points, 0, "nothing is done twice");
    down(bench.directory.path(), &mut bench.world()).unwrap();
    assert!(bench.is_as_before());
}

#[test]
fn killed_at_any_point_it_can_be_taken_down() {
    for last in 1.. {
        let bench = Bench::new();
        if !bench.killed("up", last) {
            assert_eq!(last, 33, "four steps of two changes with four points each");
            break;
        }
        down(bench.directory.path(), &mut bench.world()).unwrap();
        assert!(bench.is_as_before(), "killed at point {last}: {:?}", seen(&bench.files()));
    }
}

#[test]
fn killed_at_any_point_it_goes_on() {
    for last in 1.. {
        let bench = Bench::new();
        if !bench.killed("up", last) {
            assert_eq!(last, 33, "four steps of two changes with four points each");
            break;
        }
        let is_complete = || Journal::peek(&bench.directory.path().join("journal")).unwrap().unwrap().is_complete();
        assert!(!is_complete(), "killed at point {last}");
        assert_eq!(up(bench.directory.path(), &mut bench.world()), Applied::Done(()), "killed at point {last}");
        assert!(bench.is_done() && is_complete());
        down(bench.directory.path(), &mut bench.world()).unwrap();
        assert!(bench.is_as_before(), "killed at point {last}");
    }
}

#[test]
fn killed_while_it_is_taken_down_it_can_still_be_taken_down() {
    for last in 1.. {
        let bench = Bench::new();
        assert_eq!(up(bench.directory.path(), &mut bench.world()), Applied::Done(()));
        if !bench.killed("down", last) {
            assert_eq!(last, 17, "eight changes with two points each");
            break;
        }
        down(bench.directory.path(), &mut bench.world()).unwrap();
        assert!(bench.is_as_before(), "killed at point {last}");
    }
}

#[test]
fn a_step_that_fails_leaves_nothing() {
    for step in ["a", "b", "c", "d"] {
        for number in 0..2 {
            let bench = Bench::new();
            let mut world = bench.world();
            world.fails_at = Some((step, number));
            let outcome = up(bench.directory.path(), &mut world);
            assert_eq!((outcome.exit_code(), &outcome), (1, &Applied::RolledBack(Failure::failed("as told"))));
            assert!(bench.is_as_before(), "{step} {number}");
        }
    }
}

#[test]
fn what_cannot_be_undone_stops_the_way_down_and_can_be_tried_again() {
    let bench = Bench::new();
    let mut world = bench.world();
    (world.fails_at, world.cannot_undo) = (Some(("d", 0)), Some("b"));
    let outcome = up(bench.directory.path(), &mut world);
    assert_eq!(outcome.exit_code(), 2);
    assert_eq!(seen(&bench.files())["shared"], "first\na\nb\n", "what lies below is not touched");
    down(bench.directory.path(), &mut bench.world()).unwrap();
    assert!(bench.is_as_before());
}

#[test]
fn stops_on_request_and_undoes() {
    let bench = Bench::new();
    let lock = JournalLock::take(&bench.directory.path().join("journal")).unwrap();
    let mut journal = journal(&lock);
    let outcome = engine().up(&mut bench.world(), &mut journal, &mut No(3));
    assert_eq!(outcome.exit_code(), 1);
    journal.finish().unwrap();
    assert!(bench.is_as_before());

    let mut journal = self::journal(&lock);
    let stopped = engine();
    stopped.cancel.request();
    assert_eq!(stopped.up(&mut bench.world(), &mut journal, &mut No(0)).exit_code(), 1);
    journal.finish().unwrap();
    assert!(bench.is_as_before());
}

#[test]
fn after_a_restart_only_what_outlasts_it_is_undone() {
    let bench = Bench::new();
    assert_eq!(up(bench.directory.path(), &mut bench.world()), Applied::Done(()));
    let lock = JournalLock::take(&bench.directory.path().join("journal")).unwrap();
    let mut journal = journal(&lock);
    let other = Engine { procedure: &Appends, cancel: Cancel::default(), boot: "two" };
    let mut world = bench.world();
    assert!(matches!(other.up(&mut world, &mut journal, &mut No(0)), Applied::RolledBack(_)));
    assert_eq!(world.points, 0, "what a restart has ended is not undone once more");
    assert!(journal.last_applied().is_none());
}

#[test]
fn one_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let lock = JournalLock::take(directory.path()).unwrap();
    assert!(matches!(JournalLock::take(directory.path()), Err(JournalError::Busy(_))));
    drop(lock);
    JournalLock::take(directory.path()).unwrap();
}
