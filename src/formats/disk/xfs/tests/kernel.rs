//! Images that Linux 6.18 has filled (`fixtures/disks/xfs-of-linux/make`), against what it shows of them.

use super::image::open_bytes;
use super::tree;
use crate::formats::disk::xfs::Xfs;
use crate::formats::disk::{DiskError, Filesystem, InodeKind};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// What the fixture's list has a CRC of: no more than the end of a file.
const TOLD: u64 = 8 << 20;

fn unpack(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut decoder = zstd::Decoder::new(packed).unwrap();
    decoder.window_log_max(27).unwrap();
    std::io::Read::read_to_end(&mut decoder, &mut bytes).unwrap();
    bytes
}

macro_rules! fixture {
    ($name:literal) => {
        (
            unpack(include_bytes!(concat!("../../../../../fixtures/disks/xfs-of-linux/", $name, ".zst"))),
            String::from_utf8(unpack(include_bytes!(concat!(
                "../../../../../fixtures/disks/xfs-of-linux/",
                $name,
                ".list.zst"
            ))))
            .unwrap(),
        )
    };
}

pub(super) fn large_blocks() -> Vec<u8> {
    fixture!("large-blocks").0
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn checksum(xfs: &Xfs, file: u64) -> u32 {
    let content = xfs.open(file).unwrap();
    let mut bytes = vec![0; TOLD.min(content.size()) as usize];
    assert_eq!(content.read_at(content.size() - bytes.len() as u64, &mut bytes).unwrap(), bytes.len());
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    crc.sum()
}

/// A line of the list, by what is read.
fn line(xfs: &Xfs, number: u64, path: &[u8]) -> String {
    let inode = xfs.inode(number).unwrap();
    let (size, check, target) = match inode.kind {
        InodeKind::File => (inode.size, checksum(xfs, number), Vec::new()),
        InodeKind::Link => (inode.size, 0, xfs.read_link(number).unwrap()),
        InodeKind::Directory | InodeKind::Special => (0, 0, Vec::new()),
    };
    let (path, target) = (hexadecimal(path), hexadecimal(&target));
    format!("{:o} {} {} {} {size} {check} {path} {target}", inode.mode, inode.uid, inode.mtime, inode.rdev)
}

fn lines(xfs: &Xfs) -> Vec<String> {
    let mut lines = Vec::new();
    let mut waiting = vec![(Vec::new(), xfs.top())];
    while let Some((path, directory)) = waiting.pop() {
        let mut names = HashSet::new();
        xfs.list(directory, &mut |entry| {
            let inode = entry.inode;
            assert_eq!(xfs.lookup(directory, entry.name).unwrap(), Some(inode));
            names.insert(entry.name.to_vec());
            let path = [path.as_slice(), if path.is_empty() { b"" } else { b"/" }, entry.name].concat();
            lines.push(line(xfs, inode, &path));
            if xfs.inode(inode).unwrap().kind == InodeKind::Directory {
                waiting.push((path, inode));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        // Names that were removed, or never were there.
        for number in 0..1600 {
            let name = format!("entry-{number}-{}", "n".repeat(number % 30)).into_bytes();
            assert_eq!(xfs.lookup(directory, &name).unwrap().is_some(), names.contains(&name));
        }
    }
    lines
}

fn as_the_kernel_shows(image: Vec<u8>, list: &str) {
    let mut found = lines(&open_bytes(image).unwrap());
    // The kind of a file is in the kernel's mode, and not in that which is read.
    let mut wanted: Vec<_> = list
        .lines()
        .map(|line| {
            let (mode, rest) = line.split_once(' ').unwrap();
            format!("{:o} {rest}", u32::from_str_radix(mode, 8).unwrap() & 0o7777)
        })
        .collect();
    found.sort_unstable();
    wanted.sort_unstable();
    for (found, wanted) in found.iter().zip(&wanted) {
        assert_eq!(found, wanted);
    }
    assert_eq!(found.len(), wanted.len());
}

/// A tree of extents of two levels, reflinks, unwritten extents, wide counts of extents, directories that have shrunk.
#[test]
fn blocks_of_4096_bytes() {
    let (image, list) = fixture!("large-blocks");
    as_the_kernel_shows(image, &list);
}

/// A tree of extents of three levels, directory blocks of four blocks each, which lie in pieces.
#[test]
fn blocks_of_1024_bytes() {
    let (image, list) = fixture!("small-blocks");
    as_the_kernel_shows(image, &list);
}

/// Copied while it was mounted.
#[test]
fn a_mounted_one_is_refused() {
    let (image, _) = fixture!("dirty");
    let refused = open_bytes(image).unwrap_err();
    assert!(matches!(&refused, DiskError::Unsupported(why) if why.contains("not written back")), "{refused}");
}

/// Copied while it was mounted and frozen: the log has the superblock alone, and that as it is on the disk.
#[test]
fn a_frozen_one_is_read() {
    let (image, list) = fixture!("frozen");
    as_the_kernel_shows(image.clone(), &list);
    // What is logged, in the log's last record: a superblock's block size, and which sector it is.
    let log = image.windows(16).rposition(|bytes| bytes[..4] == *b"XFSB" && bytes[4..8] == [0, 0, 16, 0]).unwrap();
    for (at, what) in [(log + 20, "a field of the superblock"), (log - 12 - 16, "the sector")] {
        let mut other = image.clone();
        other[at] ^= 1;
        let refused = open_bytes(other).map(drop);
        assert!(matches!(&refused, Err(DiskError::Unsupported(why)) if why.contains("not written back")), "{what}");
    }
    // The count of free blocks may be another one.
    let mut other = image;
    other[log + 150] ^= 1;
    open_bytes(other).unwrap();
}

/// What is fragmented is read whole, and bytes of one extent are one.
#[test]
fn a_file_in_pieces() {
    let image = large_blocks();
    let xfs = open_bytes(image).unwrap();
    let files = xfs.lookup(xfs.top(), b"files").unwrap().unwrap();
    let file = xfs.lookup(files, b"fragmented").unwrap().unwrap();
    let content = tree::content(&xfs, file).unwrap();
    for (number, page) in content.chunks(4096).enumerate() {
        let wanted = if number % 2 == 0 { format!("{:08}", number / 2).repeat(512) } else { "\0".repeat(4096) };
        assert!(page == wanted.as_bytes(), "block {number}");
    }
}

/// What was allocated and never written is zeros, whatever lies there.
#[test]
fn extents_that_were_not_written() {
    let image = large_blocks();
    let xfs = open_bytes(image.clone()).unwrap();
    let files = xfs.lookup(xfs.top(), b"files").unwrap().unwrap();
    let file = xfs.lookup(files, b"preallocated").unwrap().unwrap();
    let records = xfs.node(file).unwrap().fork.unwrap().records(&xfs.disk, &xfs.superblock).unwrap();
    let mut other = image;
    for record in records.iter().filter(|record| record.unwritten) {
        let at = xfs.superblock.place(record.block, record.count).unwrap() as usize;
        other[at..at + record.count as usize * 4096].fill(0xAA);
    }
    assert!(records.iter().any(|record| record.unwritten));
    let written = tree::content(&xfs, file).unwrap();
    assert!(tree::content(&open_bytes(other).unwrap(), file).unwrap() == written);
}
