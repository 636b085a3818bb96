//! Trees that are changed while they are read.

use super::{OUTSIDE, machine, report};
use crate::hostile::INITRD;
use nix::sys::stat::{Mode, SFlag, mknod};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Judges a root again and again while it is changed in each of these ways by turns; it ends each time, and tells
/// nothing of what stands outside. Each way of change has to succeed meanwhile.
fn judged_meanwhile(root: &Path, what: &str, ways: &[&str], mut change: impl FnMut(&str) -> io::Result<()> + Send) {
    let ends = AtomicBool::new(false);
    let mut done = vec![0; ways.len()];
    let mut failed = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for turn in (0..ways.len()).cycle() {
                if ends.load(Ordering::Relaxed) {
                    break;
                }
                match change(ways[turn]) {
                    Ok(()) => done[turn] += 1,
                    Err(error) => failed.push(format!("{}: {error}", ways[turn])),
                }
                // A run in between sees either.
                std::thread::sleep(std::time::Duration::from_micros(50));
            }
        });
        let codes: Vec<Result<i32, _>> = (0..12)
            .map(|_| {
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    let answer = report(root, what);
                    assert!(!answer.out.contains(OUTSIDE), "{what}: {}", answer.out);
                    assert!(answer.json()["verdict"]["boot"].is_string(), "{what}: {}", answer.out);
                    answer.code
                }))
            })
            .collect();
        ends.store(true, Ordering::Relaxed);
        assert!(codes.iter().all(Result::is_ok), "{what}: a run failed");
    });
    // Nobody else changes anything there.
    assert!(failed.is_empty(), "{what}: {failed:?}");
    assert!(done.iter().all(|count| *count > 0), "{what}: {ways:?} came about {done:?} times");
}

/// How long a file is made, in bytes.
const TERABYTE: u64 = 1 << 40;

const PLACES: [&str; 5] =
    ["etc/fstab", "boot/grub/grub.cfg", INITRD, "etc/iscsi/iscsid.conf", "usr/lib/modules/6.1.0-50-amd64/modules.dep"];

/// Renamed into the place by turns: the file itself, a FIFO, a link to outside, a file of 1 TB, nothing.
#[test]
fn what_is_swapped_while_it_is_read_is_the_one_or_the_other() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("file");
    fs::write(&secret, format!("/dev/{OUTSIDE} / ext4 defaults 0 1\n# {OUTSIDE}\n")).unwrap();
    for place in PLACES {
        let root = machine();
        let at = root.path().join(place);
        let beside = |name: &str| root.path().join("run").join(name);
        fs::copy(&at, beside("file")).unwrap();
        mknod(&beside("fifo"), SFlag::S_IFIFO, Mode::S_IRWXU, 0).unwrap();
        symlink(&secret, beside("link")).unwrap();
        File::create(beside("large")).unwrap().set_len(TERABYTE).unwrap();
        // A new name of the same file each time, so that rename(2) replaces what is there at once.
        let next = beside("next");
        judged_meanwhile(root.path(), place, &["file", "fifo", "file", "link", "large", "none"], move |kind| {
            if kind == "none" {
                return fs::remove_file(&at);
            }
            fs::hard_link(next.with_file_name(kind), &next)?;
            fs::rename(&next, &at)
        });
    }
}

/// Cut and made longer, in the midst of a read.
#[test]
fn files_that_shrink_and_grow_while_they_are_read_come_to_an_end() {
    for place in PLACES {
        let root = machine();
        let at = root.path().join(place);
        let whole = fs::read(&at).unwrap();
        judged_meanwhile(root.path(), place, &["half", "whole", "longer", "large"], move |length| match length {
            "half" => OpenOptions::new().write(true).open(&at)?.set_len(whole.len() as u64 / 2),
            "whole" => fs::write(&at, &whole),
            "longer" => OpenOptions::new().append(true).open(&at)?.write_all(&[b'\n'; 1 << 16]),
            _ => OpenOptions::new().write(true).open(&at)?.set_len(TERABYTE),
        });
    }
}

/// Directories that are exchanged for each other, and for links to outside.
#[test]
fn directories_that_are_swapped_lead_nowhere_else() {
    let outside = tempfile::tempdir().unwrap();
    for name in ["fstab", "grub.cfg", "iscsid.conf", "os-release", "hostname"] {
        fs::write(outside.path().join(name), format!("NAME={OUTSIDE}\n/dev/{OUTSIDE} / ext4 defaults 0 1\n")).unwrap();
    }
    for place in ["etc", "boot/grub", "etc/iscsi", "usr/lib"] {
        let root = machine();
        let at = root.path().join(place);
        let aside: PathBuf = root.path().join("run/aside");
        let to = outside.path().to_owned();
        judged_meanwhile(root.path(), place, &["link", "directory"], move |kind| {
            if kind == "link" {
                fs::rename(&at, &aside)?;
                return symlink(&to, &at);
            }
            fs::remove_file(&at)?;
            fs::rename(&aside, &at)
        });
    }
}
