//! Images of mkfs.btrfs, filled from a directory: they need no mounting.

use super::image::{Patched, disk, mkfs, opened};
use super::tree::{assert_same, of_directory, of_filesystem};
use super::*;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use tempfile::tempdir;

/// Bytes that do not repeat.
pub(super) fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Many shapes of files, those of the lengths among them.
pub(super) fn fill(top: &Path, lengths: &[usize]) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(top.join(name), bytes).unwrap();
    std::fs::create_dir_all(top).unwrap();
    write("empty", b"");
    for length in lengths {
        write(&format!("length-{length}"), &noise(*length, *length as u64));
    }
    let sparse = std::fs::File::create(top.join("sparse")).unwrap();
    sparse.set_len(9_000_000).unwrap();
    for place in [0, 1 << 20, 4_999_000, 8_999_990] {
        sparse.write_all_at(b"0123456789", place).unwrap();
    }
    std::fs::File::create(top.join("hole")).unwrap().set_len(1_000_000).unwrap();
    let many = top.join("many");
    std::fs::create_dir(&many).unwrap();
    for index in 0..1500 {
        std::fs::write(many.join(format!("a file that has the number {index}")), format!("{index}")).unwrap();
    }
    let deep = (0..60).fold(top.join("deep"), |path, index| path.join(format!("{index}")));
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("end"), b"reached").unwrap();
    for name in ["é ü 漢字".as_bytes(), b"not \xff\xfe UTF-8", &[b'x'; 255], b"\n\t'\"\\", b"...", b"-"] {
        std::fs::write(top.join(OsStr::from_bytes(name)), name).unwrap();
    }
    symlink("length-1", top.join("short link")).unwrap();
    symlink("y/".repeat(1900), top.join("long link")).unwrap();
    symlink("/absolute/\u{e9}", top.join("absolute link")).unwrap();
    let set =
        |name: &str, mode| std::fs::set_permissions(top.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    set("sparse", 0o4711);
    set("many", 0o1777);
    image::run(std::process::Command::new("mkfifo").arg(top.join("fifo")));
    std::fs::hard_link(top.join("sparse"), top.join("many/hard link")).unwrap();
}

#[test]
fn every_shape() {
    let work = tempdir().unwrap();
    let (content, path) = (work.path().join("content"), work.path().join("image"));
    std::fs::create_dir(&content).unwrap();
    fill(&content, &[1, 2047, 4096, 4097, 8191, 70_000, 3_000_001]);
    let shapes: [&[&str]; 2] = [&["--csum", "xxhash", "-n", "4096"], &["-M", "-n", "4096", "--csum", "blake2"]];
    compare(&path, &content, &shapes);
    // This mkfs.btrfs fails on files that are longer than its nodes, and short enough to be inline.
    for length in [2048, 2049, 4075, 4095] {
        std::fs::write(content.join(format!("long-{length}")), noise(length, 1)).unwrap();
    }
    symlink("z".repeat(4095), content.join("longest link")).unwrap();
    let shapes: [&[&str]; 4] = [
        &["-m", "raid0", "-d", "raid0"],
        &["--csum", "sha256", "-m", "single", "-O", "^no-holes"],
        &["--shrink", "-R", "^free-space-tree", "-O", "^extref,^skinny-metadata"],
        &["-n", "65536", "-d", "dup"],
    ];
    compare(&path, &content, &shapes);
}

/// Makes an image with each of these options, and reads it.
fn compare(path: &Path, content: &Path, shapes: &[&[&str]]) {
    let wanted = of_directory(content);
    for options in shapes {
        mkfs(path, 128, options, Some(content));
        let btrfs = opened(path);
        assert_eq!(btrfs.default_subvolume(), Ok(5));
        assert_eq!(btrfs.subvolumes(), Ok(vec![Subvolume { id: 5, path: Vec::new(), read_only: false }]));
        assert_same(&of_filesystem(&btrfs.at(5).unwrap()).unwrap(), &wanted);
        std::fs::remove_file(path).unwrap();
    }
}

/// What is not there, and what is something else than it is asked for.
#[test]
fn wrong_questions() {
    let work = tempdir().unwrap();
    let (content, path) = (work.path().join("content"), work.path().join("image"));
    std::fs::create_dir_all(content.join("directory")).unwrap();
    std::fs::write(content.join("file"), b"x").unwrap();
    mkfs(&path, 128, &[], Some(&content));
    let btrfs = opened(&path);
    for id in [0, 1, 7, 9, 256, u64::MAX, 1 << 48] {
        assert!(matches!(btrfs.at(id), Err(DiskError::Read(_))), "{id}");
    }
    let filesystem = btrfs.at(5).unwrap();
    let top = filesystem.top();
    let find = |name: &[u8]| filesystem.lookup(top, name).unwrap();
    for name in [&b"File"[..], b"", b".", b"..", b"file\0", &[b'n'; 256], &[b'n'; 70_000]] {
        assert_eq!(find(name), None);
    }
    let (file, directory) = (find(b"file").unwrap(), find(b"directory").unwrap());
    assert!(filesystem.lookup(file, b"x").is_err());
    assert!(filesystem.list(file, &mut |_| std::ops::ControlFlow::Continue(())).is_err());
    assert!(filesystem.read_link(file).is_err() && filesystem.read_link(directory).is_err());
    assert!(filesystem.open(directory).is_err());
    for number in [0, 1, 2, 255, file + 1000, 7 << 48, u64::MAX] {
        assert!(filesystem.inode(number).is_err(), "{number}");
    }
    let content = filesystem.open(file).unwrap();
    assert_eq!(content.read_at(1, &mut [0; 4]), Ok(0));
    assert_eq!(content.read_at(u64::MAX, &mut [0; 4]), Ok(0));
}

/// Two names of one hash stand in the same item.
#[test]
fn names_of_one_hash() {
    let work = tempdir().unwrap();
    let (content, path) = (work.path().join("content"), work.path().join("image"));
    std::fs::create_dir(&content).unwrap();
    let names = same_hash();
    assert_ne!(names[0], names[1]);
    for name in &names {
        std::fs::write(content.join(OsStr::from_bytes(name)), name).unwrap();
    }
    mkfs(&path, 128, &[], Some(&content));
    let filesystem = opened(&path).at(5).unwrap();
    assert_same(&of_filesystem(&filesystem).unwrap(), &of_directory(&content));
}

/// Two names with one hash: of some 80,000, two have the same.
fn same_hash() -> [Vec<u8>; 2] {
    use super::super::dir_item::DirItem;
    let mut seen = std::collections::HashMap::new();
    for number in 1_u64.. {
        // A CRC is linear, so the numbers must not be: those that are count up have no two of one hash.
        let name = format!("{:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).into_bytes();
        if let Some(other) = seen.insert(DirItem::hash(&name), name.clone()) {
            return [other, name];
        }
    }
    unreachable!("there are more names than hashes")
}

/// Nodes of a filesystem that was given another fsid keep the one that they were written with.
#[test]
fn another_fsid() {
    let work = tempdir().unwrap();
    let (content, path) = (work.path().join("content"), work.path().join("image"));
    std::fs::create_dir(&content).unwrap();
    std::fs::write(content.join("file"), b"x").unwrap();
    mkfs(&path, 128, &[], Some(&content));
    image::run(std::process::Command::new("btrfstune").arg("-m").arg(&path));
    let filesystem = opened(&path).at(5).unwrap();
    assert_same(&of_filesystem(&filesystem).unwrap(), &of_directory(&content));
}

/// What the kernel mounts by is the first superblock alone; an error says whether a copy is whole.
#[test]
fn a_superblock_that_is_not_whole() {
    let work = tempdir().unwrap();
    let path = work.path().join("image");
    mkfs(&path, 128, &[], None);
    let text = |flips: &[u64]| open(disk(Patched::new(&path, flips, u64::MAX))).unwrap_err().to_string();
    for (place, what) in [(0x1_0040, "it has no magic number"), (0x1_0200, "its checksum is wrong")] {
        let wanted = format!("the superblock is damaged: {what}; its mirror at byte 67108864 is whole");
        assert_eq!(text(&[place]), wanted);
    }
    assert_eq!(text(&[0x1_0200, 0x400_0200]), "the superblock is damaged: its checksum is wrong");
    for end in [0, 0x1_0000, 0x1_0800] {
        assert!(matches!(open(disk(Patched::new(&path, &[], end))), Err(DiskError::Read(_))));
    }
}

/// A node or sector that is damaged in one of its copies is read from the other one, as the kernel does.
#[test]
fn copies() {
    let work = tempdir().unwrap();
    let (content, path) = (work.path().join("content"), work.path().join("image"));
    std::fs::create_dir(&content).unwrap();
    std::fs::write(content.join("file"), noise(100_000, 7)).unwrap();
    mkfs(&path, 128, &["-m", "dup", "-d", "dup"], Some(&content));
    let whole = std::fs::read(&path).unwrap();
    let wanted = of_directory(&content);
    // Both copies of the sector in the file's middle.
    let part = &std::fs::read(content.join("file")).unwrap()[8192..8224];
    let starts = (0..whole.len()).step_by(4096).filter(|place| &whole[*place..place + 32] == part);
    let places: Vec<u64> = starts.map(|place| place as u64).collect();
    assert_eq!(places.len(), 2);
    let read = |flips: &[u64]| of_filesystem(&open(disk(Patched::new(&path, flips, u64::MAX))).unwrap().at(5).unwrap());
    // One sector of one copy, and another one of the other.
    for flips in [[places[0] + 100, places[1] + 4096], [places[1] + 100, places[0] + 4096]] {
        assert_same(&read(&flips).unwrap(), &wanted);
    }
    let text = read(&[places[0] + 100, places[1] + 100]).unwrap_err().to_string();
    assert!(text.starts_with("what a file holds at address ") && text.ends_with(": its checksum is wrong"), "{text}");
}

/// Features by their names.
#[test]
fn features() {
    use super::super::features::check;
    assert_eq!(check(0x1_0fff & !(1 << 12), 1 | 1 << 32), Ok(()));
    let text = |incompat, flags| check(incompat, flags).unwrap_err().to_string();
    assert_eq!(
        text(1 << 12 | 1 << 14 | 1 << 15, 0),
        "the btrfs has the feature ZONED, RAID_STRIPE_TREE, 0x8000, which isctpl does not read"
    );
    assert_eq!(text(1 << 13, 0), "the btrfs has the feature EXTENT_TREE_V2, which isctpl does not read");
    assert_eq!(text(0, 1 << 35), "the btrfs has the superblock flag CHANGING_FSID, which isctpl does not read");
}
