//! Every shape of what mkfs.xfs makes.

use super::image::{Image, open_bytes};
use super::tree::{self, Item, Tree};
use crate::formats::disk::xfs::directory::tests::same_hash;
use crate::formats::disk::xfs::{Node, fork::Fork};
use crate::formats::disk::{DiskError, Filesystem};
use std::ops::ControlFlow;
use std::time::{SystemTime, UNIX_EPOCH};

fn comes_out(megabytes: u64, options: &[&str], tree: &Tree) -> Image {
    let image = Image::new(megabytes, options, tree);
    tree::assert_same(tree, &tree::read(&image.open().unwrap()));
    image
}

#[test]
fn version_5() {
    comes_out(32, &[], &tree::sample());
}

#[test]
fn version_5_with_all_that_mkfs_offers() {
    let image = comes_out(40, &["-m", "rmapbt=1", "-i", "nrext64=1,size=2048", "-s", "size=4096"], &tree::sample());
    assert!(image.db(&["version"]).contains("NREXT64"));
}

#[test]
fn version_5_with_nothing_that_can_be_left_out() {
    let options = ["-m", "bigtime=0,finobt=0,inobtcount=0,reflink=0", "-i", "sparse=0"];
    comes_out(32, &options, &tree::sample());
}

#[test]
fn version_4() {
    let mut tree = tree::sample();
    tree.append(&mut tree::long_links());
    comes_out(32, &["-m", "crc=0"], &tree);
}

#[test]
fn version_4_that_tells_no_kind_and_has_the_first_log() {
    comes_out(32, &["-m", "crc=0", "-n", "ftype=0", "-l", "version=1", "-i", "attr=1"], &tree::sample());
}

#[test]
fn blocks_of_512_bytes() {
    let mut tree = tree::sample();
    tree.append(&mut tree::long_links());
    comes_out(32, &["-m", "crc=0", "-b", "size=512"], &tree);
}

#[test]
fn blocks_of_64_kib() {
    comes_out(160, &["-b", "size=65536"], &tree::sample());
}

#[test]
fn directory_blocks_of_64_kib() {
    comes_out(32, &["-n", "size=65536"], &tree::sample());
}

/// Directories whose extents stand in a tree, and an index whose leaves have a node above them.
fn many_entries(options: &[&str], count: u32, index: &str) {
    let image = comes_out(48, options, &tree::pieces(count));
    let xfs = image.open().unwrap();
    let many = xfs.lookup(xfs.top(), b"many").unwrap().unwrap();
    assert!(matches!(xfs.node(many).unwrap(), Node { fork: Some(Fork::Tree(_)), .. }));
    let top = image.db(&["path /many", index, "p nhdr.level"]);
    assert!(top.contains("level = 1"), "{top}");
}

#[test]
fn a_directory_of_many_entries_of_version_5() {
    many_entries(&["-b", "size=1024"], 8000, "dblock 33554432");
}

#[test]
fn a_directory_of_many_entries_of_version_4() {
    many_entries(&["-m", "crc=0", "-b", "size=512"], 6000, "dblock 67108864");
}

/// Names of one hash over several leaves.
#[test]
fn names_of_the_same_hash() {
    let mut tree = Tree::from([(b"same".to_vec(), (0o755, 0, Item::Directory))]);
    let names = same_hash(700);
    for (number, name) in names.iter().enumerate() {
        tree.insert([b"same/".as_slice(), name].concat(), (0o644, number as u32, Item::Fifo));
    }
    for number in 0..300 {
        tree.insert(format!("same/other-{number}").into_bytes(), (0o644, 0, Item::Fifo));
    }
    comes_out(32, &["-b", "size=1024"], &tree);
}

#[test]
fn times_and_devices() {
    let tree = Tree::from([
        (b"file".to_vec(), (0o644, 0, Item::File(b"1".to_vec()))),
        (b"device".to_vec(), (0o600, 0, Item::Device(true, 259, 0x1_2345))),
    ]);
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    let before = now();
    for options in [["-m", "crc=0"], ["-m", "bigtime=1"]] {
        let image = Image::new(16, &options, &tree);
        let xfs = image.open().unwrap();
        let file = xfs.lookup(xfs.top(), b"file").unwrap().unwrap();
        assert!((before..=now()).contains(&xfs.inode(file).unwrap().mtime));
        let device = xfs.lookup(xfs.top(), b"device").unwrap().unwrap();
        // glibc's makedev(259, 0x12345).
        assert_eq!(xfs.inode(device).unwrap().rdev, 0x1231_0345);
    }
    let image = Image::new(16, &["-m", "crc=0"], &tree);
    let xfs = image.open().unwrap();
    let file = xfs.lookup(xfs.top(), b"file").unwrap().unwrap();
    let mut bytes = image.bytes();
    let time = xfs.superblock.inode_place(file).unwrap() as usize + 40;
    bytes[time..time + 4].copy_from_slice(&(-86_400_i32).to_be_bytes());
    assert_eq!(open_bytes(bytes).unwrap().inode(file).unwrap().mtime, -86_400);
}

#[test]
fn whoever_asks_for_the_wrong_kind_is_told() {
    let image = Image::new(32, &[], &tree::sample());
    let xfs = image.open().unwrap();
    let etc = xfs.lookup(xfs.top(), b"etc").unwrap().unwrap();
    let file = xfs.lookup(etc, b"hostname").unwrap().unwrap();
    let link = xfs.lookup(etc, b"short-link").unwrap().unwrap();
    for refused in [
        xfs.lookup(file, b"x").map(drop),
        xfs.list(link, &mut |_| ControlFlow::Continue(())),
        xfs.read_link(etc).map(drop),
        Filesystem::open(&xfs, etc).map(drop),
        Filesystem::open(&xfs, link).map(drop),
        xfs.inode(0).map(drop),
        xfs.inode(u64::MAX).map(drop),
    ] {
        assert!(matches!(refused, Err(DiskError::Damaged { .. })), "{refused:?}");
    }
    // Free, in the block of the top directory.
    let empty = Image::new(16, &[], &Tree::new()).open().unwrap();
    assert!(
        matches!(empty.inode(empty.top() + 60), Err(DiskError::Damaged { what, .. }) if what.contains("not in use"))
    );
    for absent in [b"".as_slice(), b".", b"..", &[b'n'; 300]] {
        assert_eq!(xfs.lookup(etc, absent).unwrap(), None);
        assert_eq!(xfs.lookup(xfs.top(), absent).unwrap(), None);
    }
    let mut seen = 0;
    xfs.list(etc, &mut |_| {
        seen += 1;
        if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(seen, 3);
}

/// As mkfs.xfs 6.1 writes them: what the kernel says EUCLEAN of.
#[test]
fn a_link_without_its_header_is_damaged() {
    let image = Image::new(16, &[], &tree::long_links());
    let xfs = image.open().unwrap();
    let link = xfs.lookup(xfs.top(), b"long-link").unwrap().unwrap();
    assert!(matches!(xfs.read_link(link), Err(DiskError::Damaged { .. })));
}

#[test]
fn an_image_that_is_cut_is_told() {
    let mut bytes = Image::new(16, &[], &Tree::new()).bytes();
    bytes.truncate(bytes.len() - 1);
    assert!(matches!(open_bytes(bytes), Err(DiskError::Damaged { .. })));
    for length in [0, 3, 263, 511] {
        assert!(open_bytes(vec![b'X'; length]).is_err());
    }
}
