//! Trees with everything that a filesystem can hold, and directories of every size.

use super::tools::{Chance, Image, run};
use super::walk;
use crate::formats::disk::Filesystem as _;
use crate::formats::disk::skipped::skip;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// A directory of the host with a bit of everything.
pub(super) fn everything() -> TempDir {
    let source = TempDir::new().unwrap();
    let top = source.path();
    let mut chance = Chance(1);
    for length in [0, 1, 59, 60, 61, 100, 130, 150, 300, 700, 1023, 1024, 1025, 4096, 12_288, 70_000, 1_500_000] {
        fs::write(top.join(format!("file-{length}")), chance.bytes(length)).unwrap();
    }
    let sparse = File::create(top.join("sparse")).unwrap();
    // mke2fs 1.47.0 loses a hole at the end where it first stored the start in the inode.
    for place in [0, 5_000, 300_000, 3_000_000, 12_345_678] {
        sparse.write_all_at(b"here", place).unwrap();
    }
    for length in [1, 58, 59, 60, 61, 200, 1000] {
        symlink("t".repeat(length), top.join(format!("link-{length}"))).unwrap();
    }
    symlink(OsStr::from_bytes(b"not \xFF UTF-8"), top.join("link-bytes")).unwrap();
    fs::write(top.join(OsStr::from_bytes(b"caf\xC3\xA9")), "UTF-8").unwrap();
    fs::write(top.join(OsStr::from_bytes(b"caf\xE9 \xFF\x01")), "not UTF-8").unwrap();
    fs::write(top.join("n".repeat(255)), "a long name").unwrap();
    run(Command::new("mknod").arg(top.join("fifo")).arg("p"), &[0]);
    fs::create_dir(top.join("empty")).unwrap();
    fs::create_dir_all(top.join(["deep"; 20].join("/"))).unwrap();
    fs::write(top.join(["deep"; 20].join("/")).join("file"), "deep down").unwrap();
    for (directory, count) in [("few", 3), ("some", 12), ("many", 200)] {
        fs::create_dir(top.join(directory)).unwrap();
        for index in 0..count {
            fs::write(top.join(directory).join(format!("{directory} \u{e9} {index}")), format!("{index}")).unwrap();
        }
    }
    match nix::unistd::geteuid().is_root() {
        true => of_root(top),
        false => skip("devices and owners in an ext4", "making them takes root"),
    }
    adorn(top);
    source
}

/// Devices, and an owner that needs more than 16 bits.
fn of_root(top: &Path) {
    for (name, kind, numbers) in
        [("null", "c", ["1", "3"]), ("large", "b", ["259", "1048575"]), ("small", "b", ["8", "17"])]
    {
        run(Command::new("mknod").arg(top.join(name)).arg(kind).args(numbers), &[0]);
    }
    chown(top.join("file-59"), Some(70_000), Some(3)).unwrap();
}

/// Modes and times that need all bits.
fn adorn(top: &Path) {
    fs::set_permissions(top.join("file-60"), fs::Permissions::from_mode(0o6751)).unwrap();
    let file = File::open(top.join("file-61")).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(0x7FFF_0000)).unwrap();
}

#[test]
fn a_file_in_many_pieces_is_read() {
    for options in [&["-t", "ext4"][..], &["-t", "ext2"], &["-t", "ext4", "-O", "^metadata_csum,^64bit"]] {
        let options = [options, &["-b", "1024"]].concat();
        let image = Image::make(&options, None, "16M");
        let small = image.directory.path().join("small");
        fs::write(&small, [1; 1000]).unwrap();
        let large = image.directory.path().join("large");
        let content = Chance(2).bytes(1_300_000);
        fs::write(&large, &content).unwrap();
        let mut commands = String::from("mkdir fill\ncd fill\n");
        (0..3500).for_each(|index| commands += &format!("write {} {index}\n", small.display()));
        (0..3500).step_by(2).for_each(|index| commands += &format!("rm {index}\n"));
        commands += &format!("cd /\nwrite {} large\n", large.display());
        image.debugfs(commands.as_bytes());
        image.must_be_clean();
        let ext = image.open();
        let number = walk::resolve(&ext, "large").unwrap().unwrap();
        assert!(walk::content(&ext, number).unwrap() == content);
        let last = walk::resolve(&ext, "fill/3499").unwrap().unwrap();
        assert_eq!(walk::content(&ext, last).unwrap(), [1; 1000]);
        assert_eq!(walk::resolve(&ext, "fill/3498").unwrap(), None);
        let described = image.debugfs(b"stat large\n");
        assert!(described.contains("(ETB") || described.contains("(DIND)"), "{described}");
    }
}

#[test]
fn space_that_was_never_written_is_zeros() {
    let image = Image::make(&["-t", "ext4", "-b", "4096"], None, "16M");
    let file = image.directory.path().join("file");
    fs::write(&file, vec![7; 40_960]).unwrap();
    image.debugfs(format!("write {} file\nfallocate file 5 30\nsif file size 100000\n", file.display()).as_bytes());
    let ext = image.open();
    let content = walk::content(&ext, walk::resolve(&ext, "file").unwrap().unwrap()).unwrap();
    assert_eq!(content.len(), 100_000);
    assert!(content.iter().take(40_960).all(|byte| *byte == 7) && content.iter().skip(40_960).all(|byte| *byte == 0));
}

#[test]
fn what_is_none_of_that_kind_is_refused() {
    let source = everything();
    let ext = Image::make(&["-t", "ext4"], Some(source.path()), "32M").open();
    let number = |path| walk::resolve(&ext, path).unwrap().unwrap();
    assert!(ext.open(number("few")).unwrap_err().to_string().contains("no regular file"));
    assert!(ext.open(number("link-1")).is_err() && ext.read_link(number("file-1")).is_err());
    assert!(ext.lookup(number("file-1"), b"x").unwrap_err().to_string().contains("no directory"));
    for number in [0, 1, 3, 7, 8, 10, 500_000, u64::MAX] {
        assert!(ext.inode(number).is_err(), "{number}");
    }
    assert!(ext.inode(8_000).unwrap_err().to_string().contains("not in use"));
}
