//! Packages that `scripts/unpack-oracles` has unpacked.

use std::fs;
use std::path::{Path, PathBuf};

/// The directory that holds the files of these packages; `None`, said loudly, where one is missing.
pub(crate) fn unpacked(test: &str, packages: &[&str]) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/oracles");
    let missing = packages.iter().find(|package| version(&root, package).is_none());
    if let Some(package) = missing {
        crate::support::skip(test, &format!("scripts/unpack-oracles has not unpacked {package}"));
        return None;
    }
    Some(root)
}

/// The version of an unpacked package.
pub(super) fn version(root: &Path, package: &str) -> Option<String> {
    let versions = fs::read_to_string(root.join("versions")).ok()?;
    let mut lines = versions.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(name, _)| *name == package).map(|(_, version)| version.to_owned())
}

/// Where the libraries among them lie, for the loader's `LD_LIBRARY_PATH`.
pub(crate) fn libraries(root: &Path) -> String {
    let of = |below: &str| {
        let directories = fs::read_dir(root.join(below)).into_iter().flatten().flatten();
        directories.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with("-linux-gnu"))
    };
    of("lib").chain(of("usr/lib")).map(|path| path.display().to_string()).collect::<Vec<_>>().join(":")
}
