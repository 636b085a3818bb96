//! The files of a root as they are to be: nothing is written yet.

use crate::formats::text::edit::Unedited;
use crate::formats::text::names;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// What is to stand at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A regular file with this text, whose bytes [`names::encode`] gives.
    Text(String),
    /// The bytes of another file of the root.
    Copy {
        /// Its path.
        from: String,
    },
    /// A symbolic link to this target.
    Link(String),
    /// Nothing.
    Absent,
}

/// A path that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileChange {
    /// What stands there now.
    pub(crate) before: Content,
    /// What is to stand there.
    pub(crate) after: Content,
    /// The permission bits of a file that is not there yet, where they are others than usual.
    pub(crate) mode: Option<u32>,
}

/// Why something is left to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The file, with a line where there is one.
    pub(crate) place: String,
    /// Why it is not edited.
    pub(crate) what: String,
    /// What to do by hand, in a sentence.
    pub(crate) by_hand: String,
}

impl Refusal {
    pub(crate) fn new(place: impl Into<String>, what: impl Into<String>, by_hand: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), by_hand: by_hand.into() }
    }

    /// A file that could not be read.
    pub(crate) fn unread(problem: Problem, by_hand: impl Into<String>) -> Self {
        Self::new(problem.place, problem.what, by_hand)
    }
}

/// The files of a root as they are to be. Whoever reads one here gets what others have made of it.
#[derive(Debug, Clone)]
pub(crate) struct Draft<'a> {
    root: &'a Root,
    changes: BTreeMap<String, FileChange>,
}

impl<'a> Draft<'a> {
    /// A draft in which nothing changes yet.
    pub(crate) fn of(root: &'a Root) -> Self {
        Self { root, changes: BTreeMap::new() }
    }

    /// Whether another draft of the same root changes the same.
    pub(crate) fn changes_as(&self, other: &Self) -> bool {
        self.changes == other.changes
    }

    /// The root as it stands.
    pub(crate) fn root(&self) -> &'a Root {
        self.root
    }

    /// What changes, by path in the root; links that lead to a file are followed, so the path is the file's own.
    pub(crate) fn into_changes(self) -> BTreeMap<String, FileChange> {
        self.changes.into_iter().filter(|(_, change)| change.before != change.after).collect()
    }

    /// The text of a file as it will be; `None` where there will be none.
    ///
    /// # Errors
    /// When it is no regular file, or cannot be read.
    pub(crate) fn text(&self, path: &str) -> Result<Option<String>, Problem> {
        let path = self.own_path(path)?;
        match self.changes.get(&path).map(|change| &change.after) {
            Some(Content::Text(text)) => Ok(Some(text.clone())),
            Some(Content::Link(_)) => Err(Problem::new(path, "is to become a link")),
            Some(Content::Copy { .. }) => Err(Problem::new(path, "is to become a copy of another file")),
            Some(Content::Absent) => Ok(None),
            None => self.root.text(&path),
        }
    }

    /// What will stand at a path itself: a link is not followed.
    ///
    /// # Errors
    /// When it is something else than a file or a link, or cannot be read.
    pub(crate) fn content(&self, path: &str) -> Result<Content, Problem> {
        self.changes.get(path).map_or_else(|| self.current(path), |change| Ok(change.after.clone()))
    }

    /// Where the link leads that will stand at a path; `None` of anything else.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn link_target(&self, path: &str) -> Result<Option<String>, Problem> {
        match self.changes.get(path).map(|change| &change.after) {
            Some(Content::Link(target)) => Ok(Some(target.clone())),
            Some(_) => Ok(None),
            None if self.root.lstat(path)?.is_some_and(|meta| meta.kind == FileKind::Link) => self.root.read_link(path),
            None => Ok(None),
        }
    }

    /// The names that a directory will have, sorted; one that is not there has none.
    ///
    /// # Errors
    /// When it is no directory, or cannot be read.
    pub(crate) fn names(&self, directory: &str) -> Result<Vec<String>, Problem> {
        let mut names: BTreeSet<String> = self.root.names(directory)?.into_iter().collect();
        for (path, change) in &self.changes {
            let Some(name) = path.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/')) else { continue };
            match name.split_once('/') {
                Some((above, _)) if change.after != Content::Absent => _ = names.insert(above.to_owned()),
                Some(_) => {}
                None if change.after == Content::Absent => _ = names.remove(name),
                None => _ = names.insert(name.to_owned()),
            }
        }
        Ok(names.into_iter().collect())
    }

    /// Puts a whole text at a path.
    ///
    /// # Errors
    /// When what stands there cannot be read, and so could not be put back.
    pub(crate) fn write(&mut self, path: &str, text: String) -> Result<(), Problem> {
        let path = self.own_path(path)?;
        self.put(path, Content::Text(text))
    }

    /// Tells the permission bits that a file gets if it is new; one that is there keeps its own.
    pub(crate) fn set_mode(&mut self, path: &str, mode: u32) {
        if let Some(change) = self.changes.get_mut(path) {
            change.mode = Some(mode);
        }
    }

    /// Puts a copy of another file of the root at a path.
    ///
    /// # Errors
    /// As [`Draft::write`].
    pub(crate) fn copy(&mut self, from: &str, path: &str) -> Result<(), Problem> {
        self.put(path.to_owned(), Content::Copy { from: from.to_owned() })
    }

    /// Puts a link at a path; what stands there itself is replaced.
    ///
    /// # Errors
    /// As [`Draft::write`].
    pub(crate) fn link(&mut self, path: &str, target: &str) -> Result<(), Problem> {
        self.put(path.to_owned(), Content::Link(target.to_owned()))
    }

    /// Takes away what stands at a path: a file, or a link itself.
    ///
    /// # Errors
    /// As [`Draft::write`].
    pub(crate) fn remove(&mut self, path: &str) -> Result<(), Problem> {
        self.put(path.to_owned(), Content::Absent)
    }

    /// Edits the text of a file; one that is not there is edited as an empty one.
    ///
    /// # Errors
    /// When it cannot be read, or the editor does not understand it; `by_hand` tells then what to do.
    pub(crate) fn edit(
        &mut self,
        path: &str,
        by_hand: &str,
        edit: impl FnOnce(&str) -> Result<String, Unedited>,
    ) -> Result<(), Refusal> {
        let unread = |problem: Problem| Refusal::unread(problem, by_hand);
        let before = self.text(path).map_err(unread)?.unwrap_or_default();
        let after = edit(&before).map_err(|why| {
            let place = why.line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"));
            Refusal::new(place, why.what, by_hand)
        })?;
        if after == before { Ok(()) } else { self.write(path, after).map_err(unread) }
    }

    fn put(&mut self, path: String, after: Content) -> Result<(), Problem> {
        let (before, mode) = match self.changes.remove(&path) {
            Some(change) => (change.before, change.mode),
            None => (self.current(&path)?, None),
        };
        self.changes.insert(path, FileChange { before, after, mode });
        Ok(())
    }

    fn current(&self, path: &str) -> Result<Content, Problem> {
        Ok(match self.root.lstat(path)?.map(|meta| meta.kind) {
            None => Content::Absent,
            Some(FileKind::Link) => self.root.read_link(path)?.map_or(Content::Absent, Content::Link),
            Some(FileKind::File) => self.root.text(path)?.map_or(Content::Absent, Content::Text),
            Some(kind) => return Err(Problem::new(path, format!("is {}, not a file", kind.in_words()))),
        })
    }

    /// The path of the file itself, where a path leads to it over links. A link that leads nowhere cannot be
    /// written through.
    fn own_path(&self, path: &str) -> Result<String, Problem> {
        if self.changes.contains_key(path) || self.root.lstat(path)?.is_none_or(|meta| meta.kind != FileKind::Link) {
            // A directory above it may be a link all the same; the kernel follows that one when it is written.
            return Ok(path.to_owned());
        }
        let own = self.root.resolved(path)?.ok_or_else(|| Problem::new(path, "is a link that leads to no file"))?;
        let below = own.strip_prefix(self.root.path()).map_err(|_| Problem::new(path, "leads out of the root"))?;
        Ok(format!("/{}", names::decode(std::os::unix::ffi::OsStrExt::as_bytes(below.as_os_str()))))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn root() -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("etc")).unwrap();
        std::fs::write(directory.path().join("etc/a"), "one\n").unwrap();
        symlink("/etc/a", directory.path().join("etc/link")).unwrap();
        symlink("/etc/gone", directory.path().join("etc/dangling")).unwrap();
        let root = Root::open(directory.path()).unwrap();
        (directory, root)
    }

    #[test]
    fn edits_of_one_file_build_on_each_other_and_go_to_the_file_itself() {
        let (_directory, root) = root();
        let mut draft = Draft::of(&root);
        draft.edit("/etc/link", "", |text| Ok(format!("{text}two\n"))).unwrap();
        draft.edit("/etc/a", "", |text| Ok(format!("{text}three\n"))).unwrap();
        assert_eq!(draft.text("/etc/link").unwrap().unwrap(), "one\ntwo\nthree\n");
        let changes = draft.into_changes();
        assert_eq!(changes.keys().collect::<Vec<_>>(), ["/etc/a"]);
        assert_eq!(changes["/etc/a"].before, Content::Text("one\n".to_owned()));
    }

    #[test]
    fn what_ends_as_it_began_is_no_change() {
        let (_directory, root) = root();
        let mut draft = Draft::of(&root);
        draft.write("/etc/a", "two\n".to_owned()).unwrap();
        draft.write("/etc/a", "one\n".to_owned()).unwrap();
        draft.remove("/etc/none").unwrap();
        assert!(draft.into_changes().is_empty());
    }

    #[test]
    fn a_directory_has_the_names_that_it_will_have() {
        let (_directory, root) = root();
        let mut draft = Draft::of(&root);
        draft.remove("/etc/a").unwrap();
        draft.link("/etc/sub/b", "/x").unwrap();
        draft.write("/etc/c", String::new()).unwrap();
        assert_eq!(draft.names("/etc").unwrap(), ["c", "dangling", "link", "sub"]);
        assert_eq!(draft.names("/etc/sub").unwrap(), ["b"]);
        assert_eq!(draft.content("/etc/sub/b").unwrap(), Content::Link("/x".to_owned()));
        assert_eq!(draft.content("/etc/link").unwrap(), Content::Link("/etc/a".to_owned()));
        assert_eq!(draft.link_target("/etc/link").unwrap(), Some("/etc/a".to_owned()));
        assert_eq!((draft.link_target("/etc/sub"), draft.link_target("/etc/c")), (Ok(None), Ok(None)));
    }

    #[test]
    fn a_copy_and_the_mode_of_a_new_file_are_kept_in_mind() {
        let (_directory, root) = root();
        let mut draft = Draft::of(&root);
        draft.copy("/etc/a", "/etc/b").unwrap();
        assert!(draft.text("/etc/b").is_err());
        draft.write("/etc/c", "#!/bin/sh\n".to_owned()).unwrap();
        draft.set_mode("/etc/c", 0o755);
        draft.edit("/etc/c", "", |text| Ok(format!("{text}true\n"))).unwrap();
        let changes = draft.into_changes();
        assert_eq!(changes["/etc/b"].after, Content::Copy { from: "/etc/a".to_owned() });
        assert_eq!((changes["/etc/b"].mode, changes["/etc/c"].mode), (None, Some(0o755)));
    }

    #[test]
    fn a_link_is_removed_and_replaced_itself() {
        let (_directory, root) = root();
        let mut draft = Draft::of(&root);
        draft.remove("/etc/link").unwrap();
        assert_eq!(draft.text("/etc/link").unwrap(), None);
        draft.link("/etc/dangling", "/dev/null").unwrap();
        let changes = draft.into_changes();
        assert_eq!(changes["/etc/link"].before, Content::Link("/etc/a".to_owned()));
        assert_eq!(changes["/etc/dangling"].after, Content::Link("/dev/null".to_owned()));
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        let (_directory, root) = root();
        let mut draft = Draft::of(&root);
        let refused = draft.edit("/etc/a", "edit it", |_| Err(Unedited::at(2, "is cut"))).unwrap_err();
        assert_eq!(refused, Refusal::new("/etc/a:2", "is cut", "edit it"));
        assert!(draft.edit("/etc/dangling", "", |text| Ok(format!("{text}x"))).is_err());
        assert!(draft.edit("/etc", "", |text| Ok(format!("{text}x"))).is_err());
        assert!(draft.into_changes().is_empty());
    }
}
