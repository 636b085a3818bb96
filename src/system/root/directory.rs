//! A root that is a directory of this machine.
//!
//! Every path is resolved by the kernel itself (openat2(2), `RESOLVE_IN_ROOT`), so a symbolic link,
//! absolute or relative, cannot leave the root, whoever changes the tree meanwhile. Only regular
//! files are read: a FIFO would hang the reader and a device may act on being read. A file on a
//! filesystem that the kernel makes up, such as a `/proc` mounted below the root, is no file of the
//! root: it is refused before it is opened for reading.

use super::view::{LIST_LIMIT, View};
use crate::formats::text::names;
use crate::system::errno::in_words;
use crate::system::filesystem::{self, Magic};
use crate::system::meta::{FileKind, Meta};
use isctpl_checks::facts::Problem;
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2, readlinkat};
use nix::sys::stat::{Mode, SFlag, fstat, fstatat};
use nix::unistd::{AccessFlags, faccessat};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory tree.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    fd: Arc<OwnedFd>,
    path: PathBuf,
    /// The kind of filesystem that the directory itself is on.
    own: Magic,
}

impl Directory {
    /// Opens a directory, to find what is below it: a fence may permit some of that and not the whole.
    ///
    /// # Errors
    /// When it is none that may be read.
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
        let how = OpenHow::new().flags(OFlag::O_DIRECTORY | OFlag::O_PATH | OFlag::O_CLOEXEC);
        let problem = |errno| Problem::new(path.display().to_string(), in_words(errno));
        let fd = openat2(nix::fcntl::AT_FDCWD, path, how).map_err(problem)?;
        faccessat(&fd, ".", AccessFlags::R_OK, AtFlags::AT_EACCESS).map_err(problem)?;
        let own = filesystem::magic(&fd).map_err(problem)?;
        Ok(Self { fd: Arc::new(fd), path: path.to_owned(), own })
    }

    /// The directory that was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is a directory of a sysfs.
    pub(super) fn is_sysfs(&self) -> bool {
        self.own == filesystem::SYSFS
    }

    fn resolve(&self, path: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        self.resolve_by(path, flags, ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS)
    }

    fn resolve_by(&self, path: &str, flags: OFlag, rules: ResolveFlag) -> Result<OwnedFd, Errno> {
        let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(rules);
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
    fn find(&self, view: &View, path: &str, flags: OFlag) -> Result<Option<OwnedFd>, Problem> {
        view.spend_open(path)?;
        let fd = match self.resolve(path, flags | OFlag::O_PATH) {
            Ok(fd) => fd,
            Err(errno) if is_absent(errno) => return self.permit_absence(view, path).map(|()| None),
            Err(errno) => return Err(view.problem(path, in_words(errno))),
        };
        self.permit(view, &fd, path)?;
        Ok(Some(fd))
    }

    /// That a path leads to nothing is no knowledge where the directory above it is none of the root's.
    fn permit_absence(&self, view: &View, path: &str) -> Result<(), Problem> {
        let mut above = path.trim_end_matches('/');
        while let Some((parent, _)) = above.rsplit_once('/') {
            view.spend_open(path)?;
            if let Ok(fd) = self.resolve(parent, OFlag::O_PATH) {
                return self.permit(view, &fd, path);
            }
            above = parent;
        }
        Ok(())
    }

    fn permit(&self, view: &View, fd: &OwnedFd, path: &str) -> Result<(), Problem> {
        match filesystem::refused(fd, self.own, view.asks(path)) {
            Ok(None) => Ok(()),
            Ok(Some(name)) => Err(view.problem(path, format!("is on {name}, not on a filesystem of the root"))),
            Err(errno) => Err(view.problem(path, in_words(errno))),
        }
    }

    /// As [`Root::is_kernels`](super::Root::is_kernels).
    pub(super) fn is_kernels(&self, view: &View, path: &str) -> bool {
        let mut above = path;
        while view.spend_open(path).is_ok() {
            match self.resolve_by(above, OFlag::O_PATH, ResolveFlag::RESOLVE_IN_ROOT) {
                Ok(fd) => return filesystem::is_kernels(&fd),
                // A link of /proc to what a process has open is never followed within a root (`nd_jump_link` of
                // `fs/namei.c`), and says so by an error of its own.
                Err(Errno::EXDEV) => return true,
                Err(_) => match above.trim_end_matches('/').rsplit_once('/') {
                    Some((parent, _)) => above = parent,
                    None => return false,
                },
            }
        }
        false
    }

    /// As [`Root::filesystem_id`](super::Root::filesystem_id).
    pub(super) fn filesystem_id(&self, view: &View, path: &str) -> Result<Option<u64>, Problem> {
        let Some(fd) = self.find(view, path, OFlag::empty())? else { return Ok(None) };
        let told = rustix::fs::fstatvfs(&fd);
        told.map(|told| Some(told.f_fsid)).map_err(|error| view.problem(path, error.to_string()))
    }

    /// The directory that holds a path, and the last part of the path.
    fn find_parent(&self, view: &View, path: &str) -> Result<Option<(OwnedFd, OsString)>, Problem> {
        view.spend_open(path)?;
        let (parent, name) = split(path);
        let found = self.resolve(parent, OFlag::O_PATH | OFlag::O_DIRECTORY);
        match found {
            Ok(fd) => self.permit(view, &fd, path).map(|()| Some((fd, name))),
            Err(errno) if is_absent(errno) => self.permit_absence(view, parent).map(|()| None),
            Err(errno) => Err(view.problem(path, in_words(errno))),
        }
    }

    /// As [`Root::stat`](super::Root::stat).
    pub(super) fn stat(&self, view: &View, path: &str) -> Result<Option<Meta>, Problem> {
        let Some(fd) = self.find(view, path, OFlag::empty())? else { return Ok(None) };
        fstat(&fd).map(|stat| Some(stat.into())).map_err(|errno| view.problem(path, in_words(errno)))
    }

    /// As [`Root::lstat`](super::Root::lstat).
    pub(super) fn lstat(&self, view: &View, path: &str) -> Result<Option<Meta>, Problem> {
        let Some((dir, name)) = self.find_parent(view, path)? else { return Ok(None) };
        match fstatat(&dir, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat.into())),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(view.problem(path, in_words(errno))),
        }
    }

    /// As [`Root::resolved`](super::Root::resolved).
    pub(super) fn resolved(&self, view: &View, path: &str) -> Result<Option<PathBuf>, Problem> {
        view.spend_open(path)?;
        match self.resolve(path, OFlag::O_PATH) {
            Ok(fd) => std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()))
                .map(Some)
                .map_err(|error| view.problem(path, format!("its path cannot be determined: {error}"))),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(view.problem(path, in_words(errno))),
        }
    }

    /// As [`Root::read_link`](super::Root::read_link).
    pub(super) fn read_link(&self, view: &View, path: &str) -> Result<Option<String>, Problem> {
        let Some((dir, name)) = self.find_parent(view, path)? else { return Ok(None) };
        match readlinkat(&dir, name.as_os_str()) {
            Ok(target) => Ok(Some(names::decode(target.as_bytes()))),
            Err(Errno::EINVAL) => Ok(None),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(view.problem(path, in_words(errno))),
        }
    }

    /// As [`Root::open_file`](super::Root::open_file); with `Special` wanted, a block device as well.
    pub(super) fn open_as(&self, view: &View, path: &str, wanted: FileKind) -> Result<Option<File>, Problem> {
        // Looked at before it is opened: opening a device may act, and reading what the kernel makes up too.
        let Some(found) = self.find(view, path, OFlag::empty())? else { return Ok(None) };
        let stat = fstat(&found).map_err(|errno| view.problem(path, in_words(errno)))?;
        let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        let fits = kind == SFlag::S_IFREG || (wanted == FileKind::Special && kind == SFlag::S_IFBLK);
        if !fits {
            return Err(view.problem(path, format!("is {}, not a file", Meta::from(stat).kind.in_words())));
        }
        self.open_found(path, &found).map(Some).map_err(|errno| view.problem(path, in_words(errno)))
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

    /// Opens a directory for listing; `None` when there is nothing.
    fn open_directory(&self, view: &View, path: &str) -> Result<Option<OwnedFd>, Problem> {
        const FLAGS: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NONBLOCK).union(OFlag::O_CLOEXEC);
        let problem = |errno| view.problem(path, in_words(errno));
        let Some(found) = self.find(view, path, OFlag::O_DIRECTORY)? else {
            // ENOTDIR says the same of a file in its place as of one in the place of a directory above it.
            return match self.stat(view, path)? {
                Some(_) => Err(view.problem(path, "is not a directory")),
                None => Ok(None),
            };
        };
        // What is mounted on demand is only mounted when the path is walked to be opened.
        if filesystem::magic(&found).map_err(problem)? == filesystem::AUTOFS {
            let fd = self.resolve(path, FLAGS).map_err(problem)?;
            return self.permit(view, &fd, path).map(|()| Some(fd));
        }
        openat(&found, ".", FLAGS, Mode::empty()).map(Some).map_err(problem)
    }

    /// As [`Root::list`](super::Root::list).
    pub(super) fn list(&self, view: &View, path: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem> {
        let Some(fd) = self.open_directory(view, path)? else { return Ok(None) };
        let mut dir = Dir::from_fd(fd).map_err(|errno| view.problem(path, in_words(errno)))?;
        let budget = view.budget_of(path);
        let mut names = Vec::new();
        for entry in dir.iter() {
            let entry = entry.map_err(|errno| view.problem(path, in_words(errno)))?;
            let raw = entry.file_name().to_bytes();
            if raw == b"." || raw == b".." {
                continue;
            }
            if let Some(budget) = budget {
                budget.entry(&|| view.name(path))?;
            }
            if names.len() == LIST_LIMIT {
                return Err(view.problem(path, format!("has more than {LIST_LIMIT} entries")));
            }
            let name = names::decode(raw);
            let kind = match entry.file_type() {
                Some(Type::File) => FileKind::File,
                Some(Type::Directory) => FileKind::Directory,
                Some(Type::Symlink) => FileKind::Link,
                Some(_) => FileKind::Special,
                // Some filesystems do not tell in the listing.
                None => match self.lstat(view, &format!("{}/{name}", path.trim_end_matches('/')))? {
                    Some(meta) => meta.kind,
                    None => continue,
                },
            };
            names.push((name, kind));
        }
        names.sort();
        Ok(Some(names))
    }
}

fn split(path: &str) -> (&str, OsString) {
    let trimmed = path.trim_end_matches('/');
    let (parent, name) = trimmed.rsplit_once('/').unwrap_or(("/", trimmed));
    (parent, OsStr::from_bytes(&names::encode(name)).to_owned())
}

fn is_absent(errno: Errno) -> bool {
    matches!(errno, Errno::ENOENT | Errno::ENOTDIR)
}
