//! Removes, empties and rewrites what lies below one root directory, and nothing else.
//!
//! Every path is walked by the kernel from the root's own descriptor (openat2(2)) without following a single symbolic
//! link, so whoever changes the tree meanwhile cannot lead a deletion out of it. Below the directory that is cleared no
//! mount point is crossed, and what lies on a filesystem of the kernel's own, in memory, on a server, or on one that
//! the host has mounted elsewhere, too, is never touched. Doing it again does no harm.

use super::errno::in_words;
use super::filesystem::{self, Magic};
use crate::formats::storage::fstab::unescape;
use crate::formats::text::names;
use isctpl_checks::facts::Problem;
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, ftruncate, unlinkat};
use rustix::fs::{StatVfsMountFlags, XattrFlags, fgetxattr, flistxattr, fsetxattr, fstatvfs};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// How deep directories may lie in each other: each level holds a descriptor open.
const DEPTH_LIMIT: usize = 256;

/// How many names of a directory are read at once.
const NAMES_AT_ONCE: usize = 20_000;

/// How many problems of one place are kept.
const PROBLEM_LIMIT: usize = 4;

/// What a file is called while it is written, before and after its own name.
const PART: (&str, &str) = (".", ".isctpl-new");

/// How much something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Bytes in files.
    pub(crate) bytes: u64,
    /// Files, links and whatever else is no directory.
    pub(crate) files: u64,
    /// Directories.
    pub(crate) directories: u64,
}

/// What is cleared of a place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extent {
    /// It, with all below it where it is a directory.
    Whole,
    /// All that is in this directory, but for entries with such names; the directory stays.
    Contents(fn(&str) -> bool),
}

/// Clears places below a root.
#[derive(Debug)]
pub(crate) struct Eraser {
    top: OwnedFd,
    own: Magic,
    /// The mount that the root directory is on.
    mount: u64,
    /// Mounts of this process by their ids, with the device of their filesystem.
    devices: BTreeMap<u64, String>,
    /// Filesystems that are mounted outside of the root as well.
    elsewhere: BTreeSet<String>,
}

/// A walk through what is cleared.
struct Walk<'a> {
    erases: bool,
    size: Size,
    problems: Vec<Problem>,
    beat: &'a mut dyn FnMut(&str),
}

impl Eraser {
    /// Opens a directory as a root.
    ///
    /// # Errors
    /// When it cannot be opened, or the kernel does not tell what is mounted.
    pub(crate) fn open(root: &Path) -> Result<Self, Problem> {
        let name = || root.display().to_string();
        let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC);
        let problem = |errno| Problem::new(name(), in_words(errno));
        let top = openat2(nix::fcntl::AT_FDCWD, root, how).map_err(problem)?;
        let own = filesystem::magic(&top).map_err(problem)?;
        let untold = |error: std::io::Error| Problem::new(name(), format!("what is mounted cannot be told: {error}"));
        let mount = mount_of(&top).map_err(untold)?;
        let place = std::fs::read_link(format!("/proc/self/fd/{}", top.as_raw_fd())).map_err(untold)?;
        let table = std::fs::read_to_string("/proc/self/mountinfo").map_err(untold)?;
        let mut eraser = Self { top, own, mount, devices: BTreeMap::new(), elsewhere: BTreeSet::new() };
        for line in table.lines() {
            let mut fields = line.split(' ');
            let (id, device) = (fields.next().and_then(|id| id.parse().ok()), fields.nth(1));
            let (Some(id), Some(device), Some(at)) = (id, device, fields.nth(1)) else { continue };
            eraser.devices.insert(id, device.to_owned());
            if !names::path(&unescape(at)).starts_with(&place) {
                eraser.elsewhere.insert(device.to_owned());
            }
        }
        Ok(eraser)
    }

    /// Whether nothing can be written to the root's own filesystem.
    pub(crate) fn is_read_only(&self) -> bool {
        fstatvfs(&self.top).is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// How much would be cleared of a place, and what of it could not; `None` where nothing is there, or it is not on
    /// a disk of the root.
    ///
    /// # Errors
    /// When nothing of it could be looked at.
    pub(crate) fn measure(&self, path: &str, extent: Extent) -> Result<Option<(Size, Vec<Problem>)>, Problem> {
        self.walk(path, extent, false, &mut |_| {})
    }

    /// Removes it; `beat` hears the path of each directory on the way. What cannot be removed does not keep the rest.
    ///
    /// # Errors
    /// What is still there, or could not be looked at.
    pub(crate) fn remove(&self, path: &str, extent: Extent, beat: &mut dyn FnMut(&str)) -> Result<(), Vec<Problem>> {
        match self.walk(path, extent, true, beat) {
            Err(problem) => Err(vec![problem]),
            Ok(Some((_, problems))) if !problems.is_empty() => Err(problems),
            Ok(_) => Ok(()),
        }
    }

    fn walk(
        &self,
        path: &str,
        extent: Extent,
        erases: bool,
        beat: &mut dyn FnMut(&str),
    ) -> Result<Option<(Size, Vec<Problem>)>, Problem> {
        let mut walk = Walk { erases, size: Size::default(), problems: Vec::new(), beat };
        match extent {
            Extent::Whole => {
                let Some((parent, name)) = self.parent(path)? else { return Ok(None) };
                let there = fstatat(&parent, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW);
                match there {
                    Err(errno) if is_absent(errno) => return Ok(None),
                    Err(errno) => return Err(Problem::new(path, why(errno))),
                    Ok(stat) => walk.entry(&parent, &name, path, is(&stat, SFlag::S_IFDIR), DEPTH_LIMIT),
                }
            }
            Extent::Contents(stays) => {
                let Some(directory) = self.directory(path)? else { return Ok(None) };
                walk.directory(&directory, path, &stays, DEPTH_LIMIT);
            }
        }
        Ok(Some((walk.size, walk.problems)))
    }

    /// Empties a regular file, which keeps its owner and mode.
    ///
    /// # Errors
    /// When it is something else, has other names, or cannot be written.
    pub(crate) fn empty(&self, path: &str) -> Result<(), Problem> {
        let Some((parent, name)) = self.parent(path)? else { return Ok(()) };
        let Some((file, _)) = self.regular(&parent, &name, path, OFlag::O_WRONLY)? else { return Ok(()) };
        ftruncate(&file, 0).map_err(|errno| Problem::new(path, why(errno)))
    }

    /// Puts another content in place of a regular file's, whole or not at all; owner, mode and extended attributes are
    /// those of the file before.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be replaced.
    pub(crate) fn rewrite(&self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        let problem = |errno| Problem::new(path, why(errno));
        let gone = || Problem::new(path, "is not there any more");
        let (parent, name) = self.parent(path)?.ok_or_else(gone)?;
        let (before, stat) = self.regular(&parent, &name, path, OFlag::O_RDONLY)?.ok_or_else(gone)?;
        let mut part = OsString::from(PART.0);
        part.push(&name);
        part.push(PART.1);
        match unlinkat(&parent, part.as_os_str(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => return Err(problem(errno)),
        }
        let how = OpenHow::new()
            .flags(OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC)
            .mode(Mode::S_IRUSR | Mode::S_IWUSR)
            .resolve(WITHIN);
        let mut file = openat2(&parent, part.as_os_str(), how).map(File::from).map_err(problem)?;
        let written = file
            .write_all(bytes)
            .and_then(|()| Ok(fchown(&file, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)))?))
            .and_then(|()| copy_attributes(&before, &file))
            .and_then(|()| Ok(fchmod(&file, Mode::from_bits_truncate(stat.st_mode & 0o7777))?))
            .and_then(|()| file.sync_all())
            .and_then(|()| Ok(renameat(&parent, part.as_os_str(), &parent, name.as_os_str())?));
        written.map_err(|error| {
            // What could not take the file's place must not lie beside it; that it does is the smaller trouble.
            let _ = unlinkat(&parent, part.as_os_str(), UnlinkatFlags::NoRemoveDir);
            Problem::new(path, error.raw_os_error().map_or(error.to_string(), |raw| why(Errno::from_raw(raw))))
        })
    }

    /// Opens a regular file that has this one name.
    fn regular(
        &self,
        parent: &OwnedFd,
        name: &OsStr,
        path: &str,
        access: OFlag,
    ) -> Result<Option<(File, FileStat)>, Problem> {
        // Looked at before it is opened: opening a device may act.
        match fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(stat) if is(&stat, SFlag::S_IFREG) => {}
            Ok(_) => return Err(Problem::new(path, "is not a regular file")),
            Err(errno) if is_absent(errno) => return Ok(None),
            Err(errno) => return Err(Problem::new(path, why(errno))),
        }
        let flags = access | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let opened = openat2(parent, name, OpenHow::new().flags(flags).resolve(WITHIN));
        let file = opened.map(File::from).map_err(|errno| Problem::new(path, why(errno)))?;
        let stat = fstat(&file).map_err(|errno| Problem::new(path, why(errno)))?;
        match (is(&stat, SFlag::S_IFREG), stat.st_nlink) {
            (true, 0..=1) => Ok(Some((file, stat))),
            (true, _) => {
                Err(Problem::new(path, "has other names (hard links), which may be anything; remove it by hand"))
            }
            (false, _) => Err(Problem::new(path, "is not a regular file")),
        }
    }

    /// The directory that holds a path, and the path's last part.
    fn parent(&self, path: &str) -> Result<Option<(OwnedFd, OsString)>, Problem> {
        let (parent, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        let name = OsStr::from_bytes(&names::encode(name)).to_owned();
        if name.is_empty() || name == "." || name == ".." {
            return Err(Problem::new(path, "is no path below the root"));
        }
        Ok(self.directory(parent)?.map(|directory| (directory, name)))
    }

    /// A directory of the root that may be changed; `None` where there is none on a disk of the root.
    fn directory(&self, path: &str) -> Result<Option<OwnedFd>, Problem> {
        let problem = |errno| Problem::new(path, why(errno));
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_SYMLINKS);
        let relative = path.trim_matches('/');
        let relative = if relative.is_empty() { "." } else { relative };
        match openat2(self.top.as_fd(), OsStr::from_bytes(&names::encode(relative)), how) {
            Ok(fd) => self.is_on_disk(&fd, path).map(|is_on_disk| is_on_disk.then_some(fd)),
            Err(errno) if is_absent(errno) => Ok(None),
            Err(errno) => Err(problem(errno)),
        }
    }

    /// Whether a directory lies on a disk of the root, and of the root alone.
    fn is_on_disk(&self, fd: &OwnedFd, path: &str) -> Result<bool, Problem> {
        let mount = mount_of(fd).map_err(|error| Problem::new(path, error.to_string()))?;
        if mount == self.mount {
            return Ok(true);
        }
        let refused = filesystem::refused(fd, self.own, false).map_err(|errno| Problem::new(path, why(errno)))?;
        let is_on_disk = filesystem::is_on_disk(fd).map_err(|errno| Problem::new(path, why(errno)))?;
        if refused.is_some() || !is_on_disk {
            return Ok(false);
        }
        match self.devices.get(&mount) {
            Some(device) if !self.elsewhere.contains(device) => Ok(true),
            _ => Err(Problem::new(
                path,
                "is on a filesystem that is mounted outside of the root as well: nothing is removed there",
            )),
        }
    }
}

/// Steps within one directory: to an entry of its own, which is no link and no mount point.
const WITHIN: ResolveFlag =
    ResolveFlag::RESOLVE_BENEATH.union(ResolveFlag::RESOLVE_NO_SYMLINKS).union(ResolveFlag::RESOLVE_NO_XDEV);

impl Walk<'_> {
    fn trouble(&mut self, path: &str, errno: Errno) {
        if self.problems.len() < PROBLEM_LIMIT {
            self.problems.push(Problem::new(path, why(errno)));
        }
    }

    /// An entry of a directory, with all that is in it.
    fn entry(&mut self, parent: &OwnedFd, name: &OsStr, path: &str, is_directory: bool, depth: usize) {
        if is_directory {
            let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
            match openat2(parent, name, OpenHow::new().flags(flags).resolve(WITHIN)) {
                Ok(directory) => self.directory(&directory, path, &|_| false, depth),
                // Somebody else has removed it meanwhile.
                Err(Errno::ENOENT) => return,
                Err(errno) => return self.trouble(path, errno),
            }
            self.size.directories += 1;
        } else {
            match fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
                Ok(stat) if is(&stat, SFlag::S_IFREG) => {
                    self.size.bytes = self.size.bytes.saturating_add(u64::try_from(stat.st_size).unwrap_or(0));
                }
                Ok(_) => {}
                Err(Errno::ENOENT) => return,
                Err(errno) => return self.trouble(path, errno),
            }
            self.size.files += 1;
        }
        if self.erases {
            let flag = if is_directory { UnlinkatFlags::RemoveDir } else { UnlinkatFlags::NoRemoveDir };
            match unlinkat(parent, name, flag) {
                Ok(()) | Err(Errno::ENOENT) => {}
                // What is left in a directory was told already.
                Err(Errno::ENOTEMPTY | Errno::EEXIST) if !self.problems.is_empty() => {}
                Err(errno) => self.trouble(path, errno),
            }
        }
    }

    /// All that is in a directory, but for what stays.
    fn directory(&mut self, directory: &OwnedFd, path: &str, stays: &dyn Fn(&str) -> bool, depth: usize) {
        (self.beat)(path);
        let Some(depth) = depth.checked_sub(1) else { return self.trouble(path, Errno::ENAMETOOLONG) };
        let mut done = BTreeSet::new();
        loop {
            let names = match entries(directory, &done, stays) {
                Ok(names) if names.is_empty() => return,
                Ok(names) => names,
                Err(errno) => return self.trouble(path, errno),
            };
            for (name, is_directory) in names {
                let path = format!("{path}/{}", names::decode(name.as_bytes()));
                self.entry(directory, &name, &path, is_directory, depth);
                done.insert(name);
            }
        }
    }
}

/// Some names of a directory, and whether they are directories.
fn entries(
    directory: &OwnedFd,
    but: &BTreeSet<OsString>,
    stays: &dyn Fn(&str) -> bool,
) -> Result<Vec<(OsString, bool)>, Errno> {
    let mut listing = Dir::openat(directory, ".", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let mut names = Vec::new();
    for entry in listing.iter() {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." || but.contains(name) || stays(&names::decode(name.as_bytes())) {
            continue;
        }
        let is_directory = match entry.file_type() {
            Some(kind) => kind == Type::Directory,
            None => is(&fstatat(directory, name, AtFlags::AT_SYMLINK_NOFOLLOW)?, SFlag::S_IFDIR),
        };
        names.push((name.to_owned(), is_directory));
        if names.len() == NAMES_AT_ONCE {
            break;
        }
    }
    names.sort();
    Ok(names)
}

/// The id of the mount that a file is on (proc_pid_fdinfo(5)).
fn mount_of(fd: &OwnedFd) -> std::io::Result<u64> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()))?;
    let id = info.lines().find_map(|line| line.strip_prefix("mnt_id:")).and_then(|id| id.trim().parse().ok());
    id.ok_or_else(|| std::io::Error::other("the kernel does not tell the id of its mount"))
}

/// Hands on what `SELinux` and others have attached to a file.
fn copy_attributes(from: &File, to: &File) -> std::io::Result<()> {
    let mut names = vec![0; 64 << 10];
    let length = match flistxattr(from, &mut names) {
        Ok(length) => length,
        Err(rustix::io::Errno::NOTSUP) => return Ok(()),
        Err(errno) => return Err(errno.into()),
    };
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0; 64 << 10];
        let length = fgetxattr(from, name, &mut value)?;
        let value = &value[..length];
        if let Err(errno) = fsetxattr(to, name, value, XattrFlags::empty()) {
            let mut held = vec![0; 64 << 10];
            let held = fgetxattr(to, name, &mut held).map(|length| held[..length].to_owned());
            if !is_given_by_mount(errno, value, &held) {
                return Err(errno.into());
            }
        }
    }
    Ok(())
}

/// Whether an attribute that cannot be set need not be: the mount gives every file this value, as `SELinux` labels
/// what lies on vfat, or the filesystem holds none of this kind.
fn is_given_by_mount(errno: rustix::io::Errno, wanted: &[u8], held: &rustix::io::Result<Vec<u8>>) -> bool {
    let unsupported = rustix::io::Errno::NOTSUP;
    let suffices = match held {
        Ok(held) => held == wanted,
        Err(errno) => *errno == unsupported,
    };
    errno == unsupported && suffices
}

fn is(stat: &FileStat, kind: SFlag) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == kind
}

fn is_absent(errno: Errno) -> bool {
    matches!(errno, Errno::ENOENT | Errno::ENOTDIR)
}

/// Why the kernel does not clear something.
fn why(errno: Errno) -> String {
    match errno {
        Errno::EPERM if nix::unistd::geteuid().is_root() => {
            "the kernel does not permit it: it may be immutable or append-only (lsattr shows it, chattr -ia ends it)"
                .to_owned()
        }
        Errno::EXDEV => "something is mounted there, and no mount point is crossed; unmount it".to_owned(),
        Errno::ELOOP => "is reached through a symbolic link, which is not followed".to_owned(),
        Errno::ENAMETOOLONG => format!("has directories nested deeper than {DEPTH_LIMIT}"),
        Errno::EROFS => "is on a filesystem that is mounted read-only".to_owned(),
        Errno::EBUSY => "is in use as a mount point; unmount it".to_owned(),
        errno => in_words(errno),
    }
}

#[cfg(test)]
#[path = "removal_tests.rs"]
mod tests;
