//! What holds a block device, on loop devices with real filesystems, mounts and processes.

use isctpl::system::holders::{self, Backing, HeldMount, Holders, Use};
use nix::fcntl::{Flock, FlockArg};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ENOUGH: Duration = Duration::from_secs(30);

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A loop device of a file; detached when it is dropped.
struct Loop {
    node: String,
}

impl Loop {
    fn of(file: &Path) -> Self {
        // Somebody else may take the free device that losetup found: it then tries another one.
        Self { node: run("losetup", &["--find", "--show", &file.display().to_string()]) }
    }

    fn name(&self) -> &str {
        self.node.rsplit('/').next().unwrap()
    }

    fn holders(&self) -> Holders {
        holders::find(self.name(), ENOUGH)
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["--detach", &self.node]).output();
    }
}

/// A mount; taken off when it is dropped.
struct Mount(PathBuf);

impl Mount {
    fn of(node: &str, at: &Path) -> Self {
        fs::create_dir_all(at).unwrap();
        run("mount", &[node, &at.display().to_string()]);
        Self(at.to_owned())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

/// A process; ended when it is dropped.
struct Running(Child);

impl Running {
    fn spawn(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One test at a time, in whichever process: a mount namespace that one makes holds the mounts of the others.
fn turn() -> Flock<fs::File> {
    let path = std::env::temp_dir().join("isctpl-tests-holders.lock");
    let file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    Flock::lock(file, FlockArg::LockExclusive).unwrap()
}

/// A loop device with an empty ext4, and a directory for the rest of a test.
fn ext4(test: &str) -> Option<(Flock<fs::File>, tempfile::TempDir, Loop)> {
    if !crate::support::is_root() || !crate::support::has("losetup") || !crate::support::has("mkfs.ext4") {
        crate::support::skip(test, "it takes root, losetup and mkfs.ext4");
        return None;
    }
    let turn = turn();
    let directory = tempfile::tempdir().unwrap();
    let device = Loop::of(&image(directory.path()));
    Some((turn, directory, device))
}

fn image(directory: &Path) -> PathBuf {
    let file = directory.join("image");
    fs::File::create(&file).unwrap().set_len(16 << 20).unwrap();
    run("mkfs.ext4", &["-q", "-F", &file.display().to_string()]);
    file
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < ENOUGH, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn uses(holders: &Holders, pid: u32) -> Vec<Use> {
    holders.processes.iter().find(|process| process.pid == pid).map(|process| process.uses.clone()).unwrap_or_default()
}

/// Mounts of this namespace: whoever makes a namespace on this machine meanwhile has copies of them.
fn here(holders: &Holders) -> Vec<&HeldMount> {
    holders.mounts.iter().filter(|mount| mount.own_namespace).collect()
}

fn targets(holders: &Holders) -> Vec<&str> {
    here(holders).iter().map(|mount| mount.target.as_str()).collect()
}

#[test]
fn a_device_that_nothing_holds_is_free() {
    let Some((_turn, _directory, device)) = ext4("free") else { return };
    let holders = device.holders();
    assert_eq!(holders.problems, []);
    assert!(holders.is_free() && !holders.in_use(), "{holders:?}");
    assert_eq!((holders.devices.len(), &holders.devices[0].backing), (1, &Backing::Itself));
    assert_eq!(holders.devices[0].name, device.name());
}

#[test]
fn a_mount_and_the_processes_below_it() {
    let Some((_turn, directory, device)) = ext4("mount") else { return };
    // A blank is written as `\040` in mountinfo.
    let at = directory.path().join("a target");
    let mount = Mount::of(&device.node, &at);
    fs::copy("/bin/sleep", at.join("program")).unwrap();
    fs::write(at.join("file"), "x").unwrap();
    let file = fs::File::open(at.join("file")).unwrap();
    let program = Running::spawn(Command::new(at.join("program")).arg("60").current_dir("/"));
    let inside = Running::spawn(Command::new("sleep").arg("60").current_dir(&at));
    let holders = device.holders();
    assert_eq!(holders.problems, []);
    assert!(holders.in_use() && !holders.is_free());
    assert_eq!(holders.claimed, Some(true));
    assert_eq!(targets(&holders), [at.to_str().unwrap()]);
    let seen = here(&holders)[0];
    assert_eq!((seen.source.as_str(), seen.kind.as_str()), (device.node.as_str(), "ext4"));
    assert!(seen.seen_by.is_some());
    let shown = |path: &str| at.join(path).display().to_string();
    assert_eq!(uses(&holders, std::process::id()), [Use::OpenFile(shown("file"))]);
    assert_eq!(uses(&holders, inside.0.id()), [Use::WorkingDirectory(at.display().to_string())]);
    let of_program = uses(&holders, program.0.id());
    assert_eq!(of_program, [Use::Program(shown("program")), Use::MappedFile(shown("program"))]);
    let named = holders.processes.iter().find(|process| process.pid == inside.0.id()).unwrap();
    assert_eq!((named.command.as_str(), named.more), ("sleep", 0));
    drop((file, program, inside));
    drop(mount);
    until("free again", || device.holders().is_free());
}

#[test]
fn many_uses_of_one_process_are_counted() {
    let Some((_turn, directory, device)) = ext4("many") else { return };
    let at = directory.path().join("target");
    let _mount = Mount::of(&device.node, &at);
    let files: Vec<_> = (0..20).map(|n| fs::File::create(at.join(n.to_string())).unwrap()).collect();
    let holders = device.holders();
    let process = holders.processes.iter().find(|process| process.pid == std::process::id()).unwrap();
    assert_eq!(process.uses.len() + process.more, files.len());
}

#[test]
fn a_mount_of_another_namespace() {
    let Some((_turn, directory, device)) = ext4("namespace") else { return };
    let at = directory.path().display().to_string();
    let script = format!("mount {} {at} && exec sleep 60", device.node);
    let other = Running::spawn(Command::new("unshare").args(["--mount", "sh", "-c", &script]));
    until("mounted", || device.holders().mounts.len() == 1);
    let holders = device.holders();
    assert_eq!(holders.problems, []);
    let mount = &holders.mounts[0];
    assert_eq!((mount.target.as_str(), mount.own_namespace), (at.as_str(), false));
    assert_eq!(mount.seen_by.as_ref().map(|(pid, _)| *pid), Some(other.0.id()));
    assert!(holders.in_use());
}

#[test]
fn a_mount_of_a_namespace_that_only_a_file_keeps() {
    let Some((_turn, directory, device)) = ext4("kept") else { return };
    let keep = directory.path().join("keep");
    fs::create_dir(&keep).unwrap();
    run("mount", &["-t", "tmpfs", "none", keep.to_str().unwrap()]);
    let _keep = Mount(keep.clone());
    run("mount", &["--make-private", keep.to_str().unwrap()]);
    let file = keep.join("ns");
    fs::write(&file, "").unwrap();
    let at = directory.path().join("target");
    fs::create_dir(&at).unwrap();
    let option = format!("--mount={}", file.display());
    run("unshare", &[&option, "mount", &device.node, at.to_str().unwrap()]);
    let namespace = Mount(file);
    let holders = device.holders();
    assert_eq!(holders.problems, []);
    let mount = &holders.mounts[0];
    assert_eq!((mount.own_namespace, &mount.seen_by), (false, &None));
    assert_eq!(mount.target, at.to_str().unwrap());
    drop(namespace);
    until("free again", || device.holders().is_free());
}

#[test]
fn a_filesystem_that_was_taken_out_of_sight_is_still_in_use() {
    let Some((_turn, directory, device)) = ext4("lazy") else { return };
    let at = directory.path().join("target");
    let mount = Mount::of(&device.node, &at);
    let inside = Running::spawn(Command::new("sleep").arg("60").current_dir(&at));
    run("umount", &["--lazy", at.to_str().unwrap()]);
    std::mem::forget(mount);
    let holders = device.holders();
    assert_eq!((targets(&holders).len(), holders.claimed), (0, Some(true)));
    assert!(matches!(uses(&holders, inside.0.id()).as_slice(), [Use::WorkingDirectory(_)]), "{holders:?}");
    drop(inside);
    until("free again", || device.holders().is_free());
}

#[test]
fn a_process_in_a_chroot() {
    let Some((_turn, directory, device)) = ext4("chroot") else { return };
    let at = directory.path().join("target");
    let _mount = Mount::of(&device.node, &at);
    crate::support::copy_program("sleep", "/bin/sleep", &at);
    let inside = Running::spawn(Command::new("chroot").arg(&at).args(["/bin/sleep", "60"]));
    until("in the chroot", || {
        uses(&device.holders(), inside.0.id()).iter().any(|one| matches!(one, Use::RootDirectory(_)))
    });
    let holders = device.holders();
    assert_eq!(holders.problems, []);
    // It is one mount, seen from two roots, and told as it is seen from the outer one.
    assert_eq!(targets(&holders), [at.to_str().unwrap()]);
}

#[test]
fn a_loop_device_of_a_file_on_the_device() {
    let Some((_turn, directory, device)) = ext4("nested") else { return };
    let outer = directory.path().join("outer");
    let _outer = Mount::of(&device.node, &outer);
    let file = outer.join("inner");
    fs::File::create(&file).unwrap().set_len(4 << 20).unwrap();
    run("mkfs.ext4", &["-q", "-F", file.to_str().unwrap()]);
    let inner = Loop::of(&file);
    let at = directory.path().join("at");
    let _inner = Mount::of(&inner.node, &at);
    let holders = device.holders();
    assert_eq!(holders.problems, []);
    let names: Vec<_> = holders.devices.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(names, [device.name(), inner.name()]);
    assert_eq!(holders.devices[1].backing, Backing::File(file.display().to_string()));
    // The kernel gives the ids of mounts that are gone to new ones, so their order says nothing.
    let mut found = targets(&holders);
    found.sort_unstable();
    assert_eq!(found, [at.to_str().unwrap(), outer.to_str().unwrap()]);
    // Seen from the inner one, the outer one does not lie on it.
    assert_eq!(inner.holders().devices.len(), 1);
}

#[test]
fn a_loop_device_of_a_device() {
    let Some((_turn, _directory, device)) = ext4("stacked") else { return };
    let upper = Loop::of(Path::new(&device.node));
    let holders = device.holders();
    assert_eq!(holders.devices.last().unwrap().name, upper.name());
    assert!(holders.in_use());
}

#[test]
fn a_process_that_reads_the_device_itself() {
    let Some((_turn, _directory, device)) = ext4("raw") else { return };
    let open = fs::File::open(&device.node).unwrap();
    let holders = device.holders();
    assert_eq!(uses(&holders, std::process::id()), [Use::OpenDevice(device.node.clone())]);
    assert!(holders.in_use() && holders.claimed == Some(false));
    drop(open);
    assert!(device.holders().is_free());
}

#[test]
fn swap_on_the_device() {
    let Some((_turn, _directory, device)) = ext4("swap") else { return };
    run("mkswap", &["-f", &device.node]);
    let on = Command::new("swapon").args(["--priority", "0", &device.node]).output().unwrap();
    if !on.status.success() {
        crate::support::kernel_cannot("swap", String::from_utf8_lossy(&on.stderr).trim());
        return;
    }
    let holders = device.holders();
    run("swapoff", &[&device.node]);
    assert_eq!(holders.swaps, std::slice::from_ref(&device.node));
    assert!(holders.in_use());
}

#[test]
fn what_could_not_be_looked_at_is_never_free() {
    let absent = holders::find("isctpl-no-such-device", ENOUGH);
    assert!(!absent.is_free() && absent.problems[0].what.contains("no such block device"), "{absent:?}");
    for name in ["", "../../etc", "."] {
        assert!(!holders::find(name, ENOUGH).is_free(), "{name}");
    }
    let Some((_turn, _directory, device)) = ext4("bound") else { return };
    let cut = holders::find(device.name(), Duration::ZERO);
    assert!(!cut.is_free() && cut.problems.last().unwrap().what.contains("took longer"), "{cut:?}");
}
