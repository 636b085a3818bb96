//! What a procedure has done, on disk: a line of JSON for each event, written through to the disk before the
//! next thing is done.
//!
//! The last line may be torn by a crash. Then the event was not written, so what it announces was not begun
//! (an intent), or is taken as not finished (the others): undoing works either way.

use crate::system::lock::{Held, try_lock};
use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The most that a journal may hold: a procedure writes some kilobytes.
const SIZE_LIMIT: u64 = 8 << 20;

/// Bytes for which room is made when a journal begins.
const RESERVED: i64 = 64 << 10;

const FILE: &str = "journal";
const LOCK: &str = "lock";
/// What is written. Version 1 called a change a deed, and 2 did not tell when all was done; both are still read.
const VERSION: u32 = 3;

/// What went wrong with the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another isctpl is at it.
    #[error("{}: another isctpl is running; wait until it ends", .0.display())]
    Busy(PathBuf),
    /// It cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The journal, or its lock.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// It is not what this version writes.
    #[error("{}:{line}: {what}", .path.display())]
    Unreadable {
        /// The journal, or its lock.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Event {
    Begin {
        version: u32,
        procedure: String,
        boot: String,
        request: Value,
    },
    Intend {
        id: u32,
        step: String,
        #[serde(alias = "deed")]
        change: Value,
    },
    Done {
        id: u32,
    },
    Undo {
        id: u32,
    },
    Undone {
        id: u32,
    },
    Complete,
}

/// How far a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Announced, or about to be put back; whether it is made is not known.
    Intended,
    /// It is known to be made.
    Done,
    /// It is put back.
    Undone,
}

/// A change of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Number, in the order of making.
    pub id: u32,
    /// The step that made it.
    pub step: String,
    /// What it was, and what was there before, as the step wrote it.
    pub change: Value,
    /// How far it is.
    pub state: State,
}

/// The directory of a procedure's journal, held by this process alone.
#[derive(Debug)]
pub struct JournalLock {
    directory: PathBuf,
    _lock: Held,
}

impl JournalLock {
    /// Makes the directory where it is missing, for root alone, and takes it for this process.
    ///
    /// # Errors
    /// When another process has it, or it cannot be made.
    pub fn take(directory: &Path) -> Result<Self, JournalError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Io { path, source }
        };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed(directory))?;
        let path = directory.join(LOCK);
        match try_lock(&path).map_err(failed(&path))? {
            Some(lock) => Ok(Self { directory: directory.to_owned(), _lock: lock }),
            None => Err(JournalError::Busy(directory.to_owned())),
        }
    }
}

/// The journal of a procedure that is under way.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    boot: String,
    request: Value,
    entries: Vec<Entry>,
    is_complete: bool,
}

impl Journal {
    /// Begins a journal. It appears whole or not at all. `boot` tells this start of the machine from others;
    /// `request` is what was asked for, without any secret.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(lock: &JournalLock, procedure: &str, boot: &str, request: Value) -> Result<Self, JournalError> {
        let path = lock.directory.join(FILE);
        let new = lock.directory.join("journal.new");
        let begin = || -> io::Result<(File, u64)> {
            let event = Event::Begin {
                version: VERSION,
                procedure: procedure.to_owned(),
                boot: boot.to_owned(),
                request: request.clone(),
            };
            let line = line_of(&event)?;
            let mut file =
                OpenOptions::new().create(true).truncate(true).read(true).write(true).mode(0o600).open(&new)?;
            reserve(&file)?;
            file.write_all(&line)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)?;
            File::open(&lock.directory)?.sync_all()?;
            Ok((file, u64::try_from(line.len()).unwrap_or(u64::MAX)))
        };
        let (file, length) = begin().map_err(|source| JournalError::Io { path: path.clone(), source })?;
        Ok(Self { path, file, length, boot: boot.to_owned(), request, entries: Vec::new(), is_complete: false })
    }

    /// Opens the journal that an earlier process left; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(lock: &JournalLock) -> Result<Option<Self>, JournalError> {
        let path = lock.directory.join(FILE);
        let failed = |source| JournalError::Io { path: path.clone(), source };
        let mut file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut journal = Self::read(&path, &file)?;
        file.set_len(journal.length).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        journal.file = file;
        Ok(Some(journal))
    }

    /// Reads the journal of a directory without holding or changing it; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn peek(directory: &Path) -> Result<Option<Self>, JournalError> {
        let path = directory.join(FILE);
        match File::open(&path) {
            Ok(file) => Self::read(&path, &file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(JournalError::Io { path, source }),
        }
    }

    fn read(path: &Path, file: &File) -> Result<Self, JournalError> {
        let failed = |source| JournalError::Io { path: path.to_owned(), source };
        let unreadable =
            |line: usize, what: &str| JournalError::Unreadable { path: path.to_owned(), line, what: what.to_owned() };
        let mut bytes = Vec::new();
        file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > SIZE_LIMIT {
            return Err(unreadable(1, "is too large for a journal"));
        }
        // What stands after the last end of line was torn off by a crash.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole = bytes.get(..whole).unwrap_or_default();
        let mut journal: Option<Self> = None;
        for (number, line) in (1..).zip(whole.split_inclusive(|byte| *byte == b'\n')) {
            let event = serde_json::from_slice(line).map_err(|error| unreadable(number, &error.to_string()))?;
            match (event, &mut journal) {
                (Event::Begin { version, .. }, _) if !(1..=VERSION).contains(&version) => {
                    return Err(unreadable(
                        number,
                        &format!(
                            "was written by another version of isctpl (format {version}; this version reads up to \
                             {VERSION}); undo it with that version, or restart this machine and undo then what is left"
                        ),
                    ));
                }
                (Event::Begin { boot, request, .. }, None) => {
                    journal = Some(Self {
                        path: path.to_owned(),
                        file: file.try_clone().map_err(failed)?,
                        length: u64::try_from(whole.len()).unwrap_or(u64::MAX),
                        boot,
                        request,
                        entries: Vec::new(),
                        is_complete: false,
                    });
                }
                (Event::Begin { .. }, Some(_)) | (_, None) => return Err(unreadable(number, "is out of order")),
                (event, Some(journal)) => journal.take(event),
            }
        }
        journal.ok_or_else(|| unreadable(1, "is empty"))
    }

    /// What was asked for.
    pub fn request(&self) -> &Value {
        &self.request
    }

    /// The start of the machine in which it was begun.
    pub fn boot(&self) -> &str {
        &self.boot
    }

    /// Whether all steps were done, and nothing has been changed or put back since.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Changes that are not undone, in the order of making.
    pub fn applied(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.state != State::Undone)
    }

    /// The last change that is not undone.
    pub fn last_applied(&self) -> Option<Entry> {
        self.applied().next_back().cloned()
    }

    /// Changes of a step that are not undone, in the order of making.
    pub(super) fn changes_of<'a>(&'a self, step: &'a str) -> impl Iterator<Item = &'a Value> {
        self.applied().filter(move |entry| entry.step == step).map(|entry| &entry.change)
    }

    /// Whether a step has a change that is known to be made.
    pub(super) fn is_done(&self, step: &str) -> bool {
        self.entries.iter().any(|entry| entry.step == step && entry.state == State::Done)
    }

    /// Announces a change. When this returns it stands on the disk.
    ///
    /// # Errors
    /// When it cannot be written; the change must not be begun then.
    pub fn intend(&mut self, step: &str, change: &impl Serialize) -> Result<u32, JournalError> {
        let id = self.entries.last().map_or(1, |entry| entry.id.saturating_add(1));
        let change = serde_json::to_value(change).map_err(|error| self.failed(error.into()))?;
        self.append(Event::Intend { id, step: step.to_owned(), change })?;
        Ok(id)
    }

    /// Says that a change is made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn done(&mut self, id: u32) -> Result<(), JournalError> {
        self.append(Event::Done { id })
    }

    /// Announces that a change is put back: from now on nobody may take it for made.
    ///
    /// # Errors
    /// When it cannot be written; putting it back must not be begun then.
    pub fn undo(&mut self, id: u32) -> Result<(), JournalError> {
        self.append(Event::Undo { id })
    }

    /// Says that a change is put back.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn undone(&mut self, id: u32) -> Result<(), JournalError> {
        self.append(Event::Undone { id })
    }

    /// Says that all steps are done.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn complete(&mut self) -> Result<(), JournalError> {
        if self.is_complete { Ok(()) } else { self.append(Event::Complete) }
    }

    /// Ends the journal of which every change is undone: it goes.
    ///
    /// # Errors
    /// When it cannot be taken away.
    pub fn finish(self) -> Result<(), JournalError> {
        std::fs::remove_file(&self.path).map_err(|source| JournalError::Io { path: self.path.clone(), source })
    }

    /// Takes in what an event tells.
    fn take(&mut self, event: Event) {
        self.is_complete = matches!(event, Event::Complete);
        let (id, state) = match event {
            Event::Begin { .. } | Event::Complete => return,
            Event::Intend { id, step, change } => {
                return self.entries.push(Entry { id, step, change, state: State::Intended });
            }
            Event::Undo { id } => (id, State::Intended),
            Event::Done { id } => (id, State::Done),
            Event::Undone { id } => (id, State::Undone),
        };
        for entry in self.entries.iter_mut().filter(|entry| entry.id == id) {
            entry.state = state;
        }
    }

    fn failed(&self, source: io::Error) -> JournalError {
        JournalError::Io { path: self.path.clone(), source }
    }

    fn append(&mut self, event: Event) -> Result<(), JournalError> {
        let line = line_of(&event).map_err(|error| self.failed(error))?;
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line must not stand before the next one.
            let repaired = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::End(0)));
            return Err(self.failed(repaired.err().unwrap_or(error)));
        }
        self.length += u64::try_from(line.len()).unwrap_or(u64::MAX);
        self.take(event);
        Ok(())
    }
}

/// Sets blocks aside for all that is going to be written: a disk that has filled up meanwhile must not keep what was
/// done from being undone.
fn reserve(file: &File) -> io::Result<()> {
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, RESERVED) {
        // Not every filesystem can.
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn line_of(event: &Event) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    Ok(line)
}
