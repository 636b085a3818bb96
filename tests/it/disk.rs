//! `doctor --disk`: a disk that is mounted nowhere is judged as its mounted root is, and only read.

use crate::support::disk::{Disk, NEEDS, ROOT_UUID, filesystem, partition};
use crate::support::run::{Answer, as_ordinary_user, doctor, isctpl};
use crate::support::trace::trace;
use crate::support::tree::Tree;
use crate::support::{has, is_root, kernel_cannot, skip};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Says loudly that a test is left out, where a program for making disks is missing.
fn cannot_make_disks(test: &str) -> bool {
    let missing: Vec<&str> = NEEDS.into_iter().filter(|program| !has(program)).collect();
    if !missing.is_empty() {
        skip(test, &format!("not installed: {}", missing.join(", ")));
    }
    !missing.is_empty()
}

fn machine(changes: &str) -> tempfile::TempDir {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add(changes, "changes").unpack()
}

/// Verdict, broken link and what was found, of a report in JSON.
fn essence(answer: &Answer) -> (String, String, BTreeSet<String>) {
    let report = answer.json();
    let findings = report["findings"].as_array().unwrap().iter();
    let failed = findings.filter(|finding| finding["status"] == "fail");
    let checks = failed.map(|finding| finding["check"].as_str().unwrap().to_owned()).collect();
    (report["verdict"]["boot"].to_string(), report["verdict"]["broken_link"].to_string(), checks)
}

#[test]
fn a_disk_is_judged_as_its_root_is() {
    if cannot_make_disks("a_disk_is_judged_as_its_root_is") {
        return;
    }
    let initrd = "/boot/initrd.img-6.1.0-50-amd64";
    for changes in
        ["", &format!("- {initrd}\n"), &format!("f 0644 {initrd}\n| nothing\n"), "- /etc/iscsi/initiatorname.iscsi\n"]
    {
        let root = machine(changes);
        let expected = essence(&doctor(root.path(), &["--format", "json"]));
        let disk = Disk::of(root.path());
        for image in [disk.raw(), disk.qcow2()] {
            let answer = as_ordinary_user(&["doctor", "--format", "json", "--disk", image.to_str().unwrap()]);
            assert_eq!(essence(&answer), expected, "{changes:?} {}\n{}", image.display(), answer.out);
        }
    }
}

#[test]
fn what_the_disk_shows_is_told() {
    if cannot_make_disks("what_the_disk_shows_is_told") {
        return;
    }
    let root = machine("");
    let disk = Disk::of(root.path());
    let shown = isctpl(["show", "storage", "--disk", disk.raw().to_str().unwrap()]);
    assert!(shown.out.contains("/dev/mapper/ubuntu--vg-ubuntu--lv"), "{}", shown.out);
    assert!(shown.out.contains(ROOT_UUID), "{}", shown.out);
    // The root that it is said to have is another one.
    let grub = Tree::load("machines/initramfs-tools.tree");
    let crate::support::tree::Entry::File { content, .. } = &grub.entries["/boot/grub/grub.cfg"] else { panic!() };
    let other = String::from_utf8(content.clone()).unwrap().replace("ubuntu--vg-ubuntu--lv", "other--vg-root");
    let lines: String = other.lines().map(|line| format!("| {line}\n")).collect();
    let root = machine(&format!("f 0600 /boot/grub/grub.cfg\n{lines}"));
    let disk = Disk::of(root.path());
    let answer = isctpl(["doctor", "--disk", disk.raw().to_str().unwrap()]);
    assert_eq!(answer.code, 2, "{}", answer.out);
    assert!(answer.out.starts_with("FAILS at "), "{}", answer.out);
}

#[test]
fn its_commands_are_for_whoever_mounts_it() {
    if cannot_make_disks("its_commands_are_for_whoever_mounts_it") {
        return;
    }
    let root = machine("- /boot/initrd.img-6.1.0-50-amd64\n");
    let disk = Disk::of(root.path());
    let answer = isctpl(["doctor", "--disk", disk.raw().to_str().unwrap()]);
    let place = disk.raw().display().to_string();
    assert!(answer.out.contains("Type the commands below in a chroot of the root"), "{}", answer.out);
    assert!(answer.out.replace("\n  ", " ").contains(&place), "{}", answer.out);
    let mut lines = answer.out.lines().map(str::trim_start).skip_while(|line| !line.starts_with("fix "));
    assert!(lines.any(|line| line.starts_with("# ")), "{}", answer.out);
    for line in answer.out.lines().map(str::trim_start) {
        assert!(!line.starts_with("chroot ") && !line.starts_with("isctpl prepare"), "{line}");
    }
}

#[test]
fn a_snapshot_of_a_disk_is_judged_as_the_disk() {
    if cannot_make_disks("a_snapshot_of_a_disk_is_judged_as_the_disk") {
        return;
    }
    let disk = Disk::of(machine("- /boot/vmlinuz-6.1.0-50-amd64\n").path());
    let image = disk.raw();
    let file = image.with_extension("snapshot");
    let taken = isctpl(["snapshot", "--disk", image.to_str().unwrap(), "-o", file.to_str().unwrap()]);
    assert_eq!(taken.code, 0, "{}", taken.err);
    let judged = isctpl(["doctor", "--format", "json", "--snapshot", file.to_str().unwrap()]);
    let direct = isctpl(["doctor", "--format", "json", "--disk", image.to_str().unwrap()]);
    assert_eq!(essence(&judged), essence(&direct));
    assert_eq!(essence(&direct).0, "\"fails\"");
}

/// With two systems on it, and with none.
#[test]
fn the_root_is_found_or_asked_for() {
    if cannot_make_disks("the_root_is_found_or_asked_for") {
        return;
    }
    const MIB: u64 = 1 << 20;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("disk");
    File::create(&path).unwrap().set_len(160 * MIB).unwrap();
    partition(&path, "label: gpt\nstart=2048, size=131072\nstart=133120, size=131072\nstart=264192, size=32768\n");
    let root = machine("f 0644 /etc/fstab\n| UUID=1 / ext4 defaults 0 1\n");
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("data"), "x").unwrap();
    let uuid = |last: u32| format!("11111111-2222-3333-4444-55555555550{last}");
    filesystem(&path, 65 * MIB, 64 * MIB, &uuid(8), data.path());
    filesystem(&path, 129 * MIB, 16 * MIB, &uuid(9), data.path());
    let asked = |more: &[&str]| isctpl(["doctor", "--disk", path.to_str().unwrap()].iter().chain(more));
    let none = asked(&[]);
    assert_eq!(none.code, 3, "{}", none.out);
    assert!(none.err.contains("no operating system was found"), "{}", none.err);
    for last in [8, 9] {
        let why = format!("UUID={}: it has neither os-release nor init", uuid(last));
        assert!(none.err.contains(&why), "{}", none.err);
    }
    filesystem(&path, MIB, 64 * MIB, &uuid(7), root.path());
    assert_ne!(asked(&[]).code, 3, "{}", asked(&[]).err);
    filesystem(&path, 65 * MIB, 64 * MIB, &uuid(8), root.path());
    let several = asked(&[]);
    assert_eq!(several.code, 3, "{}", several.out);
    for last in [7, 8] {
        assert!(several.err.contains(&format!("--root-device UUID={}", uuid(last))), "{}", several.err);
    }
    for chosen in [format!("UUID={}", uuid(8)), "sda2".to_owned()] {
        let answer = asked(&["--root-device", &chosen]);
        assert_ne!(answer.code, 3, "{}", answer.err);
    }
    let wrong = asked(&["--root-device", "sda3"]);
    assert!(wrong.err.contains("neither os-release nor init"), "{}", wrong.err);
}

/// A btrfs on the whole disk, made by these commands in its top, which is `$1`; `$2` is a tree to copy. Nothing where this
/// kernel does not mount one.
fn btrfs(test: &str, tree: &Path, commands: &str) -> Option<(tempfile::TempDir, String)> {
    for program in ["mkfs.btrfs", "btrfs", "unshare"] {
        if !has(program) {
            skip(test, &format!("`{program}` is not installed"));
            return None;
        }
    }
    let kernels = fs::read_to_string("/proc/filesystems").unwrap();
    if !is_root() || !kernels.lines().any(|line| line.ends_with("\tbtrfs")) {
        kernel_cannot(test, "it takes root and a kernel that mounts a btrfs");
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("disk");
    File::create(&image).unwrap().set_len(256 << 20).unwrap();
    assert!(Command::new("mkfs.btrfs").arg("-q").arg(&image).status().unwrap().success());
    let top = directory.path().join("top");
    fs::create_dir(&top).unwrap();
    let script = format!("mount -o loop \"$0\" \"$1\"\n{commands}\numount \"$1\"");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-euc", &script]).arg(&image).arg(&top).arg(tree);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = image.to_str().unwrap().to_owned();
    Some((directory, path))
}

/// Snapshots, and the subvolume that is shown by default under its own name as well, are no systems besides.
#[test]
fn a_btrfs_has_its_root_where_it_is_mounted_from() {
    const TEST: &str = "a_btrfs_has_its_root_where_it_is_mounted_from";
    let root = machine("e 0755 /usr/sbin/init\nf 0644 /etc/fstab\n| /dev/sda / btrfs defaults 0 1\n");
    let of = |at: &str, commands: &str| {
        let made =
            format!("[ -z \"{at}\" ] || btrfs subvolume create \"$1/{at}\"\ncp -a \"$2/.\" \"$1/{at}\"\n{commands}");
        btrfs(TEST, root.path(), &made)
    };
    let snapshot = "btrfs subvolume snapshot \"$1/$FROM\" \"$1/$FROM/before\"";
    let default = "btrfs subvolume set-default \"$1/@\"";
    for (at, commands, shown) in [
        ("", String::new(), "/"),
        ("", format!("FROM=.\n{snapshot}"), "/"),
        ("@", format!("FROM=@\n{snapshot}"), "/@"),
        ("@", format!("{default}\nFROM=@\n{snapshot}"), "/@"),
    ] {
        let Some((_kept, disk)) = of(at, &commands) else { return };
        let answer = isctpl(["doctor", "--disk", &disk]);
        assert_ne!(answer.code, 3, "{at} {commands}: {}", answer.err);
        let storage = isctpl(["show", "storage", "--disk", &disk, "--format", "json"]).json();
        assert_eq!(storage["storage"]["root_subvolume"], shown, "{at} {commands}: {storage}");
    }
    let second = "btrfs subvolume snapshot \"$1/@\" \"$1/@old\"";
    let Some((_kept, disk)) = of("@", second) else { return };
    let several = isctpl(["doctor", "--disk", &disk]);
    assert_eq!(several.code, 3, "{}", several.out);
    for path in ["--subvolume @ ", "--subvolume @old "] {
        assert!(several.err.contains(path), "{}", several.err);
    }
    let chosen = isctpl(["doctor", "--disk", &disk, "--root-device", "sda", "--subvolume", "@old"]);
    assert_ne!(chosen.code, 3, "{}", chosen.err);
    // The one that is shown by default is one of several like the others.
    let snapper = "mkdir -p \"$1/@/.snapshots/1\"\nbtrfs subvolume snapshot \"$1/@\" \"$1/@/.snapshots/1/snapshot\"\n\
                   btrfs subvolume set-default \"$1/@/.snapshots/1/snapshot\"";
    for (commands, [first, other]) in
        [(format!("{second}\n{default}"), ["@", "@old"]), (snapper.to_owned(), ["@/.snapshots/1/snapshot", "@"])]
    {
        let Some((_kept, disk)) = of("@", &commands) else { return };
        for choice in [&[][..], &["--root-device", "sda"]] {
            let several = isctpl(["doctor", "--disk", &disk].iter().chain(choice));
            assert_eq!(several.code, 3, "{}", several.out);
            for path in [first, other] {
                assert!(several.err.contains(&format!(" --subvolume {path} ")), "{}", several.err);
            }
        }
        for path in [first, other] {
            let choice = ["--disk", &disk, "--root-device", "sda", "--subvolume", path];
            let chosen = isctpl(["doctor"].iter().chain(&choice));
            assert_ne!(chosen.code, 3, "{path}: {}", chosen.err);
            let storage = isctpl(["show", "storage", "--format", "json"].iter().chain(&choice)).json();
            assert_eq!(storage["storage"]["root_subvolume"], format!("/{path}"), "{storage}");
        }
    }
}

/// What is shown by default needs no list of the others to be judged.
#[test]
fn a_damaged_list_of_subvolumes_hides_no_root() {
    let root = machine("e 0755 /usr/sbin/init\nf 0644 /etc/fstab\n| /dev/sda / btrfs defaults 0 1\n");
    let commands = "for name in data @; do btrfs subvolume create \"$1/$name\"; done\nmkdir \"$1/data/in\"\n\
                    btrfs subvolume create \"$1/data/in/below\"\nbtrfs inspect-internal rootid \"$1/data\" > \"$1.id\"\n\
                    cp -a \"$2/.\" \"$1/@\"\nbtrfs subvolume set-default \"$1/@\"";
    let Some((kept, disk)) = btrfs("a_damaged_list_of_subvolumes_hides_no_root", root.path(), commands) else { return };
    let whole = isctpl(["doctor", "--format", "json", "--disk", &disk]);
    // Nodes of the tree through which the path of the lowest one leads: their filesystem and their tree stand in their
    // heads (`struct btrfs_header`), and their checksum is wrong afterwards.
    let tree: u64 = fs::read_to_string(kept.path().join("top.id")).unwrap().trim().parse().unwrap();
    let mut image = fs::read(&disk).unwrap();
    let fsid = image[0x1_0020..0x1_0030].to_vec();
    let is_of_tree = |at: &usize| image[at + 32..][..16] == fsid[..] && image[at + 88..][..8] == tree.to_le_bytes();
    let nodes: Vec<usize> = (0x11_0000..image.len() - 4096).step_by(4096).filter(is_of_tree).collect();
    assert!(!nodes.is_empty());
    nodes.iter().for_each(|at| image[at + 2000] ^= 1);
    fs::write(&disk, image).unwrap();
    let damaged = isctpl(["doctor", "--format", "json", "--disk", &disk]);
    assert_eq!(essence(&damaged).2, essence(&whole).2, "{}{}", damaged.out, damaged.err);
    assert_eq!(damaged.out.matches(": tree node ").count(), 1, "{}", damaged.out);
    let chosen = isctpl(["doctor", "--disk", &disk, "--root-device", "sda", "--subvolume", "@"]);
    assert!(chosen.code == 3 && chosen.err.contains("checksum is wrong"), "{}{}", chosen.out, chosen.err);
}

#[test]
fn nothing_is_mounted_written_or_executed() {
    const TEST: &str = "nothing_is_mounted_written_or_executed";
    if !has("strace") {
        return skip(TEST, "`strace` is not installed");
    }
    if cannot_make_disks(TEST) {
        return;
    }
    let disk = Disk::of(machine("").path());
    let raw = disk.raw();
    let trace = trace([OsStr::new("doctor"), OsStr::new("--disk"), raw.as_os_str()]);
    assert!(trace.code < 3, "{}", trace.code);
    let opened = trace.only_reads(None);
    for call in &opened {
        let path = call.rest.split('"').nth(1).unwrap();
        assert!(
            trace.is_own(call) || path == raw.to_str().unwrap() || is_library(path),
            "opens something else: {path}"
        );
    }
    trace.is_fenced_before("disk.raw", TEST);
    assert!(!opened.is_empty());
}

/// What the linker opens before a program begins.
fn is_library(path: &str) -> bool {
    path.contains("/lib") || path == "/etc/ld.so.cache"
}

/// The kinds of damage that a copy which broke off has, and answers in time.
#[test]
fn a_disk_that_is_cut_off_is_told_and_not_guessed() {
    if cannot_make_disks("a_disk_that_is_cut_off_is_told_and_not_guessed") {
        return;
    }
    let disk = Disk::of(machine("").path());
    for image in [disk.raw(), disk.qcow2()] {
        let whole = fs::metadata(&image).unwrap().len();
        for part in [0, 100, 4096, whole / 16, whole / 3, whole / 2] {
            let cut = image.with_extension("cut");
            fs::copy(&image, &cut).unwrap();
            File::options().write(true).open(&cut).unwrap().set_len(part).unwrap();
            let begun = Instant::now();
            let answer = isctpl(["doctor", "--disk", cut.to_str().unwrap()]);
            // A bound on a hang, and no measure of speed.
            assert!(begun.elapsed() < Duration::from_secs(60));
            assert_eq!(answer.code, 3, "{part} of {}: {}{}", image.display(), answer.out, answer.err);
            assert!(!answer.out.starts_with("BOOTS"), "{}", answer.out);
            // Why there is nothing to judge is told with it.
            assert!(!answer.err.trim_end().ends_with("was found"), "{}", answer.err);
        }
    }
}

/// Damaged at random where structures lie, and asked with little memory: an answer, and no crash.
#[test]
fn a_damaged_disk_is_answered_within_its_memory() {
    if !has("prlimit") {
        return skip("a_damaged_disk_is_answered_within_its_memory", "`prlimit` is not installed");
    }
    if cannot_make_disks("a_damaged_disk_is_answered_within_its_memory") {
        return;
    }
    let disk = Disk::of(machine("").path());
    let mut random = 7u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut codes = BTreeSet::new();
    for image in [disk.raw(), disk.qcow2()] {
        let good = fs::read(&image).unwrap();
        let held: Vec<usize> =
            (0..good.len() / 512).filter(|at| good[at * 512..][..512].iter().any(|byte| *byte != 0)).collect();
        for _ in 0..40 {
            let mut bad = good.clone();
            // Most of what is held are files: half of the damage goes to where tables and superblocks are.
            for _ in 0..=next(16) {
                let most = if next(2) == 0 { held.len() } else { held.len().min(64) };
                let sector = held[usize::try_from(next(most as u64)).unwrap()];
                let at = sector * 512 + usize::try_from(next(512)).unwrap();
                bad[at] = u8::try_from(next(256)).unwrap();
            }
            let path = image.with_extension("bad");
            fs::write(&path, &bad).unwrap();
            let mut command = Command::new("prlimit");
            command.arg("--data=134217728").arg(env!("CARGO_BIN_EXE_isctpl"));
            command.args(["doctor", "--format", "json", "--disk"]).arg(&path).env_clear();
            let begun = Instant::now();
            let output = command.output().unwrap();
            // A bound on a hang, and no measure of speed.
            assert!(begun.elapsed() < Duration::from_secs(60));
            let kept = || fs::copy(&path, "/tmp/isctpl-damaged-disk").map(|_| "kept as /tmp/isctpl-damaged-disk");
            let code = output.status.code();
            assert!(code.is_some_and(|code| code <= 3), "{} {:?}", String::from_utf8_lossy(&output.stderr), kept());
            codes.insert(code);
        }
    }
    assert!(codes.contains(&Some(3)), "no damage was seen: {codes:?}");
}

#[test]
fn what_is_no_disk_is_said_to_be_that() {
    let directory = tempfile::tempdir().unwrap();
    let told = |path: &Path| isctpl(["doctor", "--disk", path.to_str().unwrap()]).err;
    assert!(told(directory.path()).contains("--root judges one"));
    assert!(told(&directory.path().join("none")).contains("does not exist"));
    let noise = directory.path().join("noise");
    fs::write(&noise, [7; 1 << 16]).unwrap();
    assert!(told(&noise).contains("no partition table, volume or filesystem that isctpl knows"), "{}", told(&noise));
    let vmdk = directory.path().join("disk.vmdk");
    fs::write(&vmdk, [b"KDMV".as_slice(), &[0; 4096]].concat()).unwrap();
    assert!(told(&vmdk).contains("qemu-img convert"), "{}", told(&vmdk));
    let usage = isctpl(["doctor", "--disk", "x", "--root", "/mnt"]);
    assert_eq!(usage.code, 3);
    assert!(usage.err.contains("cannot be used with"), "{}", usage.err);
}
