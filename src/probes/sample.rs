//! Roots for the tests of probes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::system::Root;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A root of files and links in a directory of its own.
pub(crate) struct SampleRoot(tempfile::TempDir);

impl SampleRoot {
    /// Of `("/path", "text")`, and of `("/path", "-> target")` for a link.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        for (path, text) in files {
            root.put(path, text);
        }
        root
    }

    /// Adds a file or a link, as [`SampleRoot::of`].
    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        match text.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, text).unwrap(),
        }
    }

    /// Where a path of the root lies on this machine.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    /// The root, opened.
    pub(crate) fn open(&self) -> Root {
        Root::open(self.0.path()).unwrap()
    }
}
