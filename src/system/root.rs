//! Reads that are confined to one root directory.
//!
//! Every path is resolved by the kernel itself (openat2(2), `RESOLVE_IN_ROOT`), so a symbolic link,
//! absolute or relative, cannot leave the root, whoever changes the tree meanwhile. Only regular
//! files are read: a FIFO would hang the reader and a device may act on being read.

use isctpl_checks::facts::Problem;
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2, readlinkat};
use nix::sys::stat::{FileStat, SFlag, fstat, fstatat};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The most that a configuration file may hold; a larger one is refused rather than cut.
pub const TEXT_LIMIT: u64 = 4 << 20;

/// The most entries of one directory that are listed.
pub const LIST_LIMIT: usize = 50_000;

/// A directory tree that is judged. Paths given to it are absolute inside it, such as `/etc/fstab`.
#[derive(Debug)]
pub struct Root {
    fd: OwnedFd,
    path: PathBuf,
    /// What stands before a path in a message: empty for `/` of the instance, so that messages name
    /// the files as the instance knows them.
    label: String,
}

/// What kind of thing a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, FIFO or socket.
    Special,
}

/// What is known of a path without reading it.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// Kind.
    pub kind: FileKind,
    /// Bytes.
    pub size: u64,
    /// Last change, seconds since the epoch.
    pub mtime: i64,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Device number of a device node, as st_rdev has it.
    pub rdev: u64,
    /// Device number of the filesystem it lies on, as st_dev has it.
    pub dev: u64,
    /// Number of its inode.
    pub ino: u64,
}

impl From<FileStat> for Meta {
    fn from(stat: FileStat) -> Self {
        let kind = match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
            SFlag::S_IFREG => FileKind::File,
            SFlag::S_IFDIR => FileKind::Directory,
            SFlag::S_IFLNK => FileKind::Link,
            _ => FileKind::Special,
        };
        Self {
            kind,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime: stat.st_mtime,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            rdev: stat.st_rdev,
            dev: stat.st_dev,
            ino: stat.st_ino,
        }
    }
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
        let how = OpenHow::new().flags(OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC);
        let fd = openat2(nix::fcntl::AT_FDCWD, path, how)
            .map_err(|errno| Problem::new(path.display().to_string(), in_words(errno)))?;
        Ok(Self { fd, path: path.to_owned(), label: label.to_owned() })
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
            match openat2(self.fd.as_fd(), relative, how) {
                Err(Errno::EAGAIN | Errno::EINTR) => {}
                answer => return answer,
            }
        }
        Err(Errno::EAGAIN)
    }

    /// What a path is, symbolic links followed; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn stat(&self, path: &str) -> Result<Option<Meta>, Problem> {
        match self.resolve(path, OFlag::O_PATH) {
            Ok(fd) => fstat(&fd).map(|stat| Some(stat.into())).map_err(|errno| self.problem(path, in_words(errno))),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(self.problem(path, in_words(errno))),
        }
    }

    /// What a path itself is, a symbolic link at its end not followed; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn lstat(&self, path: &str) -> Result<Option<Meta>, Problem> {
        let (parent, name) = split(path);
        match self.resolve(parent, OFlag::O_PATH | OFlag::O_DIRECTORY) {
            Ok(dir) => match fstatat(&dir, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
                Ok(stat) => Ok(Some(stat.into())),
                Err(errno) if is_absent(errno) => Ok(None),
                Err(errno) => Err(self.problem(path, in_words(errno))),
            },
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(self.problem(path, in_words(errno))),
        }
    }

    /// The path as this machine names it, with every link resolved inside the root; `None` when there is nothing.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn resolved(&self, path: &str) -> Result<Option<PathBuf>, Problem> {
        match self.resolve(path, OFlag::O_PATH) {
            Ok(fd) => std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()))
                .map(Some)
                .map_err(|error| self.problem(path, format!("its name cannot be told: {error}"))),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(self.problem(path, in_words(errno))),
        }
    }

    /// Whether a path leads to something, links followed; `false` also when it cannot be told.
    pub fn exists(&self, path: &str) -> bool {
        matches!(self.stat(path), Ok(Some(_)))
    }

    /// Whether a path leads to a regular file.
    pub fn is_file(&self, path: &str) -> bool {
        matches!(self.stat(path), Ok(Some(Meta { kind: FileKind::File, .. })))
    }

    /// Whether a path leads to a directory.
    pub fn is_dir(&self, path: &str) -> bool {
        matches!(self.stat(path), Ok(Some(Meta { kind: FileKind::Directory, .. })))
    }

    /// Where a symbolic link points, as written; `None` when there is no link.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_link(&self, path: &str) -> Result<Option<String>, Problem> {
        let (parent, name) = split(path);
        let dir = match self.resolve(parent, OFlag::O_PATH | OFlag::O_DIRECTORY) {
            Ok(dir) => dir,
            Err(errno) if is_absent(errno) => return Ok(None),
            Err(errno) => return Err(self.problem(path, in_words(errno))),
        };
        match readlinkat(&dir, name) {
            Ok(target) => Ok(Some(target.to_string_lossy().into_owned())),
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
        // Looked at before it is opened: opening a device may act. O_NONBLOCK keeps a FIFO from waiting.
        match self.stat(path)? {
            None => return Ok(None),
            Some(meta) if meta.kind == FileKind::File => {}
            Some(meta) if meta.kind == wanted => {}
            Some(meta) => return Err(self.problem(path, format!("is {}, not a file", meta.kind.in_words()))),
        }
        let fd = match self.resolve(path, OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY) {
            Ok(fd) => fd,
            Err(errno) if is_absent(errno) => return Ok(None),
            Err(errno) => return Err(self.problem(path, in_words(errno))),
        };
        // Looked at again: it may have been replaced in between.
        let stat = fstat(&fd).map_err(|errno| self.problem(path, in_words(errno)))?;
        let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        let fits = kind == SFlag::S_IFREG || (wanted == FileKind::Special && kind == SFlag::S_IFBLK);
        if !fits {
            return Err(self.problem(path, format!("is {}, not a file", Meta::from(stat).kind.in_words())));
        }
        Ok(Some(File::from(fd)))
    }

    /// Reads a regular file of at most `limit` bytes; `None` when there is nothing.
    ///
    /// # Errors
    /// When it is not a regular file, is larger, or cannot be read.
    pub fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Problem> {
        let Some(file) = self.open_file(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| {
            self.problem(
                path,
                error.raw_os_error().map_or_else(|| error.to_string(), |raw| in_words(Errno::from_raw(raw))),
            )
        })?;
        if bytes.len() as u64 > limit {
            return Err(
                self.problem(path, format!("is larger than {limit} bytes, the most that is read of such a file"))
            );
        }
        Ok(Some(bytes))
    }

    /// Reads a text file; bytes that are no UTF-8 are replaced. `None` when there is nothing.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn text(&self, path: &str) -> Result<Option<String>, Problem> {
        Ok(self.read(path, TEXT_LIMIT)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Reads a file of one line, such as those of sysfs, without the newline; `None` when there is nothing.
    ///
    /// # Errors
    /// As [`Root::read`].
    pub fn line(&self, path: &str) -> Result<Option<String>, Problem> {
        Ok(self.text(path)?.map(|text| text.trim_end_matches(['\n', '\0']).to_owned()))
    }

    /// The names in a directory, sorted, with their own kinds (links not followed); `None` when there
    /// is nothing. Names that are no UTF-8 are replaced where they are not.
    ///
    /// # Errors
    /// When it is no directory, has too many entries, or cannot be read.
    pub fn list(&self, path: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem> {
        let fd = match self.resolve(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NONBLOCK) {
            Ok(fd) => fd,
            // ENOTDIR says the same of a file in its place as of one in the place of a directory above it.
            Err(Errno::ENOTDIR) => {
                return match self.stat(path)? {
                    Some(_) => Err(self.problem(path, "is not a directory")),
                    None => Ok(None),
                };
            }
            Err(errno) if is_absent(errno) => return Ok(None),
            Err(errno) => return Err(self.problem(path, in_words(errno))),
        };
        let mut dir = Dir::from_fd(fd).map_err(|errno| self.problem(path, in_words(errno)))?;
        let mut names = Vec::new();
        for entry in dir.iter() {
            let entry = entry.map_err(|errno| self.problem(path, in_words(errno)))?;
            let raw = entry.file_name().to_bytes();
            if raw == b"." || raw == b".." {
                continue;
            }
            if names.len() == LIST_LIMIT {
                return Err(self.problem(path, format!("has more than {LIST_LIMIT} entries")));
            }
            let name = String::from_utf8_lossy(raw).into_owned();
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

impl FileKind {
    fn in_words(self) -> &'static str {
        match self {
            Self::File => "a regular file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Special => "a device, FIFO or socket",
        }
    }
}

fn split(path: &str) -> (&str, &Path) {
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("/", trimmed));
    (parent, Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())))
}

fn is_absent(errno: Errno) -> bool {
    matches!(errno, Errno::ENOENT | Errno::ENOTDIR)
}

/// An error of the kernel in plain English.
pub fn in_words(errno: Errno) -> String {
    match errno {
        Errno::EACCES | Errno::EPERM => "permission denied; run as root".to_owned(),
        Errno::ELOOP => "its symbolic links lead in a circle, or out of the root by way of /proc".to_owned(),
        Errno::ENOENT => "does not exist".to_owned(),
        Errno::ENOTDIR => "is not a directory".to_owned(),
        Errno::EISDIR => "is a directory, not a file".to_owned(),
        Errno::EIO => "input/output error: the disk below it does not answer".to_owned(),
        Errno::ENAMETOOLONG => "its name is too long".to_owned(),
        errno => errno.desc().to_lowercase(),
    }
}
