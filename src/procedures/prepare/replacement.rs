//! A path of the root that is replaced, and comes back as it was: bytes, owner, mode, extended attributes, times.
//!
//! What was there is kept below `/var/lib/isctpl`: the very file by another link where it lies on the same filesystem,
//! a copy elsewhere. What takes its place is written whole beside it and renamed over it.

use super::tree::Tree;
use crate::formats::text::names;
use crate::procedures::Failure;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown, lchown, symlink};
use std::path::{Path, PathBuf};

/// What is written to take a file's place, beside it, until it is whole.
const NEW: &str = ".isctpl-new";

/// Who may do what with a new file that says nothing else.
const MODE: u32 = 0o644;

/// What is to stand at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewContent {
    /// A file with this text, and for one that was not there this mode.
    Text(String, Option<u32>),
    /// A file with the bytes and the mode of this one of the machine.
    CopyOf(PathBuf),
    /// A symbolic link to this target.
    Link(String),
    /// Nothing.
    Nothing,
}

/// The change: what brings a path back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replacement {
    /// The path in the root.
    pub(crate) path: String,
    before: Before,
    /// Last change of the directory before, seconds and nanoseconds.
    directory: (i64, i64),
    /// Whether that directory is on the root's own filesystem.
    on_root: bool,
    /// Last change of what takes its place, seconds since the epoch; even, for filesystems that count by two.
    stamp: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Before {
    Absent,
    /// A file, or a link itself.
    Kept {
        /// Under which name.
        name: String,
        /// Which one it was.
        was: Identity,
    },
}

/// What tells a file from every other one, also from one that got its inode's number later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    /// Last change, seconds and nanoseconds.
    changed: (i64, i64),
}

impl Identity {
    fn of(meta: &Metadata) -> Self {
        let changed = (meta.mtime(), meta.mtime_nsec());
        Self { device: meta.dev(), inode: meta.ino(), size: meta.size(), changed }
    }
}

impl Replacement {
    /// Looks at what is about to be replaced; `kept` is a name for what is kept of it.
    ///
    /// # Errors
    /// When it is neither a file nor a link, or has other hard links, which would part from it.
    pub(crate) fn of(tree: &Tree, path: &str, kept: String) -> Result<Self, Failure> {
        let place = placed(tree, path)?;
        let before = match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Before::Absent,
            Err(error) => return Err(Failure::of_file(&place, &error)),
            Ok(meta) if !meta.is_file() && !meta.is_symlink() => {
                return Err(Failure::refused(format!("{path} is neither a file nor a link")));
            }
            Ok(meta) if meta.nlink() > 1 => {
                return Err(Failure::refused(format!(
                    "{path} has {} hard links: replacing it would part it from the others",
                    meta.nlink()
                )));
            }
            Ok(meta) => Before::Kept { name: kept, was: Identity::of(&meta) },
        };
        let above = place.parent().unwrap_or(&tree.at);
        let directory = fs::metadata(above).map_err(|error| Failure::of_file(above, &error))?;
        Ok(Self {
            path: path.to_owned(),
            before,
            directory: (directory.mtime(), directory.mtime_nsec()),
            on_root: tree.is_on_root(path)?.unwrap_or(true),
            stamp: now() & !1,
        })
    }

    /// Puts something in its place.
    ///
    /// # Errors
    /// When that fails, with what the kernel says; then it may be half done.
    pub(crate) fn apply(&self, tree: &Tree, kept: &Path, content: &NewContent) -> Result<(), Failure> {
        let place = placed(tree, &self.path)?;
        self.put(&place, kept, content).map_err(|error| Failure::of_file(&place, &error))
    }

    fn put(&self, place: &Path, kept: &Path, content: &NewContent) -> io::Result<()> {
        if let Before::Kept { name, .. } = &self.before {
            keep(place, &named(kept, name)?)?;
        }
        let new = beside(place);
        remove(&new)?;
        match content {
            NewContent::Nothing => remove(place)?,
            NewContent::Link(target) => {
                symlink(names::path(target), &new)?;
                fs::rename(&new, place)?;
            }
            NewContent::Text(text, mode) => {
                let mut file = self.created(&new, place, *mode)?;
                io::Write::write_all(&mut file, &names::encode(text))?;
                self.finish(&file, &new, place)?;
            }
            NewContent::CopyOf(from) => {
                let mut source = File::open(from)?;
                let mut file = self.created(&new, place, None)?;
                set_mode(&file, source.metadata()?.mode() & 0o7777)?;
                io::copy(&mut source, &mut file)?;
                self.finish(&file, &new, place)?;
            }
        }
        sync(place)
    }

    /// A new file, which becomes like the one that it replaces before it has any content.
    fn created(&self, new: &Path, place: &Path, mode: Option<u32>) -> io::Result<File> {
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(new)?;
        match fs::symlink_metadata(place).ok().filter(Metadata::is_file) {
            Some(_) => like(&file, &File::open(place)?)?,
            None => set_mode(&file, mode.unwrap_or(MODE))?,
        }
        Ok(file)
    }

    fn finish(&self, file: &File, new: &Path, place: &Path) -> io::Result<()> {
        set_time(new, (self.stamp, 0))?;
        file.sync_all()?;
        fs::rename(new, place)
    }

    /// Brings it back, whether it was replaced, half replaced, or is back already.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn undo(&self, tree: &Tree, kept: &Path) -> Result<(), Failure> {
        // Where the directory is gone, nothing was put there, or it went with what was.
        let Some(place) = tree.place(&self.path)? else { return Ok(()) };
        self.put_back(&place, kept).map_err(|error| Failure::of_file(&place, &error))
    }

    fn put_back(&self, place: &Path, kept: &Path) -> io::Result<()> {
        let new = beside(place);
        remove(&new)?;
        match &self.before {
            Before::Absent => remove(place)?,
            Before::Kept { name, was } => restore(place, &named(kept, name)?, was, self.stamp)?,
        }
        sync(place)?;
        if let Some(above) = place.parent() {
            set_time(above, self.directory)?;
        }
        Ok(())
    }

    /// Why it may not be brought back without a word: somebody has changed it since.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(crate) fn changed_since(&self, tree: &Tree, kept: &Path) -> Result<bool, Failure> {
        let Some(place) = tree.place(&self.path)? else { return Ok(false) };
        let Ok(meta) = fs::symlink_metadata(&place) else { return Ok(false) };
        let is_ours = meta.is_symlink() || meta.mtime() == self.stamp;
        Ok(match &self.before {
            Before::Kept { was, name } => {
                !is_ours && Identity::of(&meta) != *was && kept.join(name).symlink_metadata().is_ok()
            }
            Before::Absent => !is_ours,
        })
    }
}

impl Replacement {
    /// What must be mounted before it can be brought back, where that is not as it was.
    ///
    /// # Errors
    /// When it cannot be looked at, or lies on another filesystem than it did.
    pub(crate) fn is_reachable(&self, tree: &Tree) -> Result<(), Failure> {
        reachable(tree, &self.path, self.on_root)
    }
}

/// A path that was on a filesystem mounted below the root must not be looked for where that is not mounted.
fn reachable(tree: &Tree, path: &str, on_root: bool) -> Result<(), Failure> {
    match tree.is_on_root(path)? {
        Some(now) if now != on_root => {}
        None if !on_root => {}
        _ => return Ok(()),
    }
    let was = if on_root {
        "was on the root's own filesystem"
    } else {
        "was on a filesystem of its own, which is not mounted"
    };
    Err(Failure::refused(format!("{path} {was} when prepare changed it"))
        .advise("mount below the root what was mounted then, and try again"))
}

/// A directory that was not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewDirectory {
    /// The path in the root.
    pub(crate) path: String,
    /// Last change of the directory above it before, seconds and nanoseconds.
    above: (i64, i64),
    /// Whether that directory is on the root's own filesystem.
    on_root: bool,
}

impl NewDirectory {
    /// Looks at where it is to be.
    ///
    /// # Errors
    /// When that cannot be looked at.
    pub(crate) fn of(tree: &Tree, path: &str) -> Result<Self, Failure> {
        let place = placed(tree, path)?;
        let above = place.parent().unwrap_or(&tree.at);
        let meta = fs::metadata(above).map_err(|error| Failure::of_file(above, &error))?;
        let on_root = tree.is_on_root(path)?.unwrap_or(true);
        Ok(Self { path: path.to_owned(), above: (meta.mtime(), meta.mtime_nsec()), on_root })
    }

    /// Makes it.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn apply(&self, tree: &Tree) -> Result<(), Failure> {
        let place = placed(tree, &self.path)?;
        let made = fs::DirBuilder::new().mode(0o755).create(&place).and_then(|()| sync(&place));
        made.map_err(|error| Failure::of_file(&place, &error))
    }

    /// As [`Replacement::is_reachable`].
    ///
    /// # Errors
    /// When it lies on another filesystem than it did.
    pub(crate) fn is_reachable(&self, tree: &Tree) -> Result<(), Failure> {
        reachable(tree, &self.path, self.on_root)
    }

    /// Takes it away where nothing is in it.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn undo(&self, tree: &Tree) -> Result<(), Failure> {
        let Some(place) = tree.place(&self.path)? else { return Ok(()) };
        let undone = match fs::remove_dir(&place) {
            // Somebody has put something there since.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(()),
            other => other,
        };
        let back = || place.parent().map_or(Ok(()), |above| set_time(above, self.above));
        undone.and_then(|()| sync(&place)).and_then(|()| back()).map_err(|error| Failure::of_file(&place, &error))
    }
}

/// What is kept under a name. The journal lies in the root, and whoever wrote there may have written anything.
fn named(kept: &Path, name: &str) -> io::Result<PathBuf> {
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(io::Error::other(format!("the journal keeps it under the name {name:?}, which isctpl never uses")));
    }
    Ok(kept.join(name))
}

fn placed(tree: &Tree, path: &str) -> Result<PathBuf, Failure> {
    tree.place(path)?.ok_or_else(|| Failure::failed(format!("{path}: its directory does not exist")))
}

/// Keeps a file under another name: itself, or a copy where it lies on another filesystem.
fn keep(place: &Path, kept: &Path) -> io::Result<()> {
    if fs::hard_link(place, kept).is_ok() {
        return sync(kept);
    }
    let part = beside(kept);
    remove(&part)?;
    copy(place, &part)?;
    fs::rename(&part, kept)?;
    sync(kept)
}

/// Brings a kept file back to its place.
fn restore(place: &Path, kept: &Path, was: &Identity, stamp: i64) -> io::Result<()> {
    let there = fs::symlink_metadata(place).ok();
    let Ok(meta) = fs::symlink_metadata(kept) else {
        // What is back has no copy any more; what still has the time of its replacement is not back.
        return match there {
            Some(there) if there.is_file() && there.mtime() == stamp && Identity::of(&there) != *was => {
                Err(io::Error::other(format!("what was there before is gone from {}", kept.display())))
            }
            _ => remove(&beside(kept)),
        };
    };
    if there.is_some_and(|there| Identity::of(&there) == *was) {
        // It was not replaced yet, or is back.
    } else if Identity::of(&meta) == *was {
        return fs::rename(kept, place);
    } else {
        let new = beside(place);
        copy(kept, &new).or_else(|error| {
            if error.kind() != io::ErrorKind::StorageFull {
                return Err(error);
            }
            // What is to go makes room for what is to come back, which is kept until it is there.
            remove(&new)?;
            remove(place)?;
            copy(kept, &new)
        })?;
        fs::rename(&new, place)?;
    }
    fs::remove_file(kept)
}

/// A copy of a file with owner, mode, extended attributes and times, or of a link with owner and times.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
        lchown(to, Some(meta.uid()), Some(meta.gid()))?;
        return set_time(to, (meta.mtime(), meta.mtime_nsec()));
    }
    let mut source = File::open(from)?;
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?;
    like(&file, &source)?;
    io::copy(&mut source, &mut file)?;
    set_time(to, (meta.mtime(), meta.mtime_nsec()))?;
    file.sync_all()
}

/// Gives a file the owner, mode and extended attributes of another one.
fn like(file: &File, other: &File) -> io::Result<()> {
    let (meta, own) = (other.metadata()?, file.metadata()?);
    if (own.uid(), own.gid()) != (meta.uid(), meta.gid()) {
        fchown(file, Some(meta.uid()), Some(meta.gid()))?;
    }
    for (name, value) in attributes(other)? {
        match fsetxattr(file, name.as_str(), &value, XattrFlags::empty()) {
            // A filesystem that has none of its own shows the label of its mount.
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    // Last: a change of the owner takes bits away.
    if own.mode() == meta.mode() { Ok(()) } else { set_mode(file, meta.mode() & 0o7777) }
}

/// The extended attributes of a file; none where the filesystem has none.
fn attributes(file: &File) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut list = vec![0; 64 << 10];
    let length = match flistxattr(file, &mut list) {
        Ok(length) => length,
        Err(rustix::io::Errno::OPNOTSUPP) => return Ok(Vec::new()),
        Err(errno) => return Err(errno.into()),
    };
    let names = list.get(..length).unwrap_or_default().split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let mut found = Vec::new();
    for name in names {
        let name = String::from_utf8_lossy(name).into_owned();
        let mut value = vec![0; 64 << 10];
        let length = fgetxattr(file, name.as_str(), &mut value)?;
        value.truncate(length);
        found.push((name, value));
    }
    Ok(found)
}

fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

/// Sets when something was changed last, and leaves when it was read.
fn set_time(path: &Path, (seconds, nanoseconds): (i64, i64)) -> io::Result<()> {
    let time = TimeSpec::new(seconds, nanoseconds);
    Ok(utimensat(nix::fcntl::AT_FDCWD, path, &TimeSpec::UTIME_OMIT, &time, UtimensatFlags::NoFollowSymlink)?)
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(NEW);
    path.with_file_name(name)
}

/// Removes a file or link that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Writes the directory of a path through to the disk.
fn sync(path: &Path) -> io::Result<()> {
    match path.parent().map(File::open) {
        Some(directory) => directory?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "replacement_tests.rs"]
mod tests;
