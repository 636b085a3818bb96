//! A procedure of two steps, made up here: it takes nothing but the two steps, and a list of them.

use super::No;
use isctpl::procedures::engine::{Applied, Listener, Procedure, Walk, plan};
use isctpl::procedures::journal::{Journal, JournalLock};
use isctpl::procedures::run::{Run, TakenDown};
use isctpl::procedures::{ErasedStep, Failure, Kind, Log, Names, Planned, Step};
use isctpl::system::cancel::Cancel;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// What is asked for, and what the steps work with: a directory, and what a file in it is to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    directory: PathBuf,
    text: String,
    /// What an earlier version did not ask for.
    #[serde(default)]
    loud: bool,
}

impl Note {
    fn new(directory: &Path, text: &str) -> Self {
        Self { directory: directory.to_owned(), text: text.to_owned(), loud: false }
    }
}

#[derive(Serialize, Deserialize)]
struct Made {
    path: PathBuf,
}

struct MakeDirectory;

impl Step for MakeDirectory {
    type Context = Note;
    type Change = Made;
    type Input = ();
    type Output = PathBuf;

    fn id(&self) -> &'static str {
        "directory"
    }

    fn title(&self, note: &Note) -> String {
        format!("Make {}", note.directory.display())
    }

    fn plan(&self, note: &Note) -> Vec<Planned> {
        vec![Planned::Command(format!("mkdir {}", note.directory.display()))]
    }

    fn inspect(&self, note: &mut Note, (): &(), _: &[Made]) -> Result<Option<PathBuf>, Failure> {
        Ok(note.directory.is_dir().then(|| note.directory.clone()))
    }

    fn apply(&self, note: &mut Note, (): &(), log: &mut Log<'_, Made>) -> Result<PathBuf, Failure> {
        let path = note.directory.clone();
        let made = log.guarded(Made { path: path.clone() }, || {
            fs::create_dir(&path).map_err(|error| Failure::of_file(&path, &error))
        });
        made.map(|()| path)
    }

    fn undo(&self, _: &mut Note, made: Made) -> Result<(), Failure> {
        match fs::remove_dir(&made.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::of_file(&made.path, &error)),
            _ => Ok(()),
        }
    }
}

struct WriteFile;

impl Step for WriteFile {
    type Context = Note;
    type Change = Made;
    type Input = PathBuf;
    type Output = ();

    fn id(&self) -> &'static str {
        "file"
    }

    fn title(&self, _: &Note) -> String {
        "Write the note".to_owned()
    }

    fn plan(&self, note: &Note) -> Vec<Planned> {
        vec![Planned::Command(format!("echo {} > {}/note", note.text, note.directory.display()))]
    }

    fn inspect(&self, _: &mut Note, _: &PathBuf, changes: &[Made]) -> Result<Option<()>, Failure> {
        Ok((!changes.is_empty()).then_some(()))
    }

    fn apply(&self, note: &mut Note, directory: &PathBuf, log: &mut Log<'_, Made>) -> Result<(), Failure> {
        let path = directory.join("note");
        log.guarded(Made { path: path.clone() }, || {
            if note.text.is_empty() {
                return Err(Failure::refused("there is nothing to write"));
            }
            fs::write(&path, &note.text).map_err(|error| Failure::of_file(&path, &error))
        })
    }

    fn undo(&self, _: &mut Note, made: Made) -> Result<(), Failure> {
        let _ = fs::remove_file(made.path);
        Ok(())
    }
}

/// The procedure; `false` has forgotten to list its second step.
struct Notes(bool);

impl Procedure for Notes {
    type Context = Note;
    type Request = Note;
    type Outcome = PathBuf;

    const NAMES: Names =
        Names { name: "note", up: "isctpl note", down: "isctpl note --undo", status: "isctpl note --status" };

    fn steps(&self) -> &[&dyn ErasedStep<Note>] {
        if self.0 { &[&MakeDirectory, &WriteFile] } else { &[&MakeDirectory] }
    }

    fn forward(&self, walk: &mut Walk<'_, Note>) -> Result<PathBuf, Failure> {
        let directory = walk.step(&MakeDirectory, &())?;
        walk.step(&WriteFile, &directory)?;
        Ok(directory.join("note"))
    }
}

fn run<'a>(notes: &'a Notes, state: &'a Path) -> Run<'a, Notes> {
    Run { procedure: notes, state, boot: "one".to_owned(), cancel: Cancel::default() }
}

fn up(notes: &Notes, at: &Path, note: &Note) -> Result<Applied<PathBuf>, Failure> {
    run(notes, &at.join("state")).up(note, &mut note.clone(), &mut No(0))
}

fn down_heard_by(at: &Path, listener: &mut dyn Listener) -> (TakenDown, Note) {
    let context = |asked: Option<Note>| Ok(asked.unwrap_or_else(|| Note::new(Path::new(""), "")));
    run(&Notes(true), &at.join("state")).down(context, listener).unwrap()
}

fn down(at: &Path) -> (TakenDown, Note) {
    down_heard_by(at, &mut No(0))
}

fn journal(at: &Path) -> Journal {
    Journal::peek(&at.join("state")).unwrap().unwrap()
}

/// Does something right after each change is put back, before the journal says so.
struct AfterUndo<F>(F);

impl<F: FnMut()> Listener for AfterUndo<F> {
    fn begins(&mut self, _: usize, _: usize, _: &str) -> bool {
        true
    }
    fn ended(&mut self, _: Option<&str>) {}
    fn failed(&mut self, _: &Failure) {}
    fn undoes(&mut self, _: &str) {}
    fn undone(&mut self, _: Option<&Failure>) {
        (self.0)();
    }
}

/// Takes it down as far as the first change, which is put back when the process ends.
fn half_down(at: &Path) {
    let ends = std::panic::AssertUnwindSafe(|| {
        down_heard_by(at, &mut AfterUndo(|| std::panic::resume_unwind(Box::new(()))));
    });
    assert!(std::panic::catch_unwind(ends).is_err());
}

#[test]
fn a_procedure_takes_two_steps_and_their_list() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let note = Note::new(&at.join("notes"), "hello");
    let planned: Vec<String> = plan(&Notes(true), &note).into_iter().map(|(title, _)| title).collect();
    assert_eq!(planned, [format!("Make {}", note.directory.display()), "Write the note".to_owned()]);

    let file = note.directory.join("note");
    assert_eq!(up(&Notes(true), at, &note).unwrap(), Applied::Done(file.clone()));
    assert_eq!(fs::read_to_string(&file).unwrap(), "hello");
    assert_eq!(up(&Notes(true), at, &note).unwrap(), Applied::Done(file), "nothing is done twice");

    let other = Note { text: "something else".to_owned(), ..note.clone() };
    let refused = up(&Notes(true), at, &other).unwrap_err();
    assert_eq!(refused.what, "another note is already up, or was interrupted");
    assert_eq!(refused.advice, ["isctpl note --status   shows it", "isctpl note --undo     undoes it"]);

    assert_eq!(down(at), (TakenDown::Done { restarted: false, journal: None }, note.clone()));
    assert!(!note.directory.exists());
    assert_eq!(down(at).0, TakenDown::Nothing(Vec::new()));
}

#[test]
fn what_is_refused_leaves_no_journal() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "");
    let outcome = up(&Notes(true), at.path(), &note).unwrap();
    assert_eq!((outcome.exit_code(), outcome), (3, Applied::RolledBack(Failure::refused("there is nothing to write"))));
    assert!(!note.directory.exists() && !at.path().join("state/journal").exists());
}

#[test]
fn a_step_that_could_not_be_undone_is_not_begun() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "hello");
    let outcome = up(&Notes(false), at.path(), &note).unwrap();
    assert!(matches!(outcome, Applied::RolledBack(failure) if failure.what.contains("Write the note")));
    assert!(!note.directory.exists());
}

/// A step may take the journal's word for it that a change is made.
#[test]
fn what_was_being_put_back_is_made_anew() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "hello");
    let file = note.directory.join("note");
    assert_eq!(up(&Notes(true), at.path(), &note).unwrap(), Applied::Done(file.clone()));
    assert!(journal(at.path()).is_complete());
    half_down(at.path());
    assert!(!file.exists() && !journal(at.path()).is_complete());
    assert_eq!(up(&Notes(true), at.path(), &note).unwrap(), Applied::Done(file.clone()));
    assert!(file.exists() && journal(at.path()).is_complete());
    half_down(at.path());
    assert_eq!(down(at.path()).0, TakenDown::Done { restarted: false, journal: None });
    assert!(!note.directory.exists());
}

/// Whoever asks once more for what is up, and cannot be answered now, must not lose it.
#[test]
fn what_is_complete_is_not_undone_because_it_cannot_be_looked_at() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "hello");
    up(&Notes(true), at.path(), &note).unwrap();
    let again = || run(&Notes(true), &at.path().join("state")).up(&note, &mut note.clone(), &mut No(2)).unwrap();
    let outcome = again();
    assert!(matches!(outcome, Applied::Unchanged(_)) && outcome.exit_code() == 3, "{outcome:?}");
    assert!(note.directory.join("note").exists() && journal(at.path()).is_complete());
    half_down(at.path());
    assert!(matches!(again(), Applied::RolledBack(_)));
    assert!(!note.directory.exists());
}

/// What a step makes anew lies below what later steps had made before.
#[test]
fn what_is_made_anew_is_still_undone_after_what_lies_on_it() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "hello");
    let file = note.directory.join("note");
    up(&Notes(true), at.path(), &note).unwrap();
    fs::remove_dir_all(&note.directory).unwrap();
    assert_eq!(up(&Notes(true), at.path(), &note).unwrap(), Applied::Done(file.clone()));
    assert!(note.directory.is_dir(), "made anew");
    fs::write(&file, "hello").unwrap();
    assert_eq!(down(at.path()).0, TakenDown::Done { restarted: false, journal: None });
    assert!(!note.directory.exists());
}

/// A crash in the middle of making it anew.
#[test]
fn what_was_left_half_made_is_not_undone_below_what_lies_on_it() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "hello");
    let file = note.directory.join("note");
    up(&Notes(true), at.path(), &note).unwrap();
    let lock = JournalLock::take(&at.path().join("state")).unwrap();
    let mut journal = Journal::open(&lock).unwrap().unwrap();
    journal.intend("directory", &Made { path: note.directory.clone() }).unwrap();
    drop((journal, lock));
    let mut undone = 0;
    let mut listener = AfterUndo(|| undone += 1);
    let outcome = run(&Notes(true), &at.path().join("state")).up(&note, &mut note.clone(), &mut listener).unwrap();
    assert_eq!((outcome, undone), (Applied::Done(file), 0));
    assert_eq!(down(at.path()).0, TakenDown::Done { restarted: false, journal: None });
    assert!(!note.directory.exists());
}

/// Whoever works in what is up must not lose it because it could be restored in part only.
#[test]
fn what_was_complete_is_not_undone_because_its_repair_failed() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "hello");
    up(&Notes(true), at.path(), &note).unwrap();
    for _ in 0..2 {
        fs::remove_dir_all(&note.directory).unwrap();
        let outcome = run(&Notes(true), &at.path().join("state")).up(&note, &mut note.clone(), &mut No(2)).unwrap();
        assert!(matches!(outcome, Applied::Unchanged(_)) && outcome.exit_code() == 3, "{outcome:?}");
        assert!(note.directory.is_dir() && journal(at.path()).is_complete());
    }
    assert_eq!(down(at.path()).0, TakenDown::Done { restarted: false, journal: None });
    assert!(!note.directory.exists());
}

/// A step may go on over a change that failed; the journal never says that such a one is made.
#[test]
fn what_was_complete_with_a_failure_that_was_borne_is_not_undone_later() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "hello");
    up(&Notes(true), at.path(), &note).unwrap();
    let lock = JournalLock::take(&at.path().join("state")).unwrap();
    let mut open = Journal::open(&lock).unwrap().unwrap();
    open.intend("file", &Made { path: note.directory.join("another") }).unwrap();
    open.complete().unwrap();
    drop((open, lock));
    let outcome = run(&Notes(true), &at.path().join("state")).up(&note, &mut note.clone(), &mut No(1)).unwrap();
    assert!(matches!(outcome, Applied::Unchanged(_)), "{outcome:?}");
    assert!(note.directory.join("note").exists() && journal(at.path()).is_complete());
}

#[test]
fn a_request_is_the_same_by_what_it_says() {
    let at = tempfile::tempdir().unwrap();
    let note = Note::new(&at.path().join("notes"), "hello");
    up(&Notes(true), at.path(), &note).unwrap();
    let path = at.path().join("state/journal");
    let now = fs::read_to_string(&path).unwrap();
    let earlier = now.replace(",\"loud\":false", "");
    assert_ne!(now, earlier);
    fs::write(&path, earlier).unwrap();
    assert!(matches!(up(&Notes(true), at.path(), &note), Ok(Applied::Done(_))));
    assert!(up(&Notes(true), at.path(), &Note { loud: true, ..note.clone() }).is_err());
}

/// Puts a directory in the journal's place, which nobody removes as a file.
fn block(at: &Path) -> impl FnMut() {
    let journal = at.join("state/journal");
    move || {
        if journal.is_file() {
            fs::remove_file(&journal).unwrap();
            fs::create_dir(&journal).unwrap();
        }
    }
}

#[test]
fn what_is_down_is_down_whatever_becomes_of_the_journal() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let note = Note::new(&at.join("notes"), "hello");
    up(&Notes(true), at, &note).unwrap();
    let (down, _) = down_heard_by(at, &mut AfterUndo(block(at)));
    let TakenDown::Done { restarted: false, journal: Some(failure) } = down else { panic!("{down:?}") };
    assert!(failure.what.contains("state/journal: "), "{failure:?}");
    assert!(!note.directory.exists());

    fs::remove_dir(at.join("state/journal")).unwrap();
    let empty = Note::new(&note.directory, "");
    let failed = run(&Notes(true), &at.join("state")).up(&empty, &mut empty.clone(), &mut AfterUndo(block(at)));
    let Ok(Applied::RolledBack(failure)) = failed else { panic!("{failed:?}") };
    assert_eq!((failure.kind, failure.what.as_str()), (Kind::Refused, "there is nothing to write"));
    assert!(failure.advice[0].contains("could not be removed"), "{failure:?}");
}

#[test]
fn a_journal_of_nothing_stands_in_nobodys_way() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let note = Note::new(&at.join("notes"), "hello");
    up(&Notes(true), at, &note).unwrap();
    // All is undone, and the process ends before the journal does.
    let kept = at.join("kept");
    let journal = at.join("state/journal");
    down_heard_by(at, &mut AfterUndo(|| drop(fs::hard_link(&journal, &kept))));
    fs::rename(&kept, &journal).unwrap();
    assert!(self::journal(at).last_applied().is_none());
    let other = Note::new(&note.directory, "something else");
    assert_eq!(up(&Notes(true), at, &other).unwrap(), Applied::Done(note.directory.join("note")));
}
