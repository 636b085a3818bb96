//! Everything that was copied in comes out.

use super::sample::{Image, find, noise, open_bytes, tree};
use crate::formats::disk::{Filesystem, InodeKind};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A whole second, and an even one: FAT counts in two.
const MTIME: u64 = 1_709_210_096;

/// What a directory of the host holds, by path: bytes of files, nothing of directories.
type Tree = BTreeMap<String, Option<Vec<u8>>>;

fn sample(size: usize, files: usize) -> Tree {
    let mut tree = Tree::new();
    let mut put = |path: &str, bytes: Option<Vec<u8>>| {
        for (end, _) in path.match_indices('/').skip(1) {
            tree.insert(path[..end].to_owned(), None);
        }
        tree.insert(path.to_owned(), bytes);
    };
    put("/EMPTY", Some(Vec::new()));
    put("/one byte", Some(vec![7]));
    put("/EFI/BOOT/BOOTX64.EFI", Some(noise(1, size)));
    put("/EFI/fedora/grub.cfg", Some(b"search --no-floppy\n".to_vec()));
    put("/Grüße aus Köln – 漢字.conf", Some(noise(2, 5000)));
    put("/a name of several dots . and spaces.tar.gz", Some(noise(3, 513)));
    put(&format!("/{}", "long".repeat(63)), Some(noise(4, 511)));
    put("/exactly 13 ch", Some(noise(5, 512)));
    put("/twenty-six characters here", Some(noise(6, 1)));
    put("/empty directory", None);
    put(&format!("/{}/deep", (0..20).map(|n| format!("level {n}")).collect::<Vec<_>>().join("/")), Some(noise(7, 99)));
    for number in 0..files {
        put(&format!("/many/{number:05} is its number"), Some(noise(number as u64, number % 700)));
    }
    tree
}

fn lay_out(tree: &Tree, below: &Path) {
    for (path, bytes) in tree {
        let place = below.join(path.trim_start_matches('/'));
        match bytes {
            None => std::fs::create_dir_all(&place).unwrap(),
            Some(bytes) => std::fs::write(&place, bytes).unwrap(),
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(MTIME);
        std::fs::File::open(&place).unwrap().set_modified(time).unwrap();
    }
}

fn comes_out(size: u64, options: &[&str], largest: usize, files: usize) {
    let image = Image::new(size, options);
    let wanted = sample(largest, files);
    let source = image.room.path().join("tree");
    std::fs::create_dir(&source).unwrap();
    lay_out(&wanted, &source);
    image.copy(&source);
    image.is_clean();
    let found = tree(&image.open()).unwrap();
    let differ: Vec<_> = found
        .keys()
        .chain(wanted.keys())
        .filter(|path| found.contains_key(*path) != wanted.contains_key(*path))
        .collect();
    assert!(differ.is_empty(), "{options:?}: {differ:?}");
    for (path, (inode, bytes)) in &found {
        assert_eq!((inode.mode, inode.uid, inode.rdev), (0o755, 0, 0), "{path}");
        match &wanted[path] {
            Some(wanted) => {
                assert_eq!(inode.kind, InodeKind::File, "{path}");
                assert_eq!(inode.size, wanted.len() as u64, "{path}");
                assert_eq!(inode.mtime, i64::try_from(MTIME).unwrap(), "{path}");
                assert!(bytes == wanted, "{path}");
            }
            None => {
                assert_eq!(inode.kind, InodeKind::Directory, "{path}");
                assert!(inode.size > 0 && inode.size % 512 == 0, "{path}");
            }
        }
    }
}

#[test]
fn fat12() {
    comes_out(2 << 10, &["-F", "12", "-s", "1"], 100_000, 150);
    comes_out(4 << 10, &["-F", "12", "-s", "8", "-r", "1024"], 1_000_000, 60);
}

#[test]
fn fat16() {
    comes_out(16 << 10, &["-F", "16", "-s", "4"], 3_000_000, 400);
    comes_out(32 << 10, &["-F", "16", "-S", "4096", "-s", "1"], 200_000, 50);
    comes_out(32 << 10, &["-F", "16", "-S", "1024", "-s", "4", "-f", "1"], 500_000, 50);
}

#[test]
fn fat32() {
    comes_out(40 << 10, &["-F", "32", "-s", "1"], 3_000_000, 400);
}

#[test]
fn a_fat32_with_few_clusters_is_one_as_well() {
    let image = Image::new(40 << 10, &["-F", "32", "-s", "1"]);
    image.write("a file with a long name", &noise(1, 100_000));
    let few = image.with_sectors(4096);
    std::fs::write(image.path(), &few).unwrap();
    image.is_clean();
    let fs = open_bytes(few).unwrap();
    assert!(format!("{:?}", fs.layout).contains("width: Fat32, cluster: 512"));
    assert!(tree(&fs).unwrap()["/a file with a long name"].1 == noise(1, 100_000));
}

#[test]
fn the_widths_are_told_apart_as_the_kernel_does() {
    // 4084 clusters are the most of FAT12, 4085 the fewest of FAT16.
    let image = |clusters: u16| {
        let mut bytes = vec![0; 4096 * 1024];
        bytes[..36].copy_from_slice(&[&[0xeb, 0x3c, 0x90][..], b"mkfs.fat", &[0; 25]].concat());
        bytes[11..13].copy_from_slice(&512_u16.to_le_bytes());
        bytes[13] = 1;
        bytes[14..16].copy_from_slice(&1_u16.to_le_bytes());
        bytes[16] = 2;
        bytes[17..19].copy_from_slice(&16_u16.to_le_bytes());
        bytes[19..21].copy_from_slice(&(clusters + 1 + 2 * 20 + 1).to_le_bytes());
        bytes[21] = 0xf8;
        bytes[22..24].copy_from_slice(&20_u16.to_le_bytes());
        format!("{:?}", open_bytes(bytes).unwrap().layout)
    };
    assert!(image(4084).contains("width: Fat12"));
    assert!(image(4085).contains("width: Fat16"));
}

#[test]
fn fragments_are_put_together() {
    for options in [&["-F", "12", "-s", "1"][..], &["-F", "16", "-s", "1"], &["-F", "32", "-s", "1"]] {
        let size = if options[1] == "12" { 2 << 10 } else { 40 << 10 };
        let size = if options[1] == "16" { 16 << 10 } else { size };
        let image = Image::new(size, options);
        let sources: Vec<String> = (0..120).map(|n| format!("{}/p{n}", image.room.path().display())).collect();
        for source in &sources {
            std::fs::write(source, noise(1, 3000)).unwrap();
        }
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        image.tool("mmd", &["::d"]);
        image.tool("mcopy", &[&sources[..], &["::d"]].concat());
        let holes: Vec<String> = (0..120).step_by(2).map(|n| format!("::d/p{n}")).collect();
        image.tool("mdel", &holes.iter().map(String::as_str).collect::<Vec<_>>());
        // mtools looks for free clusters behind the last one that it took; fill what is there first.
        let free = if options[1] == "32" { 3_000_000 } else { 300_000 };
        image.write("big", &noise(2, free));
        image.write("BIG2", &noise(3, 150_000));
        image.is_clean();
        let fs = image.open();
        let found = tree(&fs).unwrap();
        assert!(found["/big"].1 == noise(2, free));
        assert!(found["/BIG2"].1 == noise(3, 150_000));
        let extents = format!("{:?}", fs.open(find(&fs, "/BIG2").unwrap()).unwrap()).matches("logical").count();
        let other = format!("{:?}", fs.open(find(&fs, "/big").unwrap()).unwrap()).matches("logical").count();
        assert!(extents + other > 10 || options[1] == "32", "{options:?}: {extents} and {other} extents");
        assert_eq!(found.len(), 63);
    }
}

#[test]
fn attributes_and_the_label_are_what_linux_makes_of_them() {
    let image = Image::new(1440, &["-n", "EFI SYSTEM"]);
    image.write("locked.txt", b"1");
    image.write("hidden.txt", b"2");
    image.tool("mmd", &["::locked"]);
    image.tool("mattrib", &["+r", "::locked.txt"]);
    image.tool("mattrib", &["+h", "+s", "::hidden.txt"]);
    image.tool("mattrib", &["+r", "::locked"]);
    let found = tree(&image.open()).unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["/hidden.txt", "/locked", "/locked.txt"]);
    assert_eq!(found["/locked.txt"].0.mode, 0o555);
    assert_eq!(found["/hidden.txt"].0.mode, 0o755);
    assert_eq!(found["/locked"].0.mode, 0o755, "Windows has another meaning for it");
    let top = image.open().inode(0).unwrap();
    assert_eq!((top.kind, top.mode, top.mtime), (InodeKind::Directory, 0o755, 0));
}

#[test]
fn the_mark_of_an_unclean_unmount_changes_nothing() {
    let image = Image::new(40 << 10, &["-F", "32"]);
    image.write("file", b"content");
    let mut bytes = image.bytes();
    bytes[65] |= 1;
    assert_eq!(tree(&open_bytes(bytes).unwrap()).unwrap(), tree(&image.open()).unwrap());
}
