//! Links: out of the root, round in circles, and to directories in which one is in no time at the same place again.

use super::{Instead, OUTSIDE, Opened, machine, opened, read, report};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A directory outside of the root that has all that a run opens in it, and in each file where that stands.
fn outside(places: &Opened) -> tempfile::TempDir {
    let outside = tempfile::tempdir().unwrap();
    for directory in &places.directories {
        fs::create_dir_all(outside.path().join(&directory[1..])).unwrap();
    }
    for file in &places.files {
        let path = outside.path().join(&file[1..]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = format!("# {OUTSIDE}\nPRETTY_NAME={OUTSIDE}\n/dev/{OUTSIDE} / ext4 defaults 0 1\n");
        fs::write(path, text).unwrap();
    }
    outside
}

/// Ways out of a root, as the target of a link.
fn ways_out(root: &Path, to: &Path) -> Vec<PathBuf> {
    let inside = to.strip_prefix("/").unwrap();
    let up = "../".repeat(64);
    let from_root = format!("{}{}", "../".repeat(root.components().count()), inside.display());
    vec![
        to.to_owned(),
        Path::new(&up).join(inside),
        from_root.into(),
        Path::new("/proc/self/root").join(inside),
        Path::new("/proc/1/root").join(inside),
        Path::new("/proc/thread-self/cwd").join(&up).join(inside),
    ]
}

/// One of them, so that over all places each is taken.
fn way_out(root: &Path, outside: &Path, place: &str) -> PathBuf {
    let mut ways = ways_out(root, &outside.join(&place[1..]));
    ways.swap_remove(place.len() % ways.len())
}

/// Every file and every directory that is read, replaced by a link to one outside, of which nothing is told.
#[test]
fn no_link_leads_out_of_the_root() {
    let root = machine();
    let Some(places) = opened(root.path(), "no_link_leads_out_of_the_root") else { return };
    let outside = outside(&places);
    for place in places.files.iter().chain(&places.directories) {
        let way = way_out(root.path(), outside.path(), place);
        let _instead = Instead::of(root.path().join(&place[1..]), |path| symlink(&way, path).unwrap());
        let what = format!("{place} as a link to {}", way.display());
        let answer = report(root.path(), &what);
        assert!(!answer.out.contains(OUTSIDE), "{what} is read: {}", answer.out);
    }
}

/// Most readers show nothing of what they read: so the kernel is asked whether they opened any of it.
#[test]
fn nothing_that_a_link_names_outside_is_opened() {
    const TEST: &str = "nothing_that_a_link_names_outside_is_opened";
    let Some(places) = opened(machine().path(), TEST) else { return };
    let outside = outside(&places);
    let root = machine();
    for place in &places.files {
        replace(root.path(), outside.path(), place);
    }
    assert_none_outside(root.path(), outside.path(), "files");
    let root = machine();
    let depth = |place: &String| place.matches('/').count();
    // Deepest first: what lies above is still there to be gone through.
    for level in (2..=places.directories.iter().map(depth).max().unwrap()).rev() {
        for place in places.directories.iter().filter(|place| depth(place) == level) {
            replace(root.path(), outside.path(), place);
        }
        assert_none_outside(root.path(), outside.path(), &format!("directories of level {level}"));
    }
    // Of all of these at once a run would find nothing left to read.
    for place in places.directories.iter().filter(|place| depth(place) == 1) {
        let root = machine();
        replace(root.path(), outside.path(), place);
        assert_none_outside(root.path(), outside.path(), place);
    }
}

/// Puts a link to outside in a place.
fn replace(root: &Path, outside: &Path, place: &str) {
    let path = root.join(&place[1..]);
    match path.symlink_metadata().unwrap().is_dir() {
        true => fs::remove_dir_all(&path).unwrap(),
        false => fs::remove_file(&path).unwrap(),
    }
    symlink(way_out(root, outside, place), &path).unwrap();
}

/// Traces a run over a root in which links are: it reads there, and not where they lead.
fn assert_none_outside(root: &Path, outside: &Path, links: &str) {
    let outside = outside.canonicalize().unwrap();
    let opened: Vec<String> = read(root).into_iter().map(|(path, _)| path).collect();
    assert!(opened.iter().any(|path| Path::new(path).starts_with(root)), "{links} as links: {opened:?}");
    let led: Vec<&String> = opened.iter().filter(|path| Path::new(path).starts_with(&outside)).collect();
    assert!(led.is_empty(), "{links} as links: opened outside: {led:?}");
}

/// Chains of links, circles of them, and directories that hold themselves.
#[test]
fn links_in_circles_come_to_an_end() {
    let root = machine();
    let Some(places) = opened(root.path(), "links_in_circles_come_to_an_end") else { return };
    for place in &places.directories {
        for (what, target) in [("itself", "."), ("what holds it", ".."), ("the root", "/"), ("a circle", "/circle/a")] {
            let _ = fs::create_dir(root.path().join("circle"));
            let _ = symlink("b", root.path().join("circle/a"));
            let _ = symlink("a", root.path().join("circle/b"));
            let at = root.path().join(&place[1..]);
            let name = at.join(format!("link-to-{}.conf", target.len()));
            symlink(target, &name).unwrap();
            report(root.path(), &format!("{place} with a link to {what}"));
            fs::remove_file(name).unwrap();
            // The directory itself is such a link.
            let _instead = Instead::of(at, |path| symlink(target, path).unwrap());
            report(root.path(), &format!("{place} as a link to {what}"));
        }
    }
}

/// Forty links on the way to a file are followed (`MAXSYMLINKS` in `include/linux/namei.h`); a file behind one more is
/// not read, which is told.
#[test]
fn a_chain_of_links_that_is_too_long_is_told() {
    let root = machine();
    let etc = root.path().join("etc");
    fs::rename(etc.join("fstab"), etc.join("fstab0")).unwrap();
    for number in 1..=40 {
        symlink(format!("fstab{}", number - 1), etc.join(format!("fstab{number}"))).unwrap();
    }
    let sound = report(machine().path(), "no chain").code;
    for (links, is_told) in [(40, false), (41, true)] {
        let _ = fs::remove_file(etc.join("fstab"));
        // Itself one, and as many behind it as the number says.
        symlink(format!("fstab{}", links - 1), etc.join("fstab")).unwrap();
        let answer = report(root.path(), "a chain of links");
        assert_eq!(
            super::tells(&answer, "/etc/fstab", &["symbolic links form a loop"]),
            is_told,
            "{links}: {}",
            answer.out
        );
        assert_eq!(answer.code == sound, !is_told, "{links}: {}", answer.out);
    }
}

/// Directories within directories, deeper than any path reaches.
#[test]
fn directories_deeper_than_a_path_come_to_an_end() {
    let root = machine();
    let Some(places) = opened(root.path(), "directories_deeper_than_a_path_come_to_an_end") else { return };
    // By a script: each step is taken from within the one before.
    let script = "i=0; while [ $i -lt 1500 ]; do mkdir deep && cd -P deep || exit 1; i=$((i + 1)); done";
    let made = std::process::Command::new("sh").args(["-c", script]).current_dir(root.path()).status().unwrap();
    assert!(made.success());
    for place in &places.directories {
        let name = root.path().join(&place[1..]).join("deep");
        symlink("/deep", &name).unwrap();
    }
    let answer = report(root.path(), "deep directories");
    assert!(answer.code <= 3);
    // Deeper than the library's own removal holds directories open.
    let mut remove = std::process::Command::new("rm");
    remove.args(["-rf", "--one-file-system"]).arg(root.path().join("deep"));
    assert!(remove.status().unwrap().success());
}
