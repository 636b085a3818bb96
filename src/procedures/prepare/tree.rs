//! The root that is written to, by paths that cannot lead out of it.

use crate::formats::text::names;
use crate::procedures::Failure;
use crate::system::Root;
use isctpl_checks::facts::Problem;
use std::path::{Path, PathBuf};

/// Where procedures keep what brings the root back, as a path in it.
pub(crate) const STATE: &str = "/var/lib/isctpl";

/// A root that is written to.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// Resolves every path, links included, inside the root.
    pub(crate) root: Root,
    /// The root's directory as this machine names it, without links.
    pub(crate) at: PathBuf,
}

impl Tree {
    /// Opens a root to write to it.
    ///
    /// # Errors
    /// When it is no directory, or its path cannot be told.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let at = path.canonicalize().map_err(|error| Problem::new(path.display().to_string(), error.to_string()))?;
        Ok(Self { root: Root::open(&at)?, at })
    }

    /// What a path in the root is called on this machine; the last part itself is not followed. `None` where the
    /// directory above it does not exist.
    ///
    /// # Errors
    /// When the directory above it cannot be looked at, or is none of the root.
    pub(crate) fn place(&self, path: &str) -> Result<Option<PathBuf>, Failure> {
        let (above, name) = split(path);
        // A path of a journal may have been written by anybody, and a name as text may stand for any bytes.
        let bytes = names::encode(name);
        if matches!(&*bytes, b"" | b"." | b"..") || bytes.contains(&b'/') || bytes.contains(&0) {
            return Err(Failure::refused(format!("{path:?} is no path of a file")));
        }
        let Some(directory) = self.root.resolved(above)? else { return Ok(None) };
        if !directory.starts_with(&self.at) {
            return Err(Failure::refused(format!("{path}: {} is not in the root", directory.display())));
        }
        Ok(Some(directory.join(names::path(name))))
    }

    /// The directories above a path that do not exist yet, the outermost first.
    ///
    /// # Errors
    /// When one of them cannot be looked at.
    pub(crate) fn missing_above(&self, path: &str) -> Result<Vec<String>, Failure> {
        let mut missing = Vec::new();
        let mut above = split(path).0;
        while above != "/" && self.root.stat(above)?.is_none() {
            missing.push(above.to_owned());
            above = split(above).0;
        }
        missing.reverse();
        Ok(missing)
    }

    /// Whether the directory above a path is on the filesystem of the root directory, and not on one that is mounted
    /// below it, such as that of /boot; `None` where the directory does not exist.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(crate) fn is_on_root(&self, path: &str) -> Result<Option<bool>, Failure> {
        let (above, own) = (self.root.stat(split(path).0)?, self.root.stat("/")?);
        Ok(above.map(|above| own.is_some_and(|own| own.dev == above.dev)))
    }

    /// What a directory of this machine below the root is called in it.
    pub(crate) fn name_of(&self, place: &Path) -> String {
        use std::os::unix::ffi::OsStrExt;
        let below = place.strip_prefix(&self.at).unwrap_or(place);
        format!("/{}", names::decode(below.as_os_str().as_bytes()))
    }
}

/// The directory above a path, and its last part.
fn split(path: &str) -> (&str, &str) {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some(pair) => pair,
        None => ("/", path),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_is_followed_inside_the_root_only() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("etc/real")).unwrap();
        symlink("/etc/real", directory.path().join("etc/link")).unwrap();
        symlink("../../../..", directory.path().join("etc/out")).unwrap();
        let tree = Tree::open(directory.path()).unwrap();
        assert_eq!(tree.place("/etc/link/a").unwrap(), Some(tree.at.join("etc/real/a")));
        assert_eq!(tree.place("/etc/out/a").unwrap(), Some(tree.at.join("a")));
        assert_eq!(tree.place("/none/a").unwrap(), None);
        assert_eq!(tree.missing_above("/etc/x/y/z").unwrap(), ["/etc/x", "/etc/x/y"]);
        assert!(tree.missing_above("/top").unwrap().is_empty());
        for path in ["/etc/..", "/etc/.", "/\u{10ff2f}etc\u{10ff2f}a", "/etc/\u{10ff2e}\u{10ff2e}", "/"] {
            assert!(tree.place(path).is_err(), "{path:?}");
        }
        assert_eq!(tree.is_on_root("/etc/a").unwrap(), Some(true));
        assert_eq!(tree.is_on_root("/none/a").unwrap(), None);
        assert_eq!(tree.name_of(&tree.at.join("etc/real")), "/etc/real");
    }
}
