//! One handle for any tree of files, so that one reader serves a mounted root and an image alike.

use crate::formats::systemd::{self, UnitFile, conf_files};
use crate::formats::text::glob::glob_matches;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Location, Problem};
use std::borrow::Cow;
use std::cell::{RefCell, RefMut};
use std::collections::BTreeSet;
use std::path::Path;

/// The most files that one glob gives.
const GLOB_LIMIT: usize = 1024;

/// The longest chain of links that is followed to `/dev/null`.
const LINK_LIMIT: usize = 8;

/// What a path leads to, as far as every tree knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: FileKind,
    /// Bytes of a file.
    pub(crate) size: u64,
    /// Permission bits; `None` where the tree does not keep them.
    pub(crate) mode: Option<u32>,
}

/// A tree of files. Paths begin with `/`, and links are followed inside the tree; what is absent is `None`, and what
/// cannot be read is a problem.
pub(crate) trait Files {
    /// A path as messages and locations name it.
    fn name(&self, path: &str) -> String;
    /// The text of a file.
    fn text(&self, path: &str) -> Result<Option<Cow<'_, str>>, Problem>;
    /// The names in a directory, sorted, with their own kinds.
    fn list(&self, directory: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem>;
    /// What a path leads to.
    fn find(&self, path: &str) -> Result<Option<Found>, Problem>;
    /// Where a link points, as written; `None` also of what is no link.
    fn link(&self, path: &str) -> Result<Option<String>, Problem>;
    /// Whether what lies at `/run` is another system's, such as the rescue host's, bound into a mounted root.
    fn has_foreign_run(&self) -> bool;
}

impl Files for Root {
    fn name(&self, path: &str) -> String {
        self.name(path)
    }

    fn text(&self, path: &str) -> Result<Option<Cow<'_, str>>, Problem> {
        Ok(self.text(path)?.map(Cow::Owned))
    }

    fn list(&self, directory: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem> {
        self.list(directory)
    }

    fn find(&self, path: &str) -> Result<Option<Found>, Problem> {
        Ok(self.stat(path)?.map(|meta| Found { kind: meta.kind, size: meta.size, mode: Some(meta.mode) }))
    }

    fn link(&self, path: &str) -> Result<Option<String>, Problem> {
        self.read_link(path)
    }

    fn has_foreign_run(&self) -> bool {
        let device = |path: &str| self.stat(path).ok().flatten().map(|meta| meta.dev);
        let mounted = device("/run").is_some_and(|run| device("/") != Some(run));
        mounted && self.path() != Path::new("/")
    }
}

/// The first of these paths that leads to a file of this kind; `None` when none does.
///
/// # Errors
/// When none was found, and it cannot be told of every one of them whether it is there.
pub(crate) fn first_of<P: AsRef<str>>(
    files: &dyn Files,
    paths: impl IntoIterator<Item = P>,
    kind: FileKind,
) -> Result<Option<P>, Problem> {
    let mut unread = None;
    for path in paths {
        match files.find(path.as_ref()) {
            Ok(Some(found)) if found.kind == kind => return Ok(Some(path)),
            Ok(_) => {}
            Err(problem) => unread = unread.or(Some(problem)),
        }
    }
    unread.map_or(Ok(None), Err)
}

/// A tree, and what could not be read of it.
pub(crate) struct Reader<'a> {
    files: &'a dyn Files,
    problems: RefCell<Vec<Problem>>,
    foreign_run: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self { files, problems: RefCell::default(), foreign_run: files.has_foreign_run() }
    }

    /// What was noted so far, to be added to. Not to be held while something else is read.
    pub(crate) fn problems(&self) -> RefMut<'_, Vec<Problem>> {
        self.problems.borrow_mut()
    }

    /// Notes what could not be read.
    pub(crate) fn note(&self, problem: Problem) {
        self.problems().push(problem);
    }

    /// What was noted, each once: a directory under two names fails twice.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        let mut seen = BTreeSet::new();
        problems.retain(|problem| seen.insert(problem.clone()));
        problems
    }

    /// A path as messages name it.
    pub(crate) fn name(&self, path: &str) -> String {
        self.files.name(path)
    }

    /// A file as facts name it.
    pub(crate) fn location(&self, path: &str) -> Location {
        Location::file(self.name(path))
    }

    /// A text file; `None` when there is nothing or, which is noted, when it cannot be read.
    pub(crate) fn text(&self, path: &str) -> Option<Cow<'a, str>> {
        self.noted(path, |files| files.text(path))?
    }

    /// A text file that decides nothing where it is absent or cannot be read.
    pub(crate) fn hint(&self, path: &str) -> Option<Cow<'a, str>> {
        self.files.text(path).ok().flatten()
    }

    /// The names in a directory; none when it is absent or, which is noted, cannot be read.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        self.list(path).into_iter().map(|(name, _)| name).collect()
    }

    /// The entries of a directory with their kinds, as [`Reader::names`].
    pub(crate) fn list(&self, path: &str) -> Vec<(String, FileKind)> {
        self.noted(path, |files| files.list(path)).flatten().unwrap_or_default()
    }

    /// Where a link points, as written.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        self.noted(path, |files| files.link(path)).flatten()
    }

    /// What a path leads to.
    pub(crate) fn find(&self, path: &str) -> Option<Found> {
        self.noted(path, |files| files.find(path)).flatten()
    }

    /// Whether a path leads to a regular file; `false` also when, which is noted, it cannot be told.
    pub(crate) fn is_file(&self, path: &str) -> bool {
        matches!(self.find(path), Some(Found { kind: FileKind::File, .. }))
    }

    /// The first of these that is a regular file; `None` also when, which is noted, that cannot be told.
    pub(crate) fn first_file<P: AsRef<str>>(&self, paths: impl IntoIterator<Item = P>) -> Option<P> {
        self.first_of(paths, FileKind::File)
    }

    /// The first of these that is a directory, as [`Reader::first_file`].
    pub(crate) fn first_directory<P: AsRef<str>>(&self, paths: impl IntoIterator<Item = P>) -> Option<P> {
        self.first_of(paths, FileKind::Directory)
    }

    fn first_of<P: AsRef<str>>(&self, paths: impl IntoIterator<Item = P>, kind: FileKind) -> Option<P> {
        first_of(self.files, paths, kind).map_err(|problem| self.note(problem)).ok().flatten()
    }

    fn noted<T>(&self, path: &str, read: impl FnOnce(&'a dyn Files) -> Result<T, Problem>) -> Option<T> {
        if self.foreign_run && path.starts_with("/run/") {
            return None;
        }
        read(self.files).map_err(|problem| self.note(problem)).ok()
    }

    /// The files of a set of directories, the one of the highest priority first, by name: of files with
    /// one name the first directory's counts.
    pub(crate) fn conf_files(&self, directories: &[&str], suffix: &str) -> Vec<String> {
        let listings: Vec<_> = directories.iter().map(|&directory| (directory, self.names(directory))).collect();
        conf_files(&listings, suffix)
    }

    /// Whether a file is masked: a link to `/dev/null`, a device, or empty. What cannot be told is noted where the file
    /// is read.
    pub(crate) fn is_masked(&self, path: &str) -> bool {
        match self.files.find(path) {
            Ok(Some(found)) => match found.kind {
                FileKind::File => found.size == 0,
                FileKind::Special => true,
                FileKind::Directory | FileKind::Link => false,
            },
            // A root has no devices, or none that are its own.
            Ok(None) | Err(_) => self.leads_to_null(path),
        }
    }

    fn leads_to_null(&self, path: &str) -> bool {
        let mut path = path.to_owned();
        for _ in 0..LINK_LIMIT {
            let Ok(Some(target)) = self.files.link(&path) else { return false };
            path = beside(&path, &target);
            if path == "/dev/null" {
                return true;
            }
        }
        false
    }

    /// Whether `/lib` is a link to `/usr/lib`, so that both name the same files.
    pub(crate) fn is_merged(&self) -> bool {
        self.link("/lib").is_some()
    }

    /// A file in systemd's syntax with its drop-ins (`NAME.d/*.conf` in each of the directories);
    /// `None` when it is masked or cannot be read.
    pub(crate) fn unit(&self, path: &str, directories: &[&str]) -> Option<(UnitFile, Vec<String>)> {
        if self.is_masked(path) {
            return None;
        }
        let text = self.text(path)?;
        let mut file = systemd::parse(&text, &self.name(path));
        let name = path.rsplit('/').next().unwrap_or_default();
        let drop_ins = self.add_drop_ins(&mut file, name, directories);
        Some((file, drop_ins))
    }

    /// Merges `NAME.d/*.conf` of the directories into a file, and gives their paths.
    pub(crate) fn add_drop_ins(&self, file: &mut UnitFile, name: &str, directories: &[&str]) -> Vec<String> {
        let directories: Vec<String> = directories.iter().map(|directory| format!("{directory}/{name}.d")).collect();
        let directories: Vec<&str> = directories.iter().map(String::as_str).collect();
        let mut merged = Vec::new();
        for path in self.conf_files(&directories, ".conf") {
            if self.is_masked(&path) {
                continue;
            }
            if let Some(text) = self.text(&path) {
                file.merge(systemd::parse(&text, &self.name(&path)));
                merged.push(path);
            }
        }
        self.problems().extend(file.cut.take());
        merged
    }

    /// The paths that fit a glob, sorted; hidden names only fit a glob that begins with a dot.
    pub(crate) fn glob(&self, pattern: &str) -> Vec<String> {
        let mut front = vec![String::new()];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            if !part.contains(['*', '?', '[']) {
                front.iter_mut().for_each(|path| *path = format!("{path}/{part}"));
                continue;
            }
            let mut next = Vec::new();
            for directory in &front {
                let fits =
                    |name: &String| glob_matches(part, name) && (!name.starts_with('.') || part.starts_with('.'));
                let directory_path = if directory.is_empty() { "/" } else { directory };
                if !matches!(self.find(directory_path), Some(Found { kind: FileKind::Directory, .. })) {
                    continue;
                }
                next.extend(
                    self.names(directory_path).into_iter().filter(fits).map(|name| format!("{directory}/{name}")),
                );
                if next.len() > GLOB_LIMIT {
                    let what = format!("matches more than {GLOB_LIMIT} files; the rest is not read");
                    self.note(Problem::new(pattern, what));
                    next.truncate(GLOB_LIMIT);
                    break;
                }
            }
            front = next;
        }
        front
    }
}

/// Where a link leads, `.` and `..` resolved by name.
pub(crate) fn beside(link: &str, target: &str) -> String {
    let directory = link.rsplit_once('/').map_or("", |(directory, _)| directory);
    let base = if target.starts_with('/') { "" } else { directory };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
