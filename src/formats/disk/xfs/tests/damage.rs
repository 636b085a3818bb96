//! Images with damage: each answers, and soon.

use super::image::{Image, open_changed};
use super::kernel;
use super::tree;
use crate::formats::disk::xfs::Xfs;
use crate::formats::disk::{Filesystem, InodeKind};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// No image may take longer. They are small, and all of them is read in a few milliseconds.
const LONGEST: Duration = Duration::from_secs(5);
const MOST_ENTRIES: usize = 20_000;

/// Numbers that follow from a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Reads all that can be reached. Whoever calls limits entries; so does this.
fn read_all(xfs: &Xfs) -> usize {
    let (mut seen, mut waiting) = (0, vec![xfs.top()]);
    while let Some(directory) = waiting.pop() {
        let mut entries = Vec::new();
        let _ = xfs.list(directory, &mut |entry| {
            entries.push((entry.name.to_vec(), entry.inode));
            if entries.len() > MOST_ENTRIES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        for (index, (name, number)) in entries.into_iter().enumerate() {
            seen += 1;
            if index % 16 == 0 {
                let _ = xfs.lookup(directory, &name);
            }
            let _ = xfs.read_link(number);
            match xfs.inode(number) {
                Ok(inode) if inode.kind == InodeKind::Directory && seen < MOST_ENTRIES => waiting.push(number),
                Ok(inode) if inode.kind == InodeKind::File => {
                    let mut buffer = [0; 5000];
                    let _ = xfs.open(number).and_then(|content| content.read_at(inode.size / 2, &mut buffer));
                }
                _ => {}
            }
        }
        if seen > MOST_ENTRIES {
            break;
        }
    }
    seen
}

fn read_damaged(image: &Arc<Vec<u8>>, changes: BTreeMap<u64, u8>, what: &str) {
    let start = Instant::now();
    if let Ok(xfs) = open_changed(image, image.len() as u64, changes) {
        read_all(&xfs);
    }
    assert!(start.elapsed() < LONGEST, "{what}: {:?}", start.elapsed());
}

/// Where an image has something other than zeros, in sectors.
fn used(image: &[u8]) -> Vec<usize> {
    let sectors = image.chunks(512).enumerate();
    sectors.filter(|(_, sector)| sector.iter().any(|byte| *byte != 0)).map(|(number, _)| number).collect()
}

/// Reads an image with up to `most` bytes of it changed, over and over. The superblock is among them where `first` is 0.
fn damage(image: &Arc<Vec<u8>>, seed: u64, rounds: usize, first: usize, most: usize) {
    let (mut random, used) = (Random(seed), used(image));
    for round in 0..rounds {
        let mut changes = BTreeMap::new();
        for _ in 0..=random.below(most) {
            let at = used[first + random.below(used.len() - first)] * 512 + random.below(512);
            let changed = match random.below(4) {
                0 => 0xFF,
                1 => random.below(256) as u8,
                _ => image[at] ^ (1 << random.below(8)),
            };
            changes.insert(at as u64, changed);
        }
        read_damaged(image, changes, &format!("round {round} of seed {seed}"));
    }
}

/// Version 4 has no checksums: what was damaged is read as it is.
#[test]
fn of_version_4() {
    let mut tree = tree::sample();
    tree.append(&mut tree::long_links());
    tree.append(&mut tree::pieces(1500));
    let image = Arc::new(Image::new(16, &["-m", "crc=0", "-b", "size=1024"], &tree).bytes());
    assert!(read_all(&open_changed(&image, image.len() as u64, BTreeMap::new()).unwrap()) > 4000);
    damage(&image, 7, 60, 1, 400);
    damage(&image, 13, 40, 1, 20_000);
    // The sector of the superblock, and what lies behind it.
    for seed in 1..100 {
        let mut random = Random(seed);
        let at = random.below(300) as u64;
        read_damaged(&image, BTreeMap::from([(at, random.below(256) as u8)]), &format!("byte {at}"));
    }
}

#[test]
fn of_version_5() {
    let image = Arc::new(kernel::large_blocks());
    damage(&image, 5, 40, 0, 10);
    damage(&image, 6, 40, 1, 300);
}

#[test]
fn cut_anywhere() {
    let image = Arc::new(kernel::large_blocks());
    let mut random = Random(11);
    for _ in 0..100 {
        assert!(open_changed(&image, random.below(image.len()) as u64, BTreeMap::new()).is_err());
    }
}
