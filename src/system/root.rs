//! Reads that are confined to one root directory.
//!
//! Every path is resolved by the kernel itself (openat2(2), `RESOLVE_IN_ROOT`), so a symbolic link,
//! absolute or relative, cannot leave the root, whoever changes the tree meanwhile. Only regular
//! files are read: a FIFO would hang the reader and a device may act on being read. A file on a
//! filesystem that the kernel makes up, such as a `/proc` mounted below the root, is no file of the
//! root: it is refused before it is opened for reading.

use super::budget::Budget;
use super::errno::in_words;
use super::filesystem::{self, Magic};
use super::meta::{FileKind, Meta};
use crate::formats::text::names;
use isctpl_checks::facts::Problem;
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::{Mode, SFlag, fstat, fstatat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most that a configuration file may hold; a larger one is refused rather than cut.
pub const TEXT_LIMIT: u64 = 4 << 20;

/// The most entries of one directory that are listed.
pub const LIST_LIMIT: usize = 50_000;

/// A directory tree that is judged. Paths given to it are absolute inside it, such as `/etc/fstab`.
#[derive(Debug, Clone)]
pub struct Root {
    fd: Arc<OwnedFd>,
    path: PathBuf,
    /// The kind of filesystem that the directory itself is on.
    own: Magic,
    /// Whether paths below `/proc` and `/sys` are answered.
    asks_kernel: bool,
    /// What stands before a path in a message: empty for `/` of the instance, so that messages name
    /// the files as the instance knows them.
    label: String,
    budget: Arc<Budget>,
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
        Self::open_within(path, label, Arc::clone(&self.budget))
    }

    fn open_within(path: &Path, label: &str, budget: Arc<Budget>) -> Result<Self, Problem> {
        let how = OpenHow::new().flags(OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC);
        let problem = |errno| Problem::new(path.display().to_string(), in_words(errno));
        let fd = openat2(nix::fcntl::AT_FDCWD, path, how).map_err(problem)?;
        let own = filesystem::magic(&fd).map_err(problem)?;
        Ok(Self { fd: Arc::new(fd), path: path.to_owned(), own, asks_kernel: false, label: label.to_owned(), budget })
    }

    /// Opens `/` of the running system, with its `/proc` and `/sys`.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn running() -> Result<Self, Problem> {
        Ok(Self { asks_kernel: true, ..Self::open_within(Path::new("/"), "", Arc::new(Budget::unlimited()))? })
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
        Self { asks_kernel: true, ..self.clone() }
    }

    /// The same root with all of its budget, for another look.
    #[must_use]
    pub(crate) fn afresh(&self) -> Self {
        Self { budget: Arc::default(), ..self.clone() }
    }

    /// What may still be read of this root and those beside it.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The directory that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path as messages name it.
    pub fn name(&self, path: &str) -> String {
        format!("{}{path}", self.label)
    }

    fn problem(&self, path: &str, what: impl Into<String>) -> Problem {
        Problem::new(self.name(path), what)
    }

    fn resolve(&self, path: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        let how = OpenHow::new()
            .flags(flags | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        let relative = path.trim_start_matches('/');
        let relative = if relative.is_empty() { "." } else { relative };
        // The kernel asks for another try when the tree is renamed under the walk.
        for _ in 0..16 {
            match openat2(self.fd.as_fd(), OsStr::from_bytes(&names::encode(relative)), how) {
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                answer => return answer,
            }
        }
        Err(Errno::EAGAIN)
    }

    /// Finds what a path leads to without opening it for reading; `None` when there is nothing. What is on a
    /// filesystem of the kernel's own is refused.
    fn find(&self, path: &str, flags: OFlag) -> Result<Option<OwnedFd>, Problem> {
        self.spend_open(path)?;
        let fd = match self.resolve(path, flags | OFlag::O_PATH) {
            Ok(fd) => fd,
            Err(errno) if is_absent(errno) => return self.permit_absence(path).map(|()| None),
            Err(errno) => return Err(self.problem(path, in_words(errno))),
        };
        self.permit(&fd, path)?;
        Ok(Some(fd))
    }

    /// That a path leads to nothing is no knowledge where the directory above it is none of the root's.
    fn permit_absence(&self, path: &str) -> Result<(), Problem> {
        let mut above = path.trim_end_matches('/');
        while let Some((parent, _)) = above.rsplit_once('/') {
            self.spend_open(path)?;
            if let Ok(fd) = self.resolve(parent, OFlag::O_PATH) {
                return self.permit(&fd, path);
            }
            above = parent;
        }
        Ok(())
    }

    /// Whether the kernel is asked for a path: what it answers is spent from no budget.
    fn asks(&self, path: &str) -> bool {
        self.asks_kernel && ["/proc", "/sys"].iter().any(|top| is_below(path, top))
    }

    /// The budget that a path is spent from.
    fn budget_of(&self, path: &str) -> Option<&Budget> {
        (!self.asks(path)).then_some(&*self.budget)
    }

    fn spend_open(&self, path: &str) -> Result<(), Problem> {
        self.budget_of(path).map_or(Ok(()), |budget| budget.open(&|| self.name(path)))
    }

    fn permit(&self, fd: &OwnedFd, path: &str) -> Result<(), Problem> {
        match filesystem::refused(fd, self.own, self.asks(path)) {
            Ok(None) => Ok(()),
            Ok(Some(name)) => Err(self.problem(path, format!("is on {name}, not on a filesystem of the root"))),
            Err(errno) => Err(self.problem(path, in_words(errno))),
        }
    }

    /// The directory that holds a path, and the last part of the path.
    fn find_parent(&self, path: &str) -> Result<Option<(OwnedFd, OsString)>, Problem> {
        self.spend_open(path)?;
        let (parent, name) = split(path);
        let found = self.resolve(parent, OFlag::O_PATH | OFlag::O_DIRECTORY);
        match found {
            Ok(fd) => self.permit(&fd, path).map(|()| Some((fd, name))),
            Err(errno) if is_absent(errno) => self.permit_absence(parent).map(|()| None),
            Err(errno) => Err(self.problem(path, in_words(errno))),
        }
    }

    /// What a path is, symbolic links followed; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say, or when it is no file of the root.
    pub fn stat(&self, path: &str) -> Result<Option<Meta>, Problem> {
        let Some(fd) = self.find(path, OFlag::empty())? else { return Ok(None) };
        fstat(&fd).map(|stat| Some(stat.into())).map_err(|errno| self.problem(path, in_words(errno)))
    }

    /// What a path itself is, a symbolic link at its end not followed; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn lstat(&self, path: &str) -> Result<Option<Meta>, Problem> {
        let Some((dir, name)) = self.find_parent(path)? else { return Ok(None) };
        match fstatat(&dir, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat.into())),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(self.problem(path, in_words(errno))),
        }
    }

    /// The path as this machine names it, with every link resolved inside the root; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn resolved(&self, path: &str) -> Result<Option<PathBuf>, Problem> {
        self.spend_open(path)?;
        match self.resolve(path, OFlag::O_PATH) {
            Ok(fd) => std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()))
                .map(Some)
                .map_err(|error| self.problem(path, format!("its path cannot be determined: {error}"))),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(self.problem(path, in_words(errno))),
        }
    }

    /// What kind of file a path leads to, links followed; `None` when there is nothing.
    ///
    /// # Errors
    /// As [`Root::stat`]: then it may be there or not.
    pub fn kind(&self, path: &str) -> Result<Option<FileKind>, Problem> {
        Ok(self.stat(path)?.map(|meta| meta.kind))
    }

    /// Where a symbolic link points, as written; `None` when there is no link.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_link(&self, path: &str) -> Result<Option<String>, Problem> {
        let Some((dir, name)) = self.find_parent(path)? else { return Ok(None) };
        match readlinkat(&dir, name.as_os_str()) {
            Ok(target) => Ok(Some(names::decode(target.as_bytes()))),
            Err(Errno::EINVAL) => Ok(None),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(self.problem(path, in_words(errno))),
        }
    }

    /// Opens a regular file; `None` when there is nothing.
    ///
    /// # Errors
    /// When it is something else, or cannot be opened.
    pub fn open_file(&self, path: &str) -> Result<Option<File>, Problem> {
        self.open_as(path, FileKind::File)
    }

    /// Opens a regular file or a block device; the latter only for the first blocks of a disk.
    ///
    /// # Errors
    /// When it is something else, or cannot be opened.
    pub fn open_block(&self, path: &str) -> Result<Option<File>, Problem> {
        self.open_as(path, FileKind::Special)
    }

    fn open_as(&self, path: &str, wanted: FileKind) -> Result<Option<File>, Problem> {
        // Looked at before it is opened: opening a device may act, and reading what the kernel makes up too.
        let Some(found) = self.find(path, OFlag::empty())? else { return Ok(None) };
        let stat = fstat(&found).map_err(|errno| self.problem(path, in_words(errno)))?;
        let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        let fits = kind == SFlag::S_IFREG || (wanted == FileKind::Special && kind == SFlag::S_IFBLK);
        if !fits {
            return Err(self.problem(path, format!("is {}, not a file", Meta::from(stat).kind.in_words())));
        }
        self.open_found(path, &found).map(Some).map_err(|errno| self.problem(path, in_words(errno)))
    }

    /// Opens for reading what was found: that very file, whatever the path leads to by now.
    fn open_found(&self, path: &str, found: &OwnedFd) -> Result<File, Errno> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let itself = format!("/proc/self/fd/{}", found.as_raw_fd());
        match openat(nix::fcntl::AT_FDCWD, itself.as_str(), flags, Mode::empty()) {
            Ok(fd) => return Ok(File::from(fd)),
            Err(Errno::ENOENT | Errno::ENOTDIR) => {}
            Err(errno) => return Err(errno),
        }
        // Without /proc the path is walked once more, and what it leads to has to be the same.
        let fd = self.resolve(path, flags)?;
        let (before, after) = (fstat(found)?, fstat(&fd)?);
        if (before.st_dev, before.st_ino) == (after.st_dev, after.st_ino) {
            Ok(File::from(fd))
        } else {
            Err(Errno::EAGAIN)
        }
    }

    /// Reads a regular file of at most `limit` bytes; `None` when there is nothing.
    ///
    /// # Errors
    /// When it is not a regular file, is larger, or cannot be read.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Problem> {
        let Some(bytes) = self.beginning(path, limit.saturating_add(1))? else { return Ok(None) };
        if bytes.len() as u64 > limit {
            return Err(self.problem(path, format!("is larger than {limit} bytes, the limit for this file")));
        }
        Ok(Some(bytes))
    }

    /// Reads a regular file, but no more of it than `most` bytes; `None` when there is nothing.
    ///
    /// # Errors
    /// When it is not a regular file, or cannot be read.
    pub fn beginning(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, Problem> {
        let Some(file) = self.open_file(path)? else { return Ok(None) };
        let budget = self.budget_of(path);
        let left = budget.map_or(u64::MAX, |budget| budget.bytes_left().saturating_add(1));
        let mut bytes = Vec::new();
        file.take(most.min(left)).read_to_end(&mut bytes).map_err(|error| {
            self.problem(
                path,
                error.raw_os_error().map_or_else(|| error.to_string(), |raw| in_words(Errno::from_raw(raw))),
            )
        })?;
        if let Some(budget) = budget {
            budget.bytes(bytes.len() as u64, &|| self.name(path))?;
        }
        Ok(Some(bytes))
    }

    /// Reads a text file; `None` when there is nothing. Bytes that are no UTF-8 stand as in names, so that a
    /// file which such a text names is found.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn text(&self, path: &str) -> Result<Option<String>, Problem> {
        let Some(bytes) = self.read(path, TEXT_LIMIT)? else { return Ok(None) };
        if let Some(budget) = self.budget_of(path) {
            budget.text(bytes.len() as u64, &|| self.name(path))?;
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

    /// Opens a directory for listing; `None` when there is nothing.
    fn open_directory(&self, path: &str) -> Result<Option<OwnedFd>, Problem> {
        const FLAGS: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NONBLOCK).union(OFlag::O_CLOEXEC);
        let problem = |errno| self.problem(path, in_words(errno));
        let Some(found) = self.find(path, OFlag::O_DIRECTORY)? else {
            // ENOTDIR says the same of a file in its place as of one in the place of a directory above it.
            return match self.stat(path)? {
                Some(_) => Err(self.problem(path, "is not a directory")),
                None => Ok(None),
            };
        };
        // What is mounted on demand is only mounted when the path is walked to be opened.
        if filesystem::magic(&found).map_err(problem)? == filesystem::AUTOFS {
            let fd = self.resolve(path, FLAGS).map_err(problem)?;
            return self.permit(&fd, path).map(|()| Some(fd));
        }
        openat(&found, ".", FLAGS, Mode::empty()).map(Some).map_err(problem)
    }

    /// The names in a directory, sorted, with their own kinds (links not followed); `None` when there
    /// is nothing. Names are as [`names::decode`] makes them: those that are no UTF-8 still lead to their files.
    ///
    /// # Errors
    /// When it is no directory, has too many entries, or cannot be read.
    pub fn list(&self, path: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem> {
        let Some(fd) = self.open_directory(path)? else { return Ok(None) };
        let mut dir = Dir::from_fd(fd).map_err(|errno| self.problem(path, in_words(errno)))?;
        let budget = self.budget_of(path);
        let mut names = Vec::new();
        for entry in dir.iter() {
            let entry = entry.map_err(|errno| self.problem(path, in_words(errno)))?;
            let raw = entry.file_name().to_bytes();
            if raw == b"." || raw == b".." {
                continue;
            }
            if let Some(budget) = budget {
                budget.entry(&|| self.name(path))?;
            }
            if names.len() == LIST_LIMIT {
                return Err(self.problem(path, format!("has more than {LIST_LIMIT} entries")));
            }
            let name = names::decode(raw);
            let kind = match entry.file_type() {
                Some(Type::File) => FileKind::File,
                Some(Type::Directory) => FileKind::Directory,
                Some(Type::Symlink) => FileKind::Link,
                Some(_) => FileKind::Special,
                // Some filesystems do not tell in the listing.
                None => match self.lstat(&format!("{}/{name}", path.trim_end_matches('/')))? {
                    Some(meta) => meta.kind,
                    None => continue,
                },
            };
            names.push((name, kind));
        }
        names.sort();
        Ok(Some(names))
    }

    /// The names of a directory's entries, sorted; an absent directory has none.
    ///
    /// # Errors
    /// As [`Root::list`].
    pub fn names(&self, path: &str) -> Result<Vec<String>, Problem> {
        Ok(self.list(path)?.unwrap_or_default().into_iter().map(|(name, _)| name).collect())
    }
}

fn split(path: &str) -> (&str, OsString) {
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("/", trimmed));
    (parent, OsStr::from_bytes(&names::encode(name)).to_owned())
}

fn is_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_absent(errno: Errno) -> bool {
    matches!(errno, Errno::ENOENT | Errno::ENOTDIR)
}
