//! Bytes that are wrong: each of them gives an answer, soon.

use super::log::{Format, Log, Transaction};
use super::shapes::everything;
use super::tools::{Chance, Image, disk};
use crate::formats::disk::ext::open;
use crate::formats::disk::{Blocks, Filesystem as _, InodeKind, Result};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An image with some bytes changed, cut at some place.
#[derive(Debug)]
struct Changed {
    image: Arc<Vec<u8>>,
    bytes: HashMap<u64, u8>,
    size: u64,
}

impl Blocks for Changed {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.size) {
            return Err(crate::formats::disk::DiskError::Read("behind the end".to_owned()));
        }
        self.image.read_at(offset, buffer)?;
        for (place, byte) in &self.bytes {
            if let Some(at) = place.checked_sub(offset).and_then(|at| buffer.get_mut(at as usize)) {
                *at = *byte;
            }
        }
        Ok(())
    }
}

/// Reads all that there is, as far as it can be read; how many answers were errors.
fn read_all(blocks: Changed) -> usize {
    let Ok(ext) = open(disk(Arc::new(blocks))) else { return 1 };
    let mut errors = 0;
    let mut pending = vec![ext.top()];
    let mut left = 2000;
    let mut buffer = vec![0; 1 << 16];
    while let Some(number) = pending.pop().filter(|_| left > 0) {
        let Ok(inode) = ext.inode(number) else {
            errors += 1;
            continue;
        };
        let answer = match inode.kind {
            InodeKind::Directory => {
                let mut names = Vec::new();
                let answer = ext.list(number, &mut |entry| {
                    left -= 1;
                    pending.push(entry.inode);
                    names.push(entry.name.to_vec());
                    if left > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
                names.truncate(20);
                answer.and(names.iter().try_for_each(|name| ext.lookup(number, name).map(|_| ())))
            }
            InodeKind::Link => ext.read_link(number).map(|_| ()),
            InodeKind::File => ext.open(number).and_then(|file| {
                [0, file.size() / 2, file.size().saturating_sub(1)]
                    .into_iter()
                    .try_for_each(|at| file.read_at(at, &mut buffer).map(|_| ()))
            }),
            InodeKind::Special => Ok(()),
        };
        errors += usize::from(answer.is_err());
    }
    errors
}

/// Changes bytes of an image in `rounds` ways, where it is not zeros already; in how many of them there were errors.
fn flip(image: Vec<u8>, rounds: u64, metadata: &[std::ops::Range<u64>]) -> usize {
    let image = Arc::new(image);
    let used: Vec<u64> = metadata.iter().cloned().flatten().filter(|place| image[*place as usize] != 0).collect();
    let (mut slowest, mut with_errors) = (Duration::ZERO, 0);
    for seed in 0..rounds {
        let mut chance = Chance(seed);
        let count = 1 + chance.below(6);
        let place = |chance: &mut Chance| used[chance.below(used.len() as u64) as usize] + chance.below(3);
        let bytes = (0..count).map(|_| (place(&mut chance), chance.next() as u8)).collect();
        let start = Instant::now();
        let errors = read_all(Changed { image: image.clone(), bytes, size: image.len() as u64 });
        slowest = slowest.max(start.elapsed());
        with_errors += usize::from(errors > 0);
    }
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    with_errors
}

/// Checksums would hide what lies behind them.
const FORMATS: [&str; 4] = [
    "-t ext4 -b 1024 -O ^metadata_csum",
    "-t ext2 -b 1024",
    "-t ext4 -O ^metadata_csum,inline_data -I 512",
    "-t ext4 -b 1024",
];

#[test]
fn bytes_that_are_wrong_are_answered_soon() {
    let source = everything();
    let mut with_errors = 0;
    for options in FORMATS {
        let options: Vec<_> = options.split(' ').collect();
        let image = Image::make(&options, Some(source.path()), "24M");
        image.index_directories();
        let bytes = image.bytes();
        with_errors += flip(bytes, 80, &[1024..2048, 2048..1 << 20]);
    }
    assert!(with_errors > 60, "{with_errors}");
}

#[test]
fn a_log_with_wrong_bytes_is_answered_soon() {
    let image = Image::make(&["-t", "ext4", "-b", "1024", "-J", "size=1", "-N", "64"], None, "3M");
    for checksums in [0, 1] {
        let format = Format { checksums, sequence: 1, start: 1000, tags: 5, async_commit: true, ..Format::default() };
        let mut log = Log::new(&image, format);
        let mut chance = Chance(5);
        for time in 0..12 {
            let blocks = (0..8).map(|_| (2500 + chance.below(50), chance.bytes(1024))).collect();
            log.write(&Transaction { blocks, revoked: vec![2500 + time], time: Some(time) });
        }
        let starts: Vec<_> = (0..log.length).map(|block| log.place(block) as u64).map(|at| at..at + 0x60).collect();
        assert!(flip(log.bytes, 150, &starts) > 0);
    }
}

#[test]
fn images_that_are_cut_short_are_answered() {
    let source = everything();
    let image = Arc::new(Image::make(&["-t", "ext4", "-b", "1024"], Some(source.path()), "24M").bytes());
    for seed in 0..100 {
        let size = Chance(seed).below(image.len() as u64);
        assert!(read_all(Changed { image: image.clone(), bytes: HashMap::new(), size }) > 0);
    }
}
