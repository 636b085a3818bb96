//! What is no file, or no end of one, in every place where a file is read.

use super::{Instead, OUTSIDE, machine, opened, report, tells};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// Something to put in a file's place, and the words by which the report tells it, one of which is enough.
struct Kind {
    name: &'static str,
    needs_root: bool,
    told: &'static [&'static str],
    put: fn(&Path),
}

fn node(path: &Path, kind: SFlag, (major, minor): (u64, u64)) {
    mknod(path, kind, Mode::from_bits_truncate(0o644), makedev(major, minor)).unwrap();
}

const SPECIAL: &[&str] = &["is a device, FIFO or socket"];

const KINDS: &[Kind] = &[
    Kind { name: "FIFO", needs_root: false, told: SPECIAL, put: |path| node(path, SFlag::S_IFIFO, (0, 0)) },
    Kind { name: "socket", needs_root: false, told: SPECIAL, put: |path| node(path, SFlag::S_IFSOCK, (0, 0)) },
    // Numbers of /dev/zero and of a tape, which acts on being opened.
    Kind { name: "character device", needs_root: true, told: SPECIAL, put: |path| node(path, SFlag::S_IFCHR, (1, 5)) },
    Kind { name: "tape", needs_root: true, told: SPECIAL, put: |path| node(path, SFlag::S_IFCHR, (9, 0)) },
    Kind { name: "block device", needs_root: true, told: SPECIAL, put: |path| node(path, SFlag::S_IFBLK, (7, 0)) },
    Kind {
        name: "link to itself",
        needs_root: false,
        told: &["symbolic links form a loop"],
        put: |path| symlink(path.file_name().unwrap(), path).unwrap(),
    },
    Kind {
        name: "file of 1 TB",
        needs_root: false,
        told: &["is larger than", "is not", "one line of nothing", "is a script of", "contains only NUL bytes"],
        put: |path| {
            let file = File::create(path).unwrap();
            file.set_len(1 << 40).unwrap();
            // A profile of NetworkManager, or a key, counts for its owner alone.
            file.set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
        },
    },
];

/// Places of which nothing is told, and why that is right.
fn is_silent(kind: &Kind, place: &str) -> bool {
    let is_file = kind.name == "file of 1 TB";
    // Who owns these directories passes over all that is no regular file, and so it is as if nothing were there:
    // systemd (`unit_file_build_name_map`, `conf_files_list`), udev, NetworkManager, and what reads loader entries.
    let only_files = [
        "/usr/lib/systemd/system/",
        "/etc/systemd/",
        "/etc/udev/rules.d/",
        "/etc/sysctl.d/",
        "/etc/NetworkManager/system-connections/",
        "/boot/loader/",
        "/boot/efi/EFI/",
    ];
    // The loader of this machine is GRUB: what is wrong with another one's files is told where that one starts it.
    let other_loader = ["/boot/loader/"];
    // Hints: an advice more or less hangs on them (`Reader::hint`, `probes/loader/dracut.rs`), or whether a copy has to be
    // cleaned, which what is no file need not be.
    let hints = [
        "/etc/dracut.conf",
        "/var/lib/dpkg/status",
        "/usr/lib/systemd/systemd-networkd",
        "/usr/sbin/NetworkManager",
        "/etc/machine-id",
    ];
    // Asked for where an image's modules ask for more than they bring; of those that are missing on the disk the names
    // are told, and the loader that is no file is told as one that is not there.
    let asked_elsewhere = ["/modules.alias", ".ko", "/BOOTX64.EFI"];
    (!is_file && only_files.iter().any(|directory| place.starts_with(directory)))
        || other_loader.iter().chain(&hints).any(|beginning| place.starts_with(beginning))
        || asked_elsewhere.iter().any(|end| place.ends_with(end))
        // No more is read of it than where its version stands.
        || (is_file && place.starts_with("/boot/vmlinuz"))
}

#[test]
fn whatever_stands_in_a_files_place_is_told() {
    let test = "whatever_stands_in_a_files_place_is_told";
    let root = machine();
    let Some(opened) = opened(root.path(), test) else { return };
    let mut silent = Vec::new();
    for kind in KINDS {
        if kind.needs_root && !crate::support::is_root() {
            crate::support::skip(&format!("{test}: {}", kind.name), "making a device needs root");
            continue;
        }
        for place in &opened.files {
            let what = format!("{place} as a {}", kind.name);
            let _instead = Instead::of(root.path().join(&place[1..]), kind.put);
            let answer = report(root.path(), &what);
            if !tells(&answer, place, kind.told) && !is_silent(kind, place) {
                silent.push(what);
            }
        }
    }
    assert!(silent.is_empty(), "not told: {silent:#?}");
}

/// A million of something is no more than what is listed: the limit is the same.
#[test]
fn directories_of_more_entries_than_are_listed_are_told() {
    let root = machine();
    let Some(opened) = opened(root.path(), "directories_of_more_entries_than_are_listed_are_told") else { return };
    let big = root.path().join("big");
    fs::create_dir(&big).unwrap();
    fs::write(big.join("0"), OUTSIDE).unwrap();
    for number in 1..50_100 {
        fs::hard_link(big.join("0"), big.join(number.to_string())).unwrap();
    }
    let mut silent = Vec::new();
    for place in &opened.directories {
        let _instead = Instead::of(root.path().join(&place[1..]), |path| symlink("/big", path).unwrap());
        let answer = report(root.path(), place);
        let told = tells(&answer, place, &["has more than 50000 entries", "directory entries"]);
        // As above: those of another loader, a hint, and the directory in which a loader is looked for by its name.
        let is_silent = ["/boot/efi/EFI/", "/boot/loader/", "/etc/dracut.conf.d", "/usr/lib/modules/"]
            .iter()
            .any(|beginning| place.starts_with(beginning));
        if !told && !is_silent {
            silent.push(place);
        }
    }
    assert!(silent.is_empty(), "not told: {silent:#?}");
}
