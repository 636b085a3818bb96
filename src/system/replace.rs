//! Writes a file whole or not at all.

use rustix::fs::{PROC_SUPER_MAGIC, statfs};
use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// As many links are followed as the kernel follows.
const LINKS_LIMIT: usize = 40;

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
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

/// Writes `bytes` to `path`. A regular file, or nothing, is replaced as a whole: whoever reads sees the old file
/// or the new one, and an error leaves the old one as it was and nothing beside it. A link is followed. A device
/// or a FIFO is written through, and stays what it is.
///
/// # Errors
/// When it cannot be written. That the reader of a FIFO has seen enough is no error.
pub fn write_whole(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    match place_of(path)? {
        Place::File(path, before) => replace(&path, before.as_ref(), bytes, readers),
        Place::Through(path) => through(&path, bytes),
    }
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

/// Writes beside the place, then renames over it. What was written is removed again on any error.
fn replace(path: &Path, before: Option<&Metadata>, bytes: &[u8], readers: Readers) -> Result<()> {
    let directory = directory_of(path);
    let mut part = tempfile::Builder::new().prefix(".isctpl-").suffix(".part").tempfile_in(directory)?;
    part.write_all(bytes)?;
    let kept = before.filter(|_| readers == Readers::Everyone);
    if let Some(before) = kept {
        // Only root can give a file away; anybody else's run leaves its own file behind.
        let _ = fchown(part.as_file(), Some(before.uid()), Some(before.gid()));
    }
    let mode = match (readers, kept) {
        (Readers::Owner, _) => 0o600,
        (Readers::Everyone, Some(before)) => before.mode() & 0o777,
        (Readers::Everyone, None) => 0o644,
    };
    part.as_file().set_permissions(Permissions::from_mode(mode))?;
    part.as_file().sync_all()?;
    part.persist(path).map_err(|failed| failed.error)?;
    // The file is there; a directory that cannot be synced loses it with the power alone.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

/// Writes to what stands there, and makes nothing.
fn through(path: &Path, bytes: &[u8]) -> Result<()> {
    // Behind a link of /proc/self/fd a file may be open that others have written to.
    let flags = nix::fcntl::OFlag::O_NOCTTY.bits();
    let mut open = OpenOptions::new().append(true).custom_flags(flags).open(path)?;
    match open.write_all(bytes) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}
