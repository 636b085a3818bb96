//! A procedure of two steps, made up here: it takes nothing but the two steps, and a list of them.

use super::No;
use isctpl::procedures::engine::{Applied, Procedure, Walk, plan};
use isctpl::procedures::run::{Run, TakenDown};
use isctpl::procedures::{ErasedStep, Failure, Log, Names, Planned, Step};
use isctpl::system::cancel::Cancel;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// What is asked for, and what the steps work with: a directory, and what a file in it is to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    directory: PathBuf,
    text: String,
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
        let _ = fs::remove_dir(made.path);
        Ok(())
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

fn down(at: &Path) -> (TakenDown, Note) {
    let nothing = || Note { directory: PathBuf::new(), text: String::new() };
    let context = |asked: Option<Note>| Ok(asked.unwrap_or_else(nothing));
    run(&Notes(true), &at.join("state")).down(context, &mut No(0)).unwrap()
}

#[test]
fn a_procedure_takes_two_steps_and_their_list() {
    let at = tempfile::tempdir().unwrap();
    let at = at.path();
    let note = Note { directory: at.join("notes"), text: "hello".to_owned() };
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

    assert_eq!(down(at), (TakenDown::Done { restarted: false }, note.clone()));
    assert!(!note.directory.exists());
    assert_eq!(down(at).0, TakenDown::Nothing(Vec::new()));
}

#[test]
fn what_is_refused_leaves_no_journal() {
    let at = tempfile::tempdir().unwrap();
    let note = Note { directory: at.path().join("notes"), text: String::new() };
    let outcome = up(&Notes(true), at.path(), &note).unwrap();
    assert_eq!((outcome.exit_code(), outcome), (3, Applied::RolledBack(Failure::refused("there is nothing to write"))));
    assert!(!note.directory.exists() && !at.path().join("state/journal").exists());
}

#[test]
fn a_step_that_could_not_be_undone_is_not_begun() {
    let at = tempfile::tempdir().unwrap();
    let note = Note { directory: at.path().join("notes"), text: "hello".to_owned() };
    let outcome = up(&Notes(false), at.path(), &note).unwrap();
    assert!(matches!(outcome, Applied::RolledBack(failure) if failure.what.contains("Write the note")));
    assert!(!note.directory.exists());
}
