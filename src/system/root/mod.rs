//! Reads that are confined to one root: a directory of this machine, or the filesystems of a disk that is mounted
//! nowhere.
//!
//! Symbolic links, absolute or relative, never leave the root. Only regular files are read. Everything is spent from
//! one budget, which all handles of a run share.

mod directory;
mod file;
mod view;
mod volumes;

pub use file::RootFile;
pub use view::LIST_LIMIT;
pub(crate) use volumes::Volumes;

use super::budget::Budget;
use super::errno::in_words;
use super::meta::{FileKind, Meta};
use crate::formats::text::names;
use directory::Directory;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use view::View;

/// The most that a configuration file may hold; a larger one is refused rather than cut.
pub const TEXT_LIMIT: u64 = 4 << 20;

/// A tree of files that is judged. Paths given to it are absolute inside it, such as `/etc/fstab`.
#[derive(Debug, Clone)]
pub struct Root {
    tree: Tree,
    view: View,
}

#[derive(Debug, Clone)]
enum Tree {
    Directory(Directory),
    Volumes(Arc<Volumes>),
}

impl Root {
    /// Opens a directory as a root.
    ///
    /// # Errors
    /// When it is not a directory that can be opened.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        Self::open_labelled(path, "")
    }

    /// Opens a directory whose files are called `LABEL/...` in messages, such as a captured `/sys`.
    ///
    /// # Errors
    /// When it is not a directory that can be opened.
    pub fn open_labelled(path: &Path, label: &str) -> Result<Self, Problem> {
        Self::open_within(path, label, Arc::default())
    }

    /// Opens another directory, as [`Root::open_labelled`], that spends the same budget.
    ///
    /// # Errors
    /// When it is not a directory that can be opened.
    pub fn open_beside(&self, path: &Path, label: &str) -> Result<Self, Problem> {
        Self::open_within(path, label, Arc::clone(&self.view.budget))
    }

    fn open_within(path: &Path, label: &str, budget: Arc<Budget>) -> Result<Self, Problem> {
        let tree = Tree::Directory(Directory::open(path)?);
        Ok(Self { tree, view: View { label: label.to_owned(), asks_kernel: false, budget } })
    }

    /// The filesystems of a disk that is mounted nowhere.
    pub(crate) fn of_volumes(volumes: Arc<Volumes>, budget: Arc<Budget>) -> Self {
        Self { tree: Tree::Volumes(volumes), view: View { label: String::new(), asks_kernel: false, budget } }
    }

    /// Opens `/` of the running system, with its `/proc` and `/sys`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn running() -> Result<Self, Problem> {
        Ok(Self::open_within(Path::new("/"), "", Arc::new(Budget::unlimited()))?.kernel())
    }

    /// Opens `/sys` of the running system.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn sysfs() -> Result<Self, Problem> {
        Self::open_within(Path::new("/sys"), "/sys", Arc::new(Budget::unlimited()))
    }

    /// The same root for the probes that ask the running kernel: paths that begin with `/proc/` or `/sys/` are
    /// answered. Never for a path that was read from a file: a configuration that names one is not to be obeyed.
    #[must_use]
    pub fn kernel(&self) -> Self {
        Self { view: View { asks_kernel: true, ..self.view.clone() }, ..self.clone() }
    }

    /// The same root with all of its budget, for another look.
    #[must_use]
    pub(crate) fn afresh(&self) -> Self {
        Self { view: View { budget: Arc::default(), ..self.view.clone() }, ..self.clone() }
    }

    /// What may still be read of this root and those beside it.
    pub fn budget(&self) -> &Budget {
        &self.view.budget
    }

    /// The directory that was opened, or the disk.
    pub fn path(&self) -> &Path {
        match &self.tree {
            Tree::Directory(directory) => directory.path(),
            Tree::Volumes(volumes) => volumes.path(),
        }
    }

    /// Whether the directory that was opened is one of a sysfs.
    pub(crate) fn is_sysfs(&self) -> bool {
        matches!(&self.tree, Tree::Directory(directory) if directory.is_sysfs())
    }

    /// The path as messages name it.
    pub fn name(&self, path: &str) -> String {
        self.view.name(path)
    }

    /// What a path is, symbolic links followed; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say, or when it is no file of the root.
    pub fn stat(&self, path: &str) -> Result<Option<Meta>, Problem> {
        match &self.tree {
            Tree::Directory(directory) => directory.stat(&self.view, path),
            Tree::Volumes(volumes) => volumes.stat(&self.view, path),
        }
    }

    /// What a path itself is, a symbolic link at its end not followed; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn lstat(&self, path: &str) -> Result<Option<Meta>, Problem> {
        match &self.tree {
            Tree::Directory(directory) => directory.lstat(&self.view, path),
            Tree::Volumes(volumes) => volumes.lstat(&self.view, path),
        }
    }

    /// The path as this machine names it, with every link resolved inside the root; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say, and of a disk, whose files have no such paths.
    pub fn resolved(&self, path: &str) -> Result<Option<PathBuf>, Problem> {
        match &self.tree {
            Tree::Directory(directory) => directory.resolved(&self.view, path),
            Tree::Volumes(_) => Err(self.view.problem(path, "is on a disk that is mounted nowhere")),
        }
    }

    /// What kind of file a path leads to, links followed; `None` when there is nothing.
    ///
    /// # Errors
    /// As [`Root::stat`]: then it may be there or not.
    pub fn kind(&self, path: &str) -> Result<Option<FileKind>, Problem> {
        Ok(self.stat(path)?.map(|meta| meta.kind))
    }

    /// Whether a path leads, by whatever links, to what the kernel makes up when it is asked, such as /proc; or, where it
    /// leads to nothing or cannot be walked to its end, as far as it can. On a disk there is no such thing.
    pub(crate) fn is_kernels(&self, path: &str) -> bool {
        match &self.tree {
            Tree::Directory(directory) => directory.is_kernels(&self.view, path),
            Tree::Volumes(_) => false,
        }
    }

    /// The number by which statfs(2) tells the filesystem of a path from others; `None` when there is nothing, and of a
    /// disk.
    ///
    /// # Errors
    /// As [`Root::stat`].
    pub(crate) fn filesystem_id(&self, path: &str) -> Result<Option<u64>, Problem> {
        match &self.tree {
            Tree::Directory(directory) => directory.filesystem_id(&self.view, path),
            Tree::Volumes(_) => Ok(None),
        }
    }

    /// Where a symbolic link points, as written; `None` when there is no link.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_link(&self, path: &str) -> Result<Option<String>, Problem> {
        match &self.tree {
            Tree::Directory(directory) => directory.read_link(&self.view, path),
            Tree::Volumes(volumes) => volumes.read_link(&self.view, path),
        }
    }

    /// Opens a regular file; `None` when there is nothing.
    ///
    /// # Errors
    /// When it is something else, or cannot be opened.
    pub fn open_file(&self, path: &str) -> Result<Option<RootFile>, Problem> {
        match &self.tree {
            Tree::Directory(directory) => Ok(directory.open_as(&self.view, path, FileKind::File)?.map(RootFile::from)),
            Tree::Volumes(volumes) => volumes.open_file(&self.view, path),
        }
    }

    /// Opens a regular file or a block device; the latter only for the first blocks of a disk.
    ///
    /// # Errors
    /// When it is something else, or cannot be opened.
    pub fn open_block(&self, path: &str) -> Result<Option<File>, Problem> {
        match &self.tree {
            Tree::Directory(directory) => directory.open_as(&self.view, path, FileKind::Special),
            Tree::Volumes(_) => Err(self.view.problem(path, "is on a disk that is mounted nowhere")),
        }
    }

    /// Reads a regular file of at most `limit` bytes; `None` when there is nothing.
    ///
    /// # Errors
    /// When it is not a regular file, is larger, or cannot be read.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Problem> {
        let Some((file, size)) = self.open_sized(path)? else { return Ok(None) };
        let too_large = || self.view.problem(path, format!("is larger than {limit} bytes, the limit for this file"));
        // What is too large by its size is not read at all: it may be nothing but holes. What the kernel makes up has
        // no size that says anything.
        if !self.view.asks(path) && size > limit {
            return Err(too_large());
        }
        let bytes = self.read_up_to(file, size, path, limit.saturating_add(1))?;
        if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(Some(bytes)) }
    }

    /// Reads a regular file, but no more of it than `most` bytes; `None` when there is nothing.
    ///
    /// # Errors
    /// When it is not a regular file, or cannot be read.
    pub fn beginning(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, Problem> {
        let Some((file, size)) = self.open_sized(path)? else { return Ok(None) };
        self.read_up_to(file, size, path, most).map(Some)
    }

    /// A regular file, and how long it says that it is, in bytes.
    fn open_sized(&self, path: &str) -> Result<Option<(RootFile, u64)>, Problem> {
        let Some(file) = self.open_file(path)? else { return Ok(None) };
        let size = file.size().map_err(|error| self.unread(path, &error))?;
        Ok(Some((file, size)))
    }

    fn unread(&self, path: &str, error: &io::Error) -> Problem {
        let words = error.raw_os_error().map(|raw| in_words(Errno::from_raw(raw)));
        self.view.problem(path, words.unwrap_or_else(|| error.to_string()))
    }

    fn read_up_to(&self, file: RootFile, size: u64, path: &str, most: u64) -> Result<Vec<u8>, Problem> {
        let budget = self.view.budget_of(path);
        let left = budget.map_or(u64::MAX, |budget| budget.bytes_left().saturating_add(1));
        let problem = |error: io::Error| self.unread(path, &error);
        // As much as it says that it has, and one byte more for the end: a buffer that doubles takes up to twice that.
        let most = most.min(left);
        let expected = size.saturating_add(1).min(most);
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(usize::try_from(expected).unwrap_or(usize::MAX))
            .map_err(|error| problem(error.into()))?;
        file.take(most).read_to_end(&mut bytes).map_err(problem)?;
        if let Some(budget) = budget {
            budget.bytes(bytes.len() as u64, &|| self.view.name(path))?;
        }
        Ok(bytes)
    }

    /// Reads a text file; `None` when there is nothing. Bytes that are no UTF-8 stand as in names, so that a
    /// file which such a text names is found.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn text(&self, path: &str) -> Result<Option<String>, Problem> {
        let Some(bytes) = self.read(path, TEXT_LIMIT)? else { return Ok(None) };
        if let Some(budget) = self.view.budget_of(path) {
            budget.text(bytes.len() as u64, &|| self.view.name(path))?;
        }
        Ok(Some(names::decode(&bytes)))
    }

    /// Reads a file of one line, such as those of sysfs, without the newline; `None` when there is nothing.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn line(&self, path: &str) -> Result<Option<String>, Problem> {
        Ok(self.text(path)?.map(|text| text.trim_end_matches(['\n', '\0']).to_owned()))
    }

    /// The names in a directory, sorted, with their own kinds (links not followed); `None` when there
    /// is nothing. Names are as [`names::decode`] makes them: those that are no UTF-8 still lead to their files.
    ///
    /// # Errors
    /// When it is no directory, has too many entries, or cannot be read.
    pub fn list(&self, path: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem> {
        match &self.tree {
            Tree::Directory(directory) => directory.list(&self.view, path),
            Tree::Volumes(volumes) => volumes.list(&self.view, path),
        }
    }

    /// The names of a directory's entries, sorted; an absent directory has none.
    ///
    /// # Errors
    /// As [`Root::list`].
    pub fn names(&self, path: &str) -> Result<Vec<String>, Problem> {
        Ok(self.list(path)?.unwrap_or_default().into_iter().map(|(name, _)| name).collect())
    }
}
