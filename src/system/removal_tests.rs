#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

struct Scene {
    directory: tempfile::TempDir,
    eraser: Eraser,
}

impl Scene {
    /// A root with files, beside something that is none of it.
    fn of(files: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for file in files.iter().chain(&["../outside/kept"]) {
            let path = directory.path().join("root").join(file);
            fs::create_dir_all(directory.path().join("root")).unwrap();
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "12345").unwrap();
        }
        let eraser = Eraser::open(&directory.path().join("root")).unwrap();
        Self { directory, eraser }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.directory.path().join("root").join(path)
    }

    fn remove(&self, path: &str, extent: Extent) -> Result<(), Vec<Problem>> {
        self.eraser.remove(path, extent, &mut |_| {})
    }
}

const ALL: Extent = Extent::Contents(|_| false);

#[test]
fn a_tree_goes_with_all_that_is_in_it_and_nothing_beside_it() {
    let scene = Scene::of(&["tmp/a/b/c", "tmp/a/d", "tmp/e", "etc/kept"]);
    symlink("../etc", scene.path("tmp/a/link")).unwrap();
    symlink("/../outside", scene.path("tmp/out")).unwrap();
    let (size, _) = scene.eraser.measure("/tmp", ALL).unwrap().unwrap();
    assert_eq!(size, Size { bytes: 15, files: 5, directories: 2 });
    scene.remove("/tmp", ALL).unwrap();
    assert_eq!(fs::read_dir(scene.path("tmp")).unwrap().count(), 0);
    assert!(scene.path("etc/kept").exists() && scene.path("../outside/kept").exists());
    scene.remove("/tmp", Extent::Whole).unwrap();
    assert!(!scene.path("tmp").exists());
    assert_eq!(scene.eraser.measure("/tmp", Extent::Whole), Ok(None));
    scene.remove("/tmp", Extent::Whole).unwrap();
}

#[test]
fn what_stays_stays() {
    let scene = Scene::of(&["tmp/lost+found/a", "tmp/b"]);
    scene.remove("/tmp", Extent::Contents(|name| name == "lost+found")).unwrap();
    assert!(scene.path("tmp/lost+found/a").exists() && !scene.path("tmp/b").exists());
}

#[test]
fn no_link_is_followed_to_a_place() {
    let scene = Scene::of(&["etc/kept"]);
    symlink("etc", scene.path("tmp")).unwrap();
    symlink("../outside", scene.path("var")).unwrap();
    for (path, extent) in [("/tmp", ALL), ("/tmp/kept", Extent::Whole), ("/var", ALL), ("/var/kept", Extent::Whole)] {
        assert!(scene.remove(path, extent).is_err(), "{path}");
    }
    assert!(scene.eraser.empty("/var/kept").is_err() && scene.eraser.rewrite("/tmp/kept", b"").is_err());
    assert!(scene.eraser.empty("/../outside/kept").is_ok(), "there is no such path in the root");
    for path in ["/", "/.", "/a/.."] {
        assert!(scene.remove(path, Extent::Whole).is_err(), "{path}");
    }
    // The link itself is an entry as any other.
    scene.remove("/tmp", Extent::Whole).unwrap();
    assert!(!scene.path("tmp").is_symlink());
    assert_eq!(fs::read(scene.path("etc/kept")).unwrap(), b"12345");
    assert_eq!(fs::read(scene.path("../outside/kept")).unwrap(), b"12345");
}

#[test]
fn only_a_file_with_one_name_is_emptied() {
    let scene = Scene::of(&["a", "b"]);
    fs::set_permissions(scene.path("a"), fs::Permissions::from_mode(0o640)).unwrap();
    scene.eraser.empty("/a").unwrap();
    let meta = fs::metadata(scene.path("a")).unwrap();
    assert_eq!((meta.len(), meta.mode() & 0o7777), (0, 0o640));
    fs::hard_link(scene.path("b"), scene.path("c")).unwrap();
    assert!(scene.eraser.empty("/b").unwrap_err().what.contains("hard links"));
    nix::unistd::mkfifo(&scene.path("fifo"), Mode::S_IRUSR).unwrap();
    assert!(scene.eraser.empty("/fifo").is_err());
    assert_eq!(fs::read(scene.path("c")).unwrap(), b"12345");
    scene.eraser.empty("/none").unwrap();
}

#[test]
fn a_file_is_rewritten_whole_and_keeps_what_it_was() {
    let scene = Scene::of(&["etc/a"]);
    fs::set_permissions(scene.path("etc/a"), fs::Permissions::from_mode(0o4640)).unwrap();
    let has_attributes = std::process::Command::new("setfattr")
        .args(["-n", "user.test", "-v", "1"])
        .arg(scene.path("etc/a"))
        .status()
        .is_ok_and(|status| status.success());
    // What an interrupted run has left.
    fs::write(scene.path("etc/.a.isctpl-new"), "half").unwrap();
    scene.eraser.rewrite("/etc/a", b"new").unwrap();
    let names: Vec<_> = fs::read_dir(scene.path("etc")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!((names, fs::read(scene.path("etc/a")).unwrap()), (vec!["a".into()], b"new".to_vec()));
    assert_eq!(fs::metadata(scene.path("etc/a")).unwrap().mode() & 0o7777, 0o4640);
    if has_attributes {
        let mut value = [0; 8];
        assert_eq!(fgetxattr(File::open(scene.path("etc/a")).unwrap(), "user.test", &mut value), Ok(1));
    }
    assert!(scene.eraser.rewrite("/etc/none", b"").is_err());
}

#[test]
fn nesting_without_end_is_told_and_the_rest_goes() {
    let scene = Scene::of(&["tmp/a"]);
    let mut deep = scene.path("tmp");
    for _ in 0..=DEPTH_LIMIT {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    let problems = scene.remove("/tmp", ALL).unwrap_err();
    assert!(problems[0].what.contains("nested deeper"), "{problems:?}");
    assert!(!scene.path("tmp/a").exists());
}

#[test]
fn a_directory_of_many_names_is_emptied() {
    let scene = Scene::of(&["tmp/a"]);
    for number in 0..NAMES_AT_ONCE + 10 {
        File::create(scene.path(&format!("tmp/{number}"))).unwrap();
    }
    let (size, _) = scene.eraser.measure("/tmp", ALL).unwrap().unwrap();
    assert_eq!(size.files, NAMES_AT_ONCE as u64 + 11);
    scene.remove("/tmp", ALL).unwrap();
    assert_eq!(fs::read_dir(scene.path("tmp")).unwrap().count(), 0);
}

/// `SELinux` labels a whole vfat by its mount, and refuses to set the label that it shows.
#[test]
fn an_attribute_that_the_mount_gives_is_not_set() {
    use rustix::io::Errno;
    let held = |value: &[u8]| Ok(value.to_owned());
    assert!(is_given_by_mount(Errno::NOTSUP, b"label", &held(b"label")));
    assert!(is_given_by_mount(Errno::NOTSUP, b"label", &Err(Errno::NOTSUP)));
    assert!(!is_given_by_mount(Errno::NOTSUP, b"label", &held(b"other")));
    assert!(!is_given_by_mount(Errno::NOTSUP, b"label", &Err(Errno::NODATA)));
    assert!(!is_given_by_mount(Errno::PERM, b"label", &held(b"label")));
}
