//! Damaged images: whatever is in them, there is an answer, and soon.

use super::super::checksum::{Checksum, FIELD};
use super::image::{Patched, disk, mkfs};
use super::mkfs::{fill, noise};
use super::*;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tempfile::tempdir;

/// Damaged images that are tried.
const TRIED: u64 = 120;
/// The longest that one of them may take: they take some milliseconds.
const LIMIT: Duration = Duration::from_secs(5);

/// Where metadata lies on an image, and its bytes: the superblock, and all nodes that bear its fsid.
fn metadata(image: &[u8], node: usize) -> Vec<(usize, Vec<u8>)> {
    let fsid = &image[0x1_0020..0x1_0030];
    let nodes = (0x11_0000..image.len() - node).step_by(4096).filter(|place| &image[place + 32..place + 48] == fsid);
    let superblock = (0x1_0000, image[0x1_0000..0x1_1000].to_vec());
    nodes.map(|place| (place, image[place..place + node].to_vec())).chain([superblock]).collect()
}

/// Changes bytes of a structure at random and makes its checksum right, so that what reads it has to cope.
fn flips(place: usize, bytes: &[u8], random: &mut impl Iterator<Item = usize>) -> Vec<(u64, u8)> {
    let mut next = || random.next().unwrap();
    let mut changed = bytes.to_vec();
    for _ in 0..=next() % 3 {
        // Half of them in what is at the front, where keys are.
        let span = if next() % 2 == 0 { 512 } else { bytes.len() - FIELD };
        let at = FIELD + next() % span.min(bytes.len() - FIELD);
        changed[at] = match next() % 4 {
            0 => 0,
            1 => 0xff,
            2 => changed[at] ^ (1 << (next() % 8)),
            _ => next() as u8,
        };
    }
    let sum = crc(&changed[FIELD..]).to_le_bytes();
    changed[..4].copy_from_slice(&sum);
    let pairs = bytes.iter().zip(&changed).enumerate().filter(|(_, (old, new))| old != new);
    pairs.map(|(index, (old, new))| ((place + index) as u64, old ^ new)).collect()
}

fn crc(bytes: &[u8]) -> u32 {
    !crate::formats::disk::checksum::crc32c(!0, bytes)
}

/// Asks for everything, whatever comes.
fn ask(image: Patched) -> (usize, Option<DiskError>) {
    let (mut found, mut error) = (0, None);
    let btrfs = match open(disk(image)) {
        Ok(btrfs) => btrfs,
        Err(error) => return (0, Some(error)),
    };
    let _ = (btrfs.subvolumes(), btrfs.default_subvolume());
    let filesystem = match btrfs.at(5) {
        Ok(filesystem) => filesystem,
        Err(error) => return (0, Some(error)),
    };
    let mut left = vec![filesystem.top()];
    while let Some(number) = left.pop().filter(|_| found < 20_000) {
        let listed = filesystem.list(number, &mut |entry| {
            left.push(entry.inode);
            found += 1;
            if found < 20_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let read = filesystem.inode(number).and_then(|inode| match inode.kind {
            InodeKind::Directory => listed.and(filesystem.lookup(number, b"many")).map(|_| ()),
            InodeKind::Link => filesystem.read_link(number).map(|_| ()),
            InodeKind::File => filesystem.open(number)?.read_at(0, &mut vec![0; 100_000]).map(|_| ()),
            InodeKind::Special => Ok(()),
        });
        error = error.or(read.err());
    }
    (found, error)
}

#[test]
fn damaged_metadata() {
    let work = tempdir().unwrap();
    let (content, path) = (work.path().join("content"), work.path().join("image"));
    fill(&content, &[1, 5000, 200_000]);
    mkfs(&path, 64, &["-m", "single", "-n", "4096"], Some(&content));
    let (whole, error) = ask(Patched::new(&path, &[], u64::MAX));
    assert!(whole > 1500 && error.is_none(), "{whole} {error:?}");
    let image = std::fs::read(&path).unwrap();
    let structures = metadata(&image, 4096);
    assert!(structures.len() > 50);
    let superblock = structures.last().unwrap();
    assert!(Checksum::Crc32c.matches(&superblock.1[FIELD..], &superblock.1));
    let mut refused = 0;
    for seed in 0..TRIED {
        let bytes = noise(4096, (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut random = bytes.chunks(2).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]));
        let index = random.next().unwrap();
        // The superblock each tenth time: it is one of many structures.
        let (place, bytes) = if seed % 10 == 0 { superblock } else { &structures[index % structures.len()] };
        let flips = flips(*place, bytes, &mut random);
        refused += usize::from(timed(Patched::with(&path, flips, u64::MAX), seed).1.is_some());
    }
    // A kernel mounts no device that is shorter than its filesystem.
    for seed in 0..20 {
        let size = image.len() as u64 / 20 * seed;
        assert!(timed(Patched::new(&path, &[], size), seed).1.is_some(), "{size}");
    }
    assert!(refused > 20, "{refused} of {TRIED}");
}

fn timed(image: Patched, seed: u64) -> (usize, Option<DiskError>) {
    let start = Instant::now();
    let answer = ask(image);
    assert!(start.elapsed() < LIMIT, "{seed} takes {:?}", start.elapsed());
    answer
}

/// A byte that is flipped without its checksum is always noticed, where there is one copy.
#[test]
fn wrong_checksums() {
    let work = tempdir().unwrap();
    let path = work.path().join("image");
    mkfs(&path, 64, &["-m", "single"], None);
    let image = std::fs::read(&path).unwrap();
    let root = u64::from_le_bytes(image[0x1_0050..0x1_0058].try_into().unwrap());
    for (place, bytes) in metadata(&image, 16384) {
        if u64::from_le_bytes(bytes[48..56].try_into().unwrap()) == root {
            let text = open(disk(Patched::new(&path, &[place as u64 + 9000], u64::MAX))).unwrap_err().to_string();
            assert_eq!(text, format!("tree node {root} is damaged: its checksum is wrong"));
        }
    }
}
