//! Reads of configuration files that note what failed, and the search rules that managers share.

use crate::formats::systemd::{self, UnitFile, conf_files};
use crate::formats::text::glob::glob_matches;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::Problem;
use std::path::Path;

/// The most files that one glob gives.
const GLOB_LIMIT: usize = 1024;

/// A root, and what could not be read of it.
pub(in crate::probes) struct Files<'a> {
    pub(in crate::probes) root: &'a Root,
    pub(in crate::probes) problems: Vec<Problem>,
    /// `/run` below a mounted root is a mount of its own: the rescue host's, put there for a chroot.
    foreign_run: bool,
}

impl<'a> Files<'a> {
    pub(in crate::probes) fn new(root: &'a Root) -> Self {
        let device = |path: &str| root.stat(path).ok().flatten().map(|meta| meta.dev);
        let mounted = device("/run").is_some_and(|run| device("/") != Some(run));
        Self { root, problems: Vec::new(), foreign_run: mounted && root.path() != Path::new("/") }
    }

    /// What failed, each once: a directory under two names fails twice.
    pub(in crate::probes) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems;
        let mut seen = std::collections::BTreeSet::new();
        problems.retain(|problem| seen.insert(problem.clone()));
        problems
    }

    /// A text file; `None` when there is nothing or, which is noted, when it cannot be read.
    pub(in crate::probes) fn text(&mut self, path: &str) -> Option<String> {
        self.noted(path, |root| root.text(path))?
    }

    /// The names in a directory; none when it is absent or, which is noted, cannot be read.
    pub(in crate::probes) fn names(&mut self, path: &str) -> Vec<String> {
        self.noted(path, |root| root.names(path)).unwrap_or_default()
    }

    /// The entries of a directory with their kinds, as [`Files::names`].
    pub(in crate::probes) fn list(&mut self, path: &str) -> Vec<(String, FileKind)> {
        self.noted(path, |root| root.list(path)).flatten().unwrap_or_default()
    }

    fn noted<T>(&mut self, path: &str, read: impl FnOnce(&Root) -> Result<T, Problem>) -> Option<T> {
        if self.foreign_run && path.starts_with("/run/") {
            return None;
        }
        read(self.root).map_err(|problem| self.problems.push(problem)).ok()
    }

    /// The files of a set of directories, the one of the highest priority first, by name: of files with
    /// one name the first directory's counts.
    pub(in crate::probes) fn conf_files(&mut self, directories: &[&str], suffix: &str) -> Vec<String> {
        let listings: Vec<_> = directories.iter().map(|&directory| (directory, self.names(directory))).collect();
        conf_files(&listings, suffix)
    }

    /// Whether a file is masked: a symbolic link to `/dev/null`, or empty.
    pub(in crate::probes) fn is_masked(&mut self, path: &str) -> bool {
        if self.noted(path, |root| root.read_link(path)).flatten().as_deref() == Some("/dev/null") {
            return true;
        }
        self.noted(path, |root| root.stat(path))
            .flatten()
            .is_some_and(|meta| meta.kind == FileKind::File && meta.size == 0)
    }

    /// A file in systemd's syntax with its drop-ins (`NAME.d/*.conf` in each of the directories);
    /// `None` when it is masked or cannot be read.
    pub(in crate::probes) fn unit(&mut self, path: &str, directories: &[&str]) -> Option<(UnitFile, Vec<String>)> {
        if self.is_masked(path) {
            return None;
        }
        let text = self.text(path)?;
        let mut file = systemd::parse(&text, path);
        let name = path.rsplit('/').next().unwrap_or_default();
        let drop_ins = self.add_drop_ins(&mut file, name, directories);
        Some((file, drop_ins))
    }

    /// Merges `NAME.d/*.conf` of the directories into a file, and gives their paths.
    pub(in crate::probes) fn add_drop_ins(
        &mut self,
        file: &mut UnitFile,
        name: &str,
        directories: &[&str],
    ) -> Vec<String> {
        let directories: Vec<String> = directories.iter().map(|directory| format!("{directory}/{name}.d")).collect();
        let directories: Vec<&str> = directories.iter().map(String::as_str).collect();
        let mut merged = Vec::new();
        for path in self.conf_files(&directories, ".conf") {
            if self.is_masked(&path) {
                continue;
            }
            if let Some(text) = self.text(&path) {
                file.merge(systemd::parse(&text, &path));
                merged.push(path);
            }
        }
        merged
    }

    /// The paths that fit a glob, sorted; hidden names only fit a glob that begins with a dot.
    pub(in crate::probes) fn glob(&mut self, pattern: &str) -> Vec<String> {
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
                if !self.root.is_dir(directory_path) {
                    continue;
                }
                next.extend(
                    self.names(directory_path).into_iter().filter(fits).map(|name| format!("{directory}/{name}")),
                );
                if next.len() > GLOB_LIMIT {
                    self.problems.push(Problem::new(
                        pattern,
                        format!("matches more than {GLOB_LIMIT} files; the rest is not read"),
                    ));
                    next.truncate(GLOB_LIMIT);
                    break;
                }
            }
            front = next;
        }
        front
    }
}
