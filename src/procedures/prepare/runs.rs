//! The runs of `prepare` that a root remembers: each has a directory with its journal and with what it replaced.

use super::context::{Check, Checked, Context, FOUND, PrepareRequest, Work};
use super::procedure::Prepare;
use super::replacement::{NewDirectory, Replacement};
use super::steps::{build, files};
use super::tree::{STATE, Tree};
use crate::procedures::Failure;
use crate::procedures::engine::{Applied, Listener};
use crate::procedures::journal::{Journal, JournalLock};
use crate::procedures::run::{Run, TakenDown};
use crate::system::FileKind;
use crate::system::cancel::Cancel;
use crate::system::command::Runner;
use serde::de::DeserializeOwned;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

/// A change to files outlasts every restart of the machine, so all starts are the same one.
const BOOT: &str = "";

/// The most runs that are remembered; a person makes a handful.
const RUNS_LIMIT: u32 = 1000;

/// The most of what the checks found that is read; a root has some findings.
const FOUND_LIMIT: u64 = 1 << 20;

/// The runs that a root remembers.
#[derive(Debug)]
pub(crate) struct Runs {
    tree: Tree,
    at: PathBuf,
    made: Vec<NewDirectory>,
    /// What keeps other processes off; nothing where they are only looked at.
    _lock: Option<JournalLock>,
}

impl Runs {
    /// Takes the runs of a root, and makes their directory where there is none.
    ///
    /// # Errors
    /// When another process has them, or the directory cannot be made.
    pub(crate) fn take(tree: Tree) -> Result<Self, Failure> {
        let mut made = Vec::new();
        for missing in tree.missing_above(&format!("{}/lock", directory()))? {
            let new = NewDirectory::of(&tree, &missing)?;
            new.apply(&tree)?;
            made.push(new);
        }
        Self::hold(tree, made)
    }

    /// The same, where there are any; `None` where nothing is remembered.
    ///
    /// # Errors
    /// When another process has them, or they cannot be looked at.
    pub(crate) fn existing(tree: Tree) -> Result<Option<Self>, Failure> {
        match tree.root.lstat(&directory())? {
            Some(_) => Self::hold(tree, Vec::new()).map(Some),
            None => Ok(None),
        }
    }

    /// The same, only to look at: nothing is written.
    ///
    /// # Errors
    /// When they cannot be looked at.
    pub(crate) fn peek(tree: Tree) -> Result<Option<Self>, Failure> {
        match tree.root.lstat(&directory())? {
            Some(_) => {
                let at = own_directory(&tree, &directory())?;
                Ok(Some(Self { tree, at, made: Vec::new(), _lock: None }))
            }
            None => Ok(None),
        }
    }

    fn hold(tree: Tree, made: Vec<NewDirectory>) -> Result<Self, Failure> {
        let at = own_directory(&tree, &directory())?;
        let lock = Some(JournalLock::take(&at)?);
        Ok(Self { tree, at, made, _lock: lock })
    }

    /// The numbers of the runs, the oldest first.
    fn numbers(&self) -> Result<Vec<u32>, Failure> {
        let names = self.tree.root.names(&directory())?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn state(&self, number: u32) -> Result<PathBuf, Failure> {
        own_directory(&self.tree, &format!("{}/{number}/kept", directory()))?;
        own_directory(&self.tree, &format!("{}/{number}", directory()))
    }

    /// Whether the last run was ended before it was done.
    ///
    /// # Errors
    /// When its journal cannot be read.
    pub(crate) fn is_interrupted(&self) -> Result<bool, Failure> {
        let Some(last) = self.numbers()?.pop() else { return Ok(false) };
        Ok(Journal::peek(&self.own(last)?)?.is_none_or(|journal| !journal.is_complete()))
    }

    /// Makes changes, and remembers what brings all back.
    ///
    /// # Errors
    /// When nothing was begun.
    pub(crate) fn apply(
        &self,
        work: Work,
        check: Check,
        cancel: &Cancel,
        listener: &mut dyn Listener,
    ) -> Result<Applied<()>, Failure> {
        let number = self.numbers()?.pop().unwrap_or(0) + 1;
        if number > RUNS_LIMIT {
            return Err(Failure::refused(format!("{} has {RUNS_LIMIT} runs", directory())));
        }
        let at = self.at.join(number.to_string());
        let made = DirBuilder::new().mode(0o700).create(&at);
        made.and_then(|()| DirBuilder::new().mode(0o700).create(at.join("kept")))
            .map_err(|error| Failure::of_file(&at, &error))?;
        let request = PrepareRequest { made: if number == 1 { self.made.clone() } else { Vec::new() } };
        let mut cx = Context { work, check, runner: Runner { cancel: cancel.clone() }, ..self.context(at.clone()) };
        let run = Run { procedure: &Prepare, state: &at, boot: BOOT.to_owned(), cancel: cancel.clone() };
        let applied = run.up(&request, &mut cx, listener);
        if !matches!(applied, Ok(Applied::Done(()) | Applied::RollbackFailed(..))) {
            self.forget(number, &request.made)?;
        }
        applied
    }

    /// Undoes the last run; `None` where there is none left.
    ///
    /// # Errors
    /// When nothing of it was undone. What went wrong later is told by [`TakenDown`].
    pub(crate) fn undo_last(
        &self,
        cancel: &Cancel,
        listener: &mut dyn Listener,
    ) -> Result<Option<Result<(), Failure>>, Failure> {
        let Some(number) = self.numbers()?.pop() else {
            // What was killed before it had begun has left an empty directory.
            self.close(&[])?;
            return Ok(None);
        };
        let at = self.own(number)?;
        if let Some(journal) = Journal::peek(&at)? {
            self.is_reachable(&journal)?;
        }
        let run = Run { procedure: &Prepare, state: &at, boot: BOOT.to_owned(), cancel: cancel.clone() };
        let mut made = Vec::new();
        let context = |request: Option<PrepareRequest>| {
            made = request.unwrap_or_default().made;
            Ok(self.context(at.clone()))
        };
        let (down, _) = run.down(context, listener)?;
        match down {
            TakenDown::Failed(failure) => Ok(Some(Err(failure))),
            TakenDown::Nothing(_) | TakenDown::Done { .. } => {
                self.forget(number, &made)?;
                Ok(Some(Ok(())))
            }
        }
    }

    /// The paths in the root that somebody has changed since a run replaced them.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub(crate) fn changed_since(&self) -> Result<Vec<String>, Failure> {
        let mut changed = Vec::new();
        for number in self.numbers()? {
            let at = self.own(number)?;
            let Some(journal) = Journal::peek(&at)?.filter(Journal::is_complete) else { continue };
            for replacement in replacements(&journal)? {
                let later = self.is_replaced_after(number, &replacement.path)?;
                if !later && replacement.changed_since(&self.tree, &at.join("kept"))? {
                    changed.push(replacement.path);
                }
            }
        }
        Ok(changed)
    }

    /// Whether everything that a journal tells of lies where it did, before any of it is brought back.
    fn is_reachable(&self, journal: &Journal) -> Result<(), Failure> {
        changes(journal)?.iter().try_for_each(|change| match change {
            files::Change::Replaced(replacement) => replacement.is_reachable(&self.tree),
            files::Change::Directory(new) => new.is_reachable(&self.tree),
        })
    }

    fn is_replaced_after(&self, number: u32, path: &str) -> Result<bool, Failure> {
        for later in self.numbers()?.into_iter().filter(|other| *other > number) {
            if let Some(journal) = Journal::peek(&self.own(later)?)?
                && replacements(&journal)?.iter().any(|replacement| replacement.path == path)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What the checks still found after the last run, by check and summary: to do the same once more would not help.
    ///
    /// # Errors
    /// When the runs cannot be looked at.
    pub(crate) fn found_after_last(&self) -> Result<Vec<(String, String)>, Failure> {
        let Some(last) = self.numbers()?.pop() else { return Ok(Vec::new()) };
        let path = format!("{}/{last}/{FOUND}", directory());
        let bytes = self.tree.root.read(&path, FOUND_LIMIT)?.unwrap_or_default();
        // What was cut by a crash tells nothing.
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn own(&self, number: u32) -> Result<PathBuf, Failure> {
        // A run that ended before it had its journal may have no more than its directory.
        match self.state(number) {
            Ok(at) => Ok(at),
            Err(_) => own_directory(&self.tree, &format!("{}/{number}", directory())),
        }
    }

    fn context(&self, state: PathBuf) -> Context {
        Context {
            tree: self.tree.clone(),
            state,
            work: Work::default(),
            runner: Runner::default(),
            check: Box::new(|| Ok(Checked::default())),
        }
    }

    /// Removes a run of which nothing is left to undo; with the last one goes what was made for all.
    fn forget(&self, number: u32, made: &[NewDirectory]) -> Result<(), Failure> {
        let at = self.own(number)?;
        fs::remove_dir_all(&at).map_err(|error| Failure::of_file(&at, &error))?;
        if self.numbers()?.is_empty() { self.close(made) } else { Ok(()) }
    }

    /// Removes what was made for all runs, where nothing else is in it.
    fn close(&self, made: &[NewDirectory]) -> Result<(), Failure> {
        let lock = self.at.join("lock");
        match fs::remove_file(&lock) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Failure::of_file(&lock, &error)),
            _ => {}
        }
        for own in [Some(self.at.as_path()), self.at.parent()].into_iter().flatten() {
            // Somebody else may keep something there.
            let _ = fs::remove_dir(own);
        }
        made.iter().rev().try_for_each(|new| new.undo(&self.tree))
    }
}

/// Where the runs are, as a path in the root.
fn directory() -> String {
    format!("{STATE}/prepare")
}

/// A directory of the root itself: one behind a link would be somebody else's.
fn own_directory(tree: &Tree, path: &str) -> Result<PathBuf, Failure> {
    let refused = |what: &str| Failure::refused(format!("{path} {what}"));
    let place = tree.place(path)?.ok_or_else(|| refused("does not exist"))?;
    match tree.root.lstat(path)?.map(|meta| meta.kind) {
        Some(FileKind::Directory) => {}
        Some(_) => return Err(refused("is not a directory")),
        None => return Err(refused("does not exist")),
    }
    let linked = tree.root.list(path)?.unwrap_or_default().into_iter().find(|(_, kind)| *kind == FileKind::Link);
    match linked {
        Some((name, _)) => Err(refused(&format!("has a link in it, {name}; isctpl makes none"))),
        None => Ok(place),
    }
}

fn replacements(journal: &Journal) -> Result<Vec<Replacement>, Failure> {
    let replaced = |change| match change {
        files::Change::Replaced(replacement) => Some(replacement),
        files::Change::Directory(_) => None,
    };
    Ok(changes(journal)?.into_iter().filter_map(replaced).collect())
}

/// The paths that the changes of a journal are about.
fn changes(journal: &Journal) -> Result<Vec<files::Change>, Failure> {
    let mut found = Vec::new();
    for entry in journal.applied() {
        match entry.step.as_str() {
            "files" => found.push(read(&entry.change)?),
            "build" => {
                if let build::Change::Replaced(replacement) = read(&entry.change)? {
                    found.push(files::Change::Replaced(replacement));
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn read<T: DeserializeOwned>(change: &serde_json::Value) -> Result<T, Failure> {
    T::deserialize(change)
        .map_err(|error| Failure::failed(format!("the journal has an entry that cannot be read: {error}")))
}
