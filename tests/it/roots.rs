//! Recognising roots on real filesystems: subvolumes of btrfs, and what a device's first blocks say.

use isctpl::probes::lun::contents;
use isctpl::probes::lun::system::{self, RootVerdict};
use isctpl::system::{Root, holders};
use isctpl_checks::facts::BlockDevice;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Something that must be taken down again by a program and its argument.
struct Undone(&'static str, Vec<String>);

impl Drop for Undone {
    fn drop(&mut self) {
        let _ = Command::new(self.0).args(&self.1).output();
    }
}

fn mount(options: &str, node: &str, at: &Path) -> Undone {
    fs::create_dir_all(at).unwrap();
    run("mount", &["-o", options, node, at.to_str().unwrap()]);
    Undone("umount", vec![at.display().to_string()])
}

fn system(root: &Path) {
    for (path, text) in
        [("etc/os-release", "PRETTY_NAME=Example\n"), ("sbin/init", ""), ("etc/fstab", "UUID=1 / btrfs\n")]
    {
        let path: PathBuf = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn roots_in_subvolumes_are_found_and_the_default_one_is_known() {
    const TEST: &str = "btrfs";
    if !crate::support::is_root() || !["losetup", "mkfs.btrfs", "btrfs"].into_iter().all(crate::support::has) {
        crate::support::skip(TEST, "it takes root, losetup and btrfs-progs");
        return;
    }
    if !fs::read_to_string("/proc/filesystems").unwrap().lines().any(|line| line.ends_with("\tbtrfs")) {
        crate::support::kernel_cannot(TEST, "it has no btrfs");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("image");
    fs::File::create(&image).unwrap().set_len(128 << 20).unwrap();
    run("mkfs.btrfs", &["-q", image.to_str().unwrap()]);
    let node = run("losetup", &["--find", "--show", image.to_str().unwrap()]);
    let _device = Undone("losetup", vec!["--detach".to_owned(), node.clone()]);
    let name = node.rsplit('/').next().unwrap();
    let (top, at) = (directory.path().join("top"), directory.path().join("at"));
    let _top = mount("subvolid=5", &node, &top);
    for path in ["@", "@home"] {
        run("btrfs", &["subvolume", "create", top.join(path).to_str().unwrap()]);
    }
    system(&top.join("@"));
    // A directory that looks the same and is no subvolume cannot be mounted as one.
    system(&top.join("directory"));
    run("btrfs", &["subvolume", "set-default", top.join("@").to_str().unwrap()]);
    let _at = mount("ro", &node, &at);

    let host = Root::running().unwrap();
    assert_eq!(system::mounted_subvolume(&host, at.to_str().unwrap()).unwrap().as_deref(), Some("@"));
    assert_eq!(system::mounted_subvolume(&host, top.to_str().unwrap()).unwrap(), None);
    let whole = Root::open(&top).unwrap();
    assert!(matches!(system::judge(&system::look(&whole)), RootVerdict::NoRoot(_)));
    assert_eq!(system::judge(&system::look(&Root::open(&at).unwrap())), RootVerdict::Root);
    let found = system::subvolumes(&whole).unwrap();
    assert_eq!(found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["@"]);
    assert_eq!(found[0].evidence.name.as_deref(), Some("Example"));

    let number = fs::read_to_string(format!("/sys/class/block/{name}/dev")).unwrap().trim().to_owned();
    let mut devices = [BlockDevice { name: name.to_owned(), number, ..BlockDevice::default() }];
    contents::read(&host, &mut devices);
    let contents = contents::of(&devices);
    assert_eq!(contents.unread, []);
    assert_eq!((contents.filesystems[0].kind.as_str(), contents.filesystems[0].may_be_root()), ("btrfs", true));
    assert!(contents.filesystems[0].uuid.is_some());

    // Its mounts have a device number that no device has.
    let holders = holders::find(name, Duration::from_secs(30));
    let mut targets: Vec<_> =
        holders.mounts.iter().filter(|mount| mount.own_namespace).map(|mount| &mount.target).collect();
    targets.sort();
    assert_eq!(targets, [&at.display().to_string(), &top.display().to_string()]);
}
