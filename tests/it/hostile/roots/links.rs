//! Links: out of the root, round in circles, and to directories in which one is in no time at the same place again.

use super::{Instead, OUTSIDE, machine, opened, read, report};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A directory outside of the root that has all files of a root, each of which says where it stands.
fn outside(files: impl Iterator<Item = String>) -> tempfile::TempDir {
    let outside = tempfile::tempdir().unwrap();
    for file in files {
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

/// Every file and every directory that is read, replaced by a link to one outside: none of those is opened.
#[test]
fn no_link_leads_out_of_the_root() {
    let test = "no_link_leads_out_of_the_root";
    let root = machine();
    let Some(places) = opened(root.path(), test) else { return };
    let outside = outside(places.files.iter().cloned());
    let canonical = outside.path().canonicalize().unwrap();
    // Files first, so that what is below a directory is there to be replaced.
    for (is_file, place) in
        places.files.iter().map(|place| (true, place)).chain(places.directories.iter().map(|place| (false, place)))
    {
        // What does not start a machine on its own is replaced as a whole.
        if !is_file && place.matches('/').count() < 2 {
            continue;
        }
        let at = outside.path().join(&place[1..]);
        for (number, way) in ways_out(root.path(), &at).iter().enumerate() {
            // Each way is tried over all files, and each directory by one of them.
            if number != (place.len() + usize::from(is_file)) % 6 {
                continue;
            }
            let _instead = Instead::of(root.path().join(&place[1..]), |path| symlink(way, path).unwrap());
            let what = format!("{place} as a link to {}", way.display());
            let answer = report(root.path(), &what);
            assert!(!answer.out.contains(OUTSIDE), "{what} is read: {}", answer.out);
        }
    }
    // All at once, and traced: nothing is even opened.
    for place in &places.files {
        let path = root.path().join(&place[1..]);
        fs::remove_file(&path).unwrap();
        symlink(outside.path().join(&place[1..]), &path).unwrap();
    }
    let opened: Vec<String> = read(root.path()).into_iter().map(|(path, _)| path).collect();
    assert!(opened.iter().any(|path| Path::new(path).starts_with(root.path())), "{opened:?}");
    let led: Vec<&String> = opened.iter().filter(|path| Path::new(path).starts_with(&canonical)).collect();
    assert!(led.is_empty(), "opened outside: {led:?}");
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

/// Forty links are followed by the kernel, and one more is none too few to be told.
#[test]
fn a_chain_of_links_that_is_too_long_is_told() {
    let root = machine();
    let etc = root.path().join("etc");
    fs::rename(etc.join("fstab"), etc.join("fstab0")).unwrap();
    for number in 1..45 {
        symlink(format!("fstab{}", number - 1), etc.join(format!("fstab{number}"))).unwrap();
    }
    let sound = report(machine().path(), "no chain").code;
    for (length, is_told) in [(39, false), (44, true)] {
        let _ = fs::remove_file(etc.join("fstab"));
        symlink(format!("fstab{length}"), etc.join("fstab")).unwrap();
        let answer = report(root.path(), "a chain of links");
        assert_eq!(
            super::tells(&answer, "/etc/fstab", &["symbolic links form a loop"]),
            is_told,
            "{length}: {}",
            answer.out
        );
        assert_eq!(answer.code == sound, !is_told, "{length}: {}", answer.out);
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
