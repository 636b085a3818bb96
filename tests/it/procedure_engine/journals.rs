//! The journal: torn, of another version, and who reads it.

use super::*;

/// Whatever is cut off the end of a journal, what stands before it is read, and nothing is taken for done that
/// was not.
#[test]
fn a_torn_journal_is_one_that_ends_earlier() {
    let directory = tempfile::tempdir().unwrap();
    let lock = JournalLock::take(directory.path()).unwrap();
    let mut journal = Journal::begin(&lock, "test", BOOT, json!({"for": "this"})).unwrap();
    for number in 0..3 {
        let id = journal.intend("step", &json!({ "number": number })).unwrap();
        journal.done(id).unwrap();
    }
    journal.undone(3).unwrap();
    drop(journal);
    let path = directory.path().join("journal");
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut standing = 0;
    for end in first..=whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let looked = Journal::peek(directory.path()).unwrap().unwrap();
        let now = looked.applied().count();
        assert!(now == standing || now == standing + 1 || end == whole.len(), "{now} at {end}");
        standing = now;
        // Whoever opens it goes on behind the last whole line.
        let mut opened = Journal::open(&lock).unwrap().unwrap();
        assert_eq!(opened.request(), &json!({"for": "this"}));
        opened.intend("step", &json!({"number": 9})).unwrap();
        drop(opened);
        assert_eq!(
            Journal::peek(directory.path()).unwrap().unwrap().last_applied().unwrap().change,
            json!({"number": 9})
        );
    }
    assert_eq!(standing, 2);
    for end in 0..first {
        fs::write(&path, &whole[..end]).unwrap();
        assert!(matches!(Journal::peek(directory.path()), Err(JournalError::Unreadable { .. })));
    }
}

/// A change was called a deed in version 1, and the end was not told before version 3.
#[test]
fn a_journal_of_another_version_is_understood_or_refused_in_words() {
    let bench = Bench::new();
    assert_eq!(up(bench.directory.path(), &mut bench.world()), Applied::Done(()));
    let path = bench.directory.path().join("journal/journal");
    let now = fs::read_to_string(&path).unwrap();
    assert!(now.contains("\"version\":3") && now.contains("\"change\":"), "{now}");
    fs::write(&path, now.replace("\"version\":3", "\"version\":4")).unwrap();
    let refused = Journal::peek(path.parent().unwrap()).unwrap_err().to_string();
    assert!(
        refused.contains("another version of isctpl") && refused.contains("undo it with that version"),
        "{refused}"
    );
    for (version, change) in [(1, "deed"), (2, "change")] {
        let bench = Bench::new();
        assert_eq!(up(bench.directory.path(), &mut bench.world()), Applied::Done(()));
        let path = bench.directory.path().join("journal/journal");
        let now = fs::read_to_string(&path).unwrap();
        let begun = now.strip_suffix("{\"event\":\"complete\"}\n").unwrap();
        let then = begun.replace("\"version\":3", &format!("\"version\":{version}"));
        fs::write(&path, then.replace("\"change\":", &format!("\"{change}\":"))).unwrap();
        assert!(!Journal::peek(path.parent().unwrap()).unwrap().unwrap().is_complete(), "version {version}");
        down(bench.directory.path(), &mut bench.world()).unwrap();
        assert!(bench.is_as_before(), "version {version}");
    }
}

#[test]
fn only_root_reads_a_journal() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("isctpl/rescue");
    let lock = JournalLock::take(&directory).unwrap();
    Journal::begin(&lock, "test", BOOT, json!({})).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&directory.join("journal"))), (0o700, 0o600));
}
