//! A small root for the tests of repairs.
#![allow(clippy::unwrap_used)]

use crate::procedures::prepare::draft::{Content, Draft, FileChange, Refusal};
use crate::system::Root;
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

pub(super) struct Tree(tempfile::TempDir);

impl Tree {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(path, text)| tree.put(path, text));
        tree
    }

    fn place(&self, path: &str) -> PathBuf {
        let path = self.0.path().join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    pub(super) fn put(&self, path: &str, text: &str) {
        std::fs::write(self.place(path), text).unwrap();
    }

    pub(super) fn link(&self, path: &str, target: &str) {
        symlink(target, self.place(path)).unwrap();
    }

    /// What a repair changes.
    pub(super) fn changes(
        &self,
        repair: impl Fn(&mut Draft<'_>) -> Result<(), Refusal>,
    ) -> Result<BTreeMap<String, FileChange>, Refusal> {
        let root = Root::open(self.0.path()).unwrap();
        let mut draft = Draft::of(&root);
        repair(&mut draft).map(|()| draft.into_changes())
    }

    /// What a repair puts at each path, once that is written and the repair changes nothing any more.
    pub(super) fn repaired(&self, repair: impl Fn(&mut Draft<'_>) -> Result<(), Refusal>) -> BTreeMap<String, Content> {
        let changes = self.changes(&repair).unwrap();
        for (path, change) in &changes {
            let place = self.place(path);
            if change.before != Content::Absent {
                std::fs::remove_file(&place).unwrap();
            }
            match &change.after {
                Content::Text(text) => std::fs::write(&place, text).unwrap(),
                Content::Link(target) => symlink(target, &place).unwrap(),
                Content::Copy { from } => _ = std::fs::copy(self.place(from), &place).unwrap(),
                Content::Absent => {}
            }
        }
        assert_eq!(self.changes(repair), Ok(BTreeMap::new()), "twice changes nothing");
        changes.into_iter().map(|(path, change)| (path, change.after)).collect()
    }

    /// The same of a repair that writes only texts.
    pub(super) fn texts(&self, repair: impl Fn(&mut Draft<'_>) -> Result<(), Refusal>) -> BTreeMap<String, String> {
        let text = |(path, content)| match content {
            Content::Text(text) => (path, text),
            other => panic!("{path}: {other:?}"),
        };
        self.repaired(repair).into_iter().map(text).collect()
    }
}
