//! Whatever state a replacement is in, what was there comes back.

use super::*;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

/// A root with a file that has a mode, an age and an attribute of its own, a link, and where things are kept.
struct Bench {
    _directory: tempfile::TempDir,
    tree: Tree,
    kept: PathBuf,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let etc = directory.path().join("etc");
        let kept = directory.path().join("kept");
        fs::create_dir(&etc).unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(etc.join("file"), "before\n").unwrap();
        fs::set_permissions(etc.join("file"), fs::Permissions::from_mode(0o640)).unwrap();
        let file = File::open(etc.join("file")).unwrap();
        // A filesystem without attributes has no attribute to lose.
        let _ = fsetxattr(&file, "user.note", b"kept", XattrFlags::empty());
        set_time(&etc.join("file"), (1_000_000_000, 123_456_789)).unwrap();
        symlink("file", etc.join("link")).unwrap();
        set_time(&etc, (1_100_000_000, 5)).unwrap();
        let tree = Tree::open(directory.path()).unwrap();
        Self { _directory: directory, tree, kept }
    }

    /// Everything in /etc: kind, mode, owner, time, content.
    fn seen(&self) -> BTreeMap<String, String> {
        let mut seen = BTreeMap::new();
        let etc = self.tree.at.join("etc");
        let meta = fs::metadata(&etc).unwrap();
        seen.insert("/".to_owned(), format!("{}.{}", meta.mtime(), meta.mtime_nsec()));
        for entry in fs::read_dir(&etc).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let content = if meta.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else {
                format!(
                    "{:?} {:?}",
                    fs::read_to_string(&path).unwrap(),
                    attributes(&File::open(&path).unwrap()).unwrap()
                )
            };
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let line = format!("{:o} {} {}.{} {content}", meta.mode(), meta.uid(), meta.mtime(), meta.mtime_nsec());
            seen.insert(name, line);
        }
        seen
    }

    fn replaced(&self, path: &str, content: &NewContent) -> Replacement {
        let replacement = Replacement::of(&self.tree, path, "1".to_owned()).unwrap();
        replacement.apply(&self.tree, &self.kept, content).unwrap();
        replacement
    }
}

fn text(text: &str) -> NewContent {
    NewContent::Text(text.to_owned(), None)
}

#[test]
fn a_file_is_replaced_with_its_mode_and_attributes_and_comes_back() {
    let bench = Bench::new();
    let before = bench.seen();
    let replacement = bench.replaced("/etc/file", &text("after\n"));
    let now = bench.seen();
    let has = |what: &str| now["file"].contains(what);
    assert!(has("100640") && has("after") && before["file"].contains("note") == has("note"), "{now:?}");
    for _ in 0..2 {
        replacement.undo(&bench.tree, &bench.kept).unwrap();
        assert_eq!(bench.seen(), before);
    }
    assert_eq!(fs::read_dir(&bench.kept).unwrap().count(), 0);
}

#[test]
fn whatever_takes_the_place_of_whatever_it_comes_back() {
    let contents = [text("after\n"), NewContent::Link("/dev/null".to_owned()), NewContent::Nothing];
    for path in ["/etc/file", "/etc/link", "/etc/new"] {
        for content in &contents {
            let bench = Bench::new();
            let before = bench.seen();
            let replacement = bench.replaced(path, content);
            assert!(bench.seen() != before || path == "/etc/new", "{path} {content:?}");
            replacement.undo(&bench.tree, &bench.kept).unwrap();
            assert_eq!(bench.seen(), before, "{path} {content:?}");
        }
    }
}

#[test]
fn a_replacement_that_was_not_made_is_undone_all_the_same() {
    let bench = Bench::new();
    let before = bench.seen();
    let replacement = Replacement::of(&bench.tree, "/etc/file", "1".to_owned()).unwrap();
    replacement.undo(&bench.tree, &bench.kept).unwrap();
    assert_eq!(bench.seen(), before);

    let place = bench.tree.at.join("etc/file");
    keep(&place, &bench.kept.join("1")).unwrap();
    fs::write(beside(&place), "half").unwrap();
    replacement.undo(&bench.tree, &bench.kept).unwrap();
    assert_eq!(bench.seen(), before, "kept, and half written");
}

/// As where the file lies on another filesystem than what is kept.
#[test]
fn a_copy_comes_back_as_the_file_was() {
    let bench = Bench::new();
    let before = bench.seen();
    let place = bench.tree.at.join("etc/file");
    let replacement = Replacement::of(&bench.tree, "/etc/file", "1".to_owned()).unwrap();
    copy(&place, &bench.kept.join("1")).unwrap();
    replacement.undo(&bench.tree, &bench.kept).unwrap();
    assert_eq!(bench.seen(), before, "copied, not yet replaced");

    for path in ["etc/file", "etc/link"] {
        let place = bench.tree.at.join(path);
        let replacement = Replacement::of(&bench.tree, &format!("/{path}"), "1".to_owned()).unwrap();
        copy(&place, &bench.kept.join("1")).unwrap();
        fs::write(beside(&place), "after").unwrap();
        fs::rename(beside(&place), &place).unwrap();
        replacement.undo(&bench.tree, &bench.kept).unwrap();
        assert_eq!(bench.seen(), before);
    }
}

#[test]
fn what_others_have_changed_since_is_told() {
    let bench = Bench::new();
    let replacement = bench.replaced("/etc/file", &text("after\n"));
    assert!(!replacement.changed_since(&bench.tree, &bench.kept).unwrap());
    fs::write(bench.tree.at.join("etc/file"), "own\n").unwrap();
    set_time(&bench.tree.at.join("etc/file"), (1_200_000_000, 0)).unwrap();
    assert!(replacement.changed_since(&bench.tree, &bench.kept).unwrap());
}

#[test]
fn hard_links_are_not_parted() {
    let bench = Bench::new();
    fs::hard_link(bench.tree.at.join("etc/file"), bench.tree.at.join("etc/other")).unwrap();
    let refused = Replacement::of(&bench.tree, "/etc/file", "1".to_owned()).unwrap_err();
    assert!(refused.what.contains("2 hard links"), "{refused:?}");
    assert!(Replacement::of(&bench.tree, "/etc", "1".to_owned()).is_err());
}

#[test]
fn a_journal_that_somebody_else_wrote_leads_nowhere() {
    let bench = Bench::new();
    for name in ["../etc/file", "/etc/passwd", "..", ""] {
        let json = format!(
            "{{\"path\":\"/etc/file\",\"before\":{{\"kept\":{{\"name\":{name:?},\"was\":{{\"device\":1,\"inode\":1,\"size\":1,\"changed\":[0,0]}}}}}},\"directory\":[0,0],\"on_root\":true,\"stamp\":0}}"
        );
        let replacement: Replacement = serde_json::from_str(&json).unwrap();
        assert!(replacement.undo(&bench.tree, &bench.kept).is_err(), "{name}");
    }
}

/// A path may be any bytes, as text that stands for them.
#[test]
fn a_path_that_somebody_else_wrote_stays_below_the_root() {
    let bench = Bench::new();
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("file");
    fs::write(&victim, "whole").unwrap();
    let path: String = victim.to_str().unwrap().replace('/', "\u{10ff2f}");
    let replacement =
        Replacement { path: format!("/{path}"), before: Before::Absent, directory: (0, 0), on_root: true, stamp: 0 };
    assert!(replacement.undo(&bench.tree, &bench.kept).is_err());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "whole");
}

#[test]
fn what_was_kept_and_is_gone_is_not_called_back() {
    let bench = Bench::new();
    let replacement = bench.replaced("/etc/file", &text("after\n"));
    fs::remove_file(bench.kept.join("1")).unwrap();
    assert!(replacement.undo(&bench.tree, &bench.kept).is_err());
}

/// A file that got the number of the one that was there is not that one.
#[test]
fn a_number_that_is_used_again_is_another_file() {
    let bench = Bench::new();
    let place = bench.tree.at.join("etc/file");
    let mut replacement = Replacement::of(&bench.tree, "/etc/file", "1".to_owned()).unwrap();
    copy(&place, &bench.kept.join("1")).unwrap();
    fs::write(&place, "somebody else's").unwrap();
    set_time(&place, (1_200_000_000, 0)).unwrap();
    if let Before::Kept { was, .. } = &mut replacement.before {
        let now = Identity::of(&fs::metadata(&place).unwrap());
        (was.device, was.inode) = (now.device, now.inode);
    }
    assert!(replacement.changed_since(&bench.tree, &bench.kept).unwrap());
    replacement.undo(&bench.tree, &bench.kept).unwrap();
    assert_eq!(fs::read_to_string(&place).unwrap(), "before\n");
}

#[test]
fn directories_come_and_go() {
    let bench = Bench::new();
    let before = bench.seen();
    let new = NewDirectory::of(&bench.tree, "/etc/new").unwrap();
    new.apply(&bench.tree).unwrap();
    assert!(bench.tree.at.join("etc/new").is_dir());
    fs::write(bench.tree.at.join("etc/new/own"), "").unwrap();
    new.undo(&bench.tree).unwrap();
    assert!(bench.tree.at.join("etc/new/own").exists(), "somebody else's");
    fs::remove_file(bench.tree.at.join("etc/new/own")).unwrap();
    for _ in 0..2 {
        new.undo(&bench.tree).unwrap();
        assert_eq!(bench.seen(), before);
    }
}
