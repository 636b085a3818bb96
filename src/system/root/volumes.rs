//! A root that is the filesystems of a disk, mounted nowhere.
//!
//! A path is walked as the kernel walks it (path_resolution(7)), confined as with `RESOLVE_IN_ROOT`: `..` of the top is
//! the top, and a symbolic link cannot leave it. Permissions are not held against anyone: whoever may read the disk may
//! read every byte of it.

use super::file::RootFile;
use super::view::{LIST_LIMIT, View};
use crate::formats::disk::{DirEntry, DiskError, Filesystem, Inode, InodeKind};
use crate::formats::text::names;
use crate::system::meta::{FileKind, Meta};
use isctpl_checks::facts::Problem;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The most symbolic links that one path may lead through (`MAXSYMLINKS` in `include/linux/namei.h`).
const LINKS: usize = 40;

/// The longest path, and the longest target of a link (`PATH_MAX`).
const PATH_MAX: usize = 4096;

/// The longest name of a file (`NAME_MAX`).
const NAME_MAX: usize = 255;

/// The most names that are remembered, so that no directory is searched again for what most paths begin with.
const REMEMBERED: usize = 1 << 15;

/// A file of a disk: the filesystem, by its place among those that are mounted, and the number of its inode.
type Place = (usize, u64);

/// What a name in a directory was found to lead to.
type Remembered = HashMap<(Place, Box<[u8]>), Option<u64>>;

/// The filesystems of a disk, mounted onto each other.
#[derive(Debug)]
pub(crate) struct Volumes {
    path: PathBuf,
    /// The root first.
    filesystems: Vec<Arc<dyn Filesystem>>,
    /// Directories that something is mounted at, and what.
    mounts: BTreeMap<Place, usize>,
    /// Directories that something would be mounted at which cannot be read, and why.
    unread: BTreeMap<Place, String>,
    remembered: Mutex<Remembered>,
}

/// Why a filesystem was not mounted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MountError {
    /// The mount point is not there.
    #[error("the mount point does not exist")]
    NoDirectory,
    /// It is something else.
    #[error("the mount point is not a directory")]
    NotADirectory,
    /// It cannot be looked up.
    #[error("the mount point cannot be looked up: {0}")]
    Unread(String),
}

/// Why a walk did not come to its end.
enum Stray {
    /// There is nothing: a name that is not there, or one below what is no directory.
    Nothing,
    /// It cannot be known what is there.
    Unread(String),
}

impl From<DiskError> for Stray {
    fn from(error: DiskError) -> Self {
        Self::Unread(error.to_string())
    }
}

impl Volumes {
    /// A root alone. `path` names the disk.
    pub(crate) fn new(path: &Path, root: Arc<dyn Filesystem>) -> Self {
        Self {
            path: path.to_owned(),
            filesystems: vec![root],
            mounts: BTreeMap::new(),
            unread: BTreeMap::new(),
            remembered: Mutex::default(),
        }
    }

    /// Mounts another filesystem at a directory; what lay below it is hidden.
    ///
    /// # Errors
    /// When there is no such directory.
    pub(crate) fn mount(&mut self, at: &str, filesystem: Arc<dyn Filesystem>) -> Result<(), MountError> {
        let place = self.mount_point(at)?;
        let number = self.filesystems.len();
        self.filesystems.push(filesystem);
        self.mounts.insert(place, number);
        Ok(())
    }

    /// Notes that something would be mounted at a directory which cannot be read: nothing below it is known.
    ///
    /// # Errors
    /// When there is no such directory.
    pub(crate) fn mount_unread(&mut self, at: &str, why: String) -> Result<(), MountError> {
        let place = self.mount_point(at)?;
        self.unread.insert(place, why);
        Ok(())
    }

    fn mount_point(&self, at: &str) -> Result<Place, MountError> {
        let place = self.walk(at, true).map_err(|stray| match stray {
            Stray::Nothing => MountError::NoDirectory,
            Stray::Unread(why) => MountError::Unread(why),
        })?;
        match self.inode(place) {
            Ok(inode) if inode.kind == InodeKind::Directory => Ok(place),
            Ok(_) => Err(MountError::NotADirectory),
            Err(error) => Err(MountError::Unread(error.to_string())),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn filesystem(&self, number: usize) -> Result<&Arc<dyn Filesystem>, DiskError> {
        self.filesystems.get(number).ok_or_else(|| DiskError::Read("the filesystem is not open".to_owned()))
    }

    fn inode(&self, (filesystem, number): Place) -> Result<Inode, DiskError> {
        self.filesystem(filesystem)?.inode(number)
    }

    fn lookup(&self, directory: Place, name: &[u8]) -> Result<Option<u64>, DiskError> {
        let key = (directory, Box::from(name));
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if let Some(known) = remembered {
            return Ok(known);
        }
        let found = self.filesystem(directory.0)?.lookup(directory.1, name)?;
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() < REMEMBERED {
            remembered.insert(key, found);
        }
        Ok(found)
    }

    /// What is mounted at a place, or the place itself where nothing is.
    fn above(&self, mut place: Place) -> Result<Place, Stray> {
        loop {
            if let Some(why) = self.unread.get(&place) {
                return Err(Stray::Unread(format!("is on a filesystem that was not read: {why}")));
            }
            let Some(number) = self.mounts.get(&place) else { return Ok(place) };
            place = (*number, self.filesystem(*number)?.top());
        }
    }

    fn top(&self) -> Result<Place, Stray> {
        Ok((0, self.filesystem(0)?.top()))
    }

    /// Walks a path to what it leads to; a link at its end is followed when asked to.
    fn walk(&self, path: &str, follow: bool) -> Result<Place, Stray> {
        let path = names::encode(path);
        if path.len() >= PATH_MAX {
            return Err(Stray::Unread("file name too long".to_owned()));
        }
        // The directories from the top to where the walk is.
        let mut above: Vec<Place> = vec![self.above(self.top()?)?];
        let mut left: Vec<Vec<u8>> = Vec::new();
        push_parts(&mut left, &path);
        let must_be_directory = path.ends_with(b"/");
        let mut links = 0;
        while let Some(name) = left.pop() {
            let Some(directory) = above.last().copied() else { return Err(Stray::Nothing) };
            if name == b".." {
                if above.len() > 1 {
                    above.pop();
                }
                continue;
            }
            if name.len() > NAME_MAX {
                return Err(Stray::Unread("file name too long".to_owned()));
            }
            if self.inode(directory)?.kind != InodeKind::Directory {
                return Err(Stray::Nothing);
            }
            let Some(number) = self.lookup(directory, &name)? else { return Err(Stray::Nothing) };
            let place = self.above((directory.0, number))?;
            let is_last = left.is_empty() && !must_be_directory;
            if (follow || !is_last) && self.inode(place)?.kind == InodeKind::Link {
                links += 1;
                if links > LINKS {
                    return Err(Stray::Unread("too many levels of symbolic links".to_owned()));
                }
                let target = self.filesystem(place.0)?.read_link(place.1)?;
                if target.len() >= PATH_MAX {
                    return Err(Stray::Unread("is a symbolic link to a name that is too long".to_owned()));
                }
                if target.starts_with(b"/") {
                    above.truncate(1);
                }
                push_parts(&mut left, &target);
                continue;
            }
            above.push(place);
        }
        let place = above.last().copied().ok_or(Stray::Nothing)?;
        match must_be_directory && self.inode(place)?.kind != InodeKind::Directory {
            true => Err(Stray::Nothing),
            false => Ok(place),
        }
    }

    fn find(&self, view: &View, path: &str, follow: bool) -> Result<Option<Place>, Problem> {
        view.spend_open(path)?;
        match self.walk(path, follow) {
            Ok(place) => Ok(Some(place)),
            Err(Stray::Nothing) => Ok(None),
            Err(Stray::Unread(why)) => Err(view.problem(path, why)),
        }
    }

    fn meta(&self, place: Place) -> Result<Meta, DiskError> {
        let inode = self.inode(place)?;
        Ok(Meta {
            kind: kind(inode.kind),
            size: inode.size,
            mtime: inode.mtime,
            mode: inode.mode,
            uid: inode.uid,
            rdev: inode.rdev,
            dev: place.0 as u64,
            ino: place.1,
        })
    }

    fn found(&self, view: &View, path: &str, follow: bool) -> Result<Option<(Place, Meta)>, Problem> {
        let Some(place) = self.find(view, path, follow)? else { return Ok(None) };
        match self.meta(place) {
            Ok(meta) => Ok(Some((place, meta))),
            Err(error) => Err(view.problem(path, error.to_string())),
        }
    }

    /// As [`Root::stat`](super::Root::stat).
    pub(super) fn stat(&self, view: &View, path: &str) -> Result<Option<Meta>, Problem> {
        Ok(self.found(view, path, true)?.map(|(_, meta)| meta))
    }

    /// As [`Root::lstat`](super::Root::lstat).
    pub(super) fn lstat(&self, view: &View, path: &str) -> Result<Option<Meta>, Problem> {
        Ok(self.found(view, path.trim_end_matches('/'), false)?.map(|(_, meta)| meta))
    }

    /// As [`Root::read_link`](super::Root::read_link).
    pub(super) fn read_link(&self, view: &View, path: &str) -> Result<Option<String>, Problem> {
        let found = self.found(view, path.trim_end_matches('/'), false)?;
        let Some((place, _)) = found.filter(|(_, meta)| meta.kind == FileKind::Link) else { return Ok(None) };
        let target = self.filesystem(place.0).and_then(|filesystem| filesystem.read_link(place.1));
        target.map(|target| Some(names::decode(&target))).map_err(|error| view.problem(path, error.to_string()))
    }

    /// As [`Root::open_file`](super::Root::open_file).
    pub(super) fn open_file(&self, view: &View, path: &str) -> Result<Option<RootFile>, Problem> {
        let Some((place, meta)) = self.found(view, path, true)? else { return Ok(None) };
        if meta.kind != FileKind::File {
            return Err(view.problem(path, format!("is {}, not a file", meta.kind.in_words())));
        }
        let content = self.filesystem(place.0).and_then(|filesystem| filesystem.open(place.1));
        content
            .map(|content| Some(RootFile::Volume { content, position: 0 }))
            .map_err(|error| view.problem(path, error.to_string()))
    }

    /// As [`Root::list`](super::Root::list).
    pub(super) fn list(&self, view: &View, path: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem> {
        let Some((place, meta)) = self.found(view, path, true)? else { return Ok(None) };
        if meta.kind != FileKind::Directory {
            return Err(view.problem(path, "is not a directory"));
        }
        let mut entries: Vec<(String, Option<FileKind>, u64)> = Vec::new();
        let mut refused = None;
        let mut each = |entry: DirEntry<'_>| {
            let spent = view.budget.entry(&|| view.name(path));
            let full = || view.problem(path, format!("has more than {LIST_LIMIT} entries"));
            match spent.and_then(|()| if entries.len() == LIST_LIMIT { Err(full()) } else { Ok(()) }) {
                Ok(()) => {
                    entries.push((names::decode(entry.name), entry.kind.map(kind), entry.inode));
                    ControlFlow::Continue(())
                }
                Err(problem) => {
                    refused = Some(problem);
                    ControlFlow::Break(())
                }
            }
        };
        let listed = self.filesystem(place.0).and_then(|filesystem| filesystem.list(place.1, &mut each));
        listed.map_err(|error| view.problem(path, error.to_string()))?;
        if let Some(problem) = refused {
            return Err(problem);
        }
        let mut names = Vec::with_capacity(entries.len());
        for (name, told, number) in entries {
            let kind = match told {
                Some(kind) => kind,
                None => self.meta((place.0, number)).map_err(|error| view.problem(path, error.to_string()))?.kind,
            };
            names.push((name, kind));
        }
        names.sort();
        Ok(Some(names))
    }
}

/// Puts the parts of a path on top of what is left to walk, the first of them uppermost.
fn push_parts(left: &mut Vec<Vec<u8>>, path: &[u8]) {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
    left.extend(parts.rev().map(<[u8]>::to_vec));
}

fn kind(kind: InodeKind) -> FileKind {
    match kind {
        InodeKind::File => FileKind::File,
        InodeKind::Directory => FileKind::Directory,
        InodeKind::Link => FileKind::Link,
        InodeKind::Special => FileKind::Special,
    }
}

#[cfg(test)]
#[path = "volumes_tests.rs"]
mod tests;
