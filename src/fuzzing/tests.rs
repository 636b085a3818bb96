//! The list of targets is whole, and what the fuzzer has kept is read once more.

#![allow(clippy::unwrap_used)]

use super::target::Target;
use super::targets;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files below `src/formats` that read nothing from outside, and why.
const NO_READERS: &[(&str, &str)] = &[
    ("mod.rs", "names the families"),
    ("network/mod.rs", "names its files"),
    ("loader/mod.rs", "names its files"),
    ("firewall/mod.rs", "names its files"),
    ("iscsi/mod.rs", "names its files"),
    ("image/mod.rs", "names its files"),
    ("kernel/mod.rs", "names its files"),
    ("storage/mod.rs", "names its files"),
    ("storage/lvm/mod.rs", "names its files"),
    ("text/mod.rs", "names its files"),
    ("text/edit.rs", "ends of lines, for the edits"),
    ("pool.rs", "a counter"),
    ("image/allowance.rs", "counts what is read and unpacked"),
    ("growth.rs", "a test"),
    ("disk/skipped.rs", "for tests"),
];

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder, by their paths below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() { open.push(entry) } else { found.push(entry.strip_prefix(folder).unwrap().to_owned()) }
        }
    }
    found.sort();
    found
}

#[test]
fn every_format_is_fuzzed() {
    let covered = |file: &str| {
        let of = |cover: &&str| if cover.ends_with('/') { file.starts_with(cover) } else { file == *cover };
        targets().any(|target| target.covers.iter().any(of))
    };
    let all = files(&project().join("src/formats"));
    let all: Vec<&str> = all
        .iter()
        .filter_map(|file| file.to_str())
        .filter(|file| file.ends_with(".rs") && !file.ends_with("tests.rs"))
        .collect();
    assert!(all.len() > 200, "{} files", all.len());
    let listed = |file: &&&str| NO_READERS.iter().any(|(name, _)| *name == **file);
    let missing: Vec<_> = all.iter().filter(|file| !covered(file) && !listed(file)).collect();
    assert!(missing.is_empty(), "no target of src/fuzzing reaches them: {missing:#?}");
    let needless: Vec<_> = NO_READERS.iter().filter(|(file, _)| covered(file) || !all.contains(file)).collect();
    assert!(needless.is_empty(), "{needless:#?}");
    for cover in targets().flat_map(|target| target.covers) {
        assert!(all.iter().any(|file| file.starts_with(cover)), "there is no {cover}");
    }
}

#[test]
fn every_target_has_a_name_and_a_corpus_of_its_own() {
    let names: BTreeSet<&str> = targets().map(|target| target.name).collect();
    assert_eq!(names.len(), targets().count(), "two targets have one name");
    let corpora = fs::read_dir(project().join("fuzz/corpus")).unwrap();
    let corpora: BTreeSet<String> = corpora.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), corpora);
}

/// Reads what is kept of a target in a folder; gives how much that is.
fn replay(target: &Target, folder: &str) -> usize {
    let folder = project().join("fuzz").join(folder).join(target.name);
    let kept = files(&folder);
    for file in &kept {
        let input = fs::read(folder.join(file)).unwrap();
        assert!(input.len() <= target.most, "{}/{} is longer than the fuzzer's", target.name, file.display());
        let outcome = std::panic::catch_unwind(|| target.read(&input));
        assert!(outcome.is_ok(), "{} fails", folder.join(file).display());
    }
    kept.len()
}

#[test]
fn what_the_fuzzer_has_kept_is_read_and_what_once_failed_holds() {
    let empty: Vec<_> = targets().filter(|target| replay(target, "corpus") == 0).map(|target| target.name).collect();
    let failed: usize = targets().map(|target| replay(target, "regressions")).sum();
    super::machine::clear();
    assert!(empty.is_empty(), "nothing is kept for {empty:?}");
    let all = files(&project().join("fuzz/regressions")).len();
    assert_eq!(failed, all, "some lie where no target looks for them");
}

/// A checksum that does not fit, and what it takes to get past it, are told apart.
#[test]
fn an_input_says_whether_checksums_count() {
    use crate::formats::disk::checksum;
    checksum::unverified(|| assert!(checksum::is_accepted(false)));
    assert!(!checksum::is_accepted(false) && checksum::is_accepted(true));
}

#[test]
fn what_takes_too_much_fails() {
    let greedy = Target::new("greedy", &[], |input| drop(vec![0_u8; (8 << 20) + 5000 * input.len()]));
    greedy.read(&[]);
    assert!(std::panic::catch_unwind(|| greedy.read(&[0; 1000])).is_err());
}
