//! Writes a file whole or not at all.

use rustix::fs::{PROC_SUPER_MAGIC, statfs};
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// As many links are followed as the kernel follows.
const LINKS_LIMIT: usize = 40;

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone, whoever could read what stood there before.
    Owner,
    /// Everyone. A file that stood there before keeps its owner and mode.
    Everyone,
}

/// Where the bytes go.
enum Place {
    /// Into a regular file, which may stand there already.
    File(PathBuf, Option<Metadata>),
    /// Through to what is no regular file.
    Through(PathBuf),
}

/// A file that is being written. A regular file, or nothing, is replaced as a whole: whoever reads sees the old
/// file or the new one, and an error leaves the old one as it was and nothing beside it; who is killed leaves the part
/// that was written. A link is followed. A device or a FIFO is written through, and stays what it is.
#[derive(Debug)]
pub(crate) struct Whole {
    state: State,
    readers: Readers,
}

#[derive(Debug)]
enum State {
    /// Written beside the place, then renamed over it.
    Beside(Box<Beside>),
    /// Written as it comes.
    Through(File),
}

#[derive(Debug)]
struct Beside {
    part: NamedTempFile,
    path: PathBuf,
    /// What stands in the place.
    before: Option<Metadata>,
    /// Where it is; `None` where that cannot be read.
    directory: Option<File>,
}

impl Whole {
    /// Begins to write what `path` is to hold.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub(crate) fn begin(path: &Path, readers: Readers) -> Result<Self> {
        let state = match place_of(path)? {
            Place::File(path, before) => {
                let part =
                    tempfile::Builder::new().prefix(".isctpl-").suffix(".part").tempfile_in(directory_of(&path))?;
                let directory = File::open(directory_of(&path)).ok();
                State::Beside(Box::new(Beside { part, path, before, directory }))
            }
            Place::Through(path) => {
                // Behind a link of /proc/self/fd a file may be open that others have written to.
                let flags = nix::fcntl::OFlag::O_NOCTTY.bits();
                State::Through(OpenOptions::new().append(true).custom_flags(flags).open(path)?)
            }
        };
        Ok(Self { state, readers })
    }

    /// The directory in which it is put in its place; `None` of what is written through. Nothing is opened any more.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match &self.state {
            State::Beside(beside) => Some(directory_of(&beside.path)),
            State::Through(_) => None,
        }
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// When that fails; nothing of it is left then.
    pub(crate) fn finish(self) -> Result<()> {
        match self.state {
            State::Beside(beside) => settle(*beside, self.readers),
            State::Through(_) => Ok(()),
        }
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.state {
            State::Beside(beside) => beside.part.write(bytes),
            State::Through(file) => match file.write(bytes) {
                // The reader of a FIFO has seen enough.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
                outcome => outcome,
            },
        }
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Writes `bytes` to `path`, as [`Whole`] does.
///
/// # Errors
/// When it cannot be written. That the reader of a FIFO has seen enough is no error.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    let mut whole = Whole::begin(path, readers)?;
    whole.write_all(bytes)?;
    whole.finish()
}

/// Follows links to what they name, which need not exist.
fn place_of(path: &Path) -> Result<Place> {
    let mut path = path.to_owned();
    for _ in 0..LINKS_LIMIT {
        let found = match path.symlink_metadata() {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Place::File(path, None)),
            Err(error) => return Err(error),
        };
        let kind = found.file_type();
        if kind.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if kind.is_file() {
            return Ok(Place::File(path, Some(found)));
        }
        // A link of /proc/self/fd names what is open, and its text is no path.
        if !kind.is_symlink() || is_in_proc(&path)? {
            return Ok(Place::Through(path));
        }
        let target = path.read_link()?;
        path = directory_of(&path).join(target);
    }
    Err(Error::from_raw_os_error(nix::errno::Errno::ELOOP as i32))
}

fn is_in_proc(path: &Path) -> Result<bool> {
    Ok(statfs(directory_of(path))?.f_type == PROC_SUPER_MAGIC)
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn settle(Beside { part, path, before, directory }: Beside, readers: Readers) -> Result<()> {
    let kept = before.filter(|_| readers == Readers::Everyone);
    if let Some(before) = &kept {
        // Only root can give a file away; anybody else's run leaves its own file behind.
        let _ = fchown(part.as_file(), Some(before.uid()), Some(before.gid()));
    }
    let mode = match (readers, &kept) {
        (Readers::Owner, _) => 0o600,
        (Readers::Everyone, Some(before)) => before.mode() & 0o777,
        (Readers::Everyone, None) => 0o644,
    };
    part.as_file().set_permissions(Permissions::from_mode(mode))?;
    part.as_file().sync_all()?;
    part.persist(path).map_err(|failed| failed.error)?;
    // The file is there; a directory that cannot be synced loses it with the power alone.
    let _ = directory.map(|directory| directory.sync_all());
    Ok(())
}
