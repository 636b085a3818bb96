//! Journals that must be replayed, with e2fsck(8) as the judge, whose replay is the kernel's own code.

use super::log::{Format, Log, MAGIC, Transaction};
use super::tools::{Chance, Image, disk, file_disk, run, scratch};
use super::walk;
use crate::formats::disk::ext::{features, journal, open, superblock::Superblock};
use crate::formats::disk::{DiskError, Filesystem as _, Result};
use std::process::Command;
use std::sync::Arc;

/// Blocks of 1 KiB that no one uses in [`empty`].
const FREE: u64 = 2500;

/// A small filesystem with a journal of 1024 blocks.
fn empty() -> Image {
    Image::make(&["-t", "ext4", "-b", "1024", "-J", "size=1", "-N", "64"], None, "3M")
}

/// The whole disk as it is after the replay.
fn replayed(bytes: &[u8]) -> Result<Vec<u8>> {
    let below = disk(Arc::new(bytes.to_vec()));
    let superblock = Superblock::read(&below)?;
    let above = journal::replayed(&below, &superblock)?;
    let mut whole = vec![0; bytes.len()];
    above.content.read_at(0, &mut whole)?;
    // In small pieces it must be the same.
    let mut pieces = vec![0; bytes.len()];
    for (index, piece) in pieces.chunks_mut(1700).enumerate() {
        above.metadata.read_at(index as u64 * 1700, piece)?;
    }
    assert!(whole == pieces);
    Ok(whole)
}

/// The whole disk as e2fsck leaves it.
fn judged(log: &Log, image: &Image) -> Vec<u8> {
    std::fs::write(&image.path, &log.bytes).unwrap();
    run(Command::new("e2fsck").args(["-y", "-E", "journal_only"]).arg(&image.path), &[0, 1]);
    image.bytes()
}

/// Compares all but the two superblocks, in which the replay is noted down.
fn must_be_equal(found: &[u8], wanted: &[u8], log: &Log, what: &str) {
    let journal = log.place(0);
    for (index, (found, wanted)) in found.chunks(1024).zip(wanted.chunks(1024)).enumerate() {
        if index != 1 && index * 1024 != journal {
            assert!(found == wanted, "block {index}: {what}");
        }
    }
}

/// A block, often one that begins like those of the log.
fn content(chance: &mut Chance) -> Vec<u8> {
    let mut bytes = chance.bytes(1024);
    if chance.below(4) == 0 {
        bytes[..4].copy_from_slice(&MAGIC);
    }
    bytes
}

fn transaction(chance: &mut Chance, time: u64) -> Transaction {
    let mut numbers: Vec<_> = (0..chance.below(14)).map(|_| FREE + chance.below(24)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    Transaction {
        blocks: numbers.into_iter().map(|number| (number, content(chance))).collect(),
        revoked: (0..chance.below(5)).map(|_| FREE + chance.below(24)).collect(),
        time: Some(time),
    }
}

#[test]
fn random_logs_are_replayed_as_by_e2fsck() {
    let image = empty();
    let pristine = image.bytes();
    for seed in 0..80 {
        let mut chance = Chance(seed);
        let format = Format {
            checksums: (seed % 4) as u8,
            wide: chance.below(2) == 0,
            async_commit: chance.below(2) == 0,
            sequence: if chance.below(2) == 0 { u32::MAX - chance.below(3) as u32 } else { chance.next() as u32 | 1 },
            start: if chance.below(2) == 0 { 1024 - 1 - chance.below(20) as u32 } else { 1 + chance.below(900) as u32 },
            tags: 1 + chance.below(6) as usize,
        };
        std::fs::write(&image.path, &pristine).unwrap();
        let mut log = Log::new(&image, format);
        assert_eq!(log.length, 1024);
        let count = 1 + chance.below(6);
        for index in 0..count {
            log.write(&transaction(&mut chance, 1_700_000_000 + index));
        }
        // The machine stopped while it wrote the last one.
        if chance.below(2) == 0 {
            log.write(&Transaction { time: None, ..transaction(&mut chance, 0) });
        }
        let found = replayed(&log.bytes).unwrap_or_else(|error| panic!("{seed} {format:?}: {error}"));
        let wanted = judged(&log, &image);
        assert_ne!(wanted[1024 + 0x60] & 4, 4, "e2fsck has not replayed {seed}");
        must_be_equal(&found, &wanted, &log, &format!("{seed} {format:?}"));
    }
}

#[test]
fn what_debugfs_logs_is_read_and_what_it_revokes_is_not() {
    let image = Image::make(&["-t", "ext4", "-b", "1024"], None, "16M");
    let copy = image.directory.path().join("copy");
    let old = image.directory.path().join("old");
    let new = image.directory.path().join("new");
    std::fs::write(&old, vec![b'o'; 2048]).unwrap();
    std::fs::write(&new, vec![b'n'; 1024]).unwrap();
    image.debugfs(format!("write {} file\n", old.display()).as_bytes());
    let listed = image.debugfs(b"blocks file\n");
    let blocks: Vec<&str> =
        listed.lines().find(|line| line.starts_with(char::is_numeric)).unwrap().split_whitespace().collect();
    for options in ["-c -v 2", "-c -v 3", ""] {
        std::fs::copy(&image.path, &copy).unwrap();
        let logged = Image { directory: scratch(), path: copy.clone() };
        let write = |block: &str| format!("jw -b {block} {}\n", new.display());
        let revoke = format!("jw -r {}\n", blocks[1]);
        let commands = format!("jo {options}\n{}{}{revoke}jc\n", write(blocks[0]), write(blocks[1]));
        let said = logged.debugfs(commands.as_bytes());
        let superblock = Superblock::read(&file_disk(&copy)).unwrap();
        assert!(superblock.features.incompat(features::RECOVER), "{options}: {said}");
        let ext = logged.open();
        let found = walk::content(&ext, walk::resolve(&ext, "file").unwrap().unwrap()).unwrap();
        run(Command::new("e2fsck").args(["-y", "-E", "journal_only"]).arg(&copy), &[0, 1]);
        let ext = logged.open();
        assert!(found == walk::content(&ext, walk::resolve(&ext, "file").unwrap().unwrap()).unwrap(), "{options}");
        assert!(found == [vec![b'n'; 1024], vec![b'o'; 1024]].concat(), "{options}");
    }
}

/// A log of three transactions, each of one block, and where the blocks of the second one lie.
fn three(format: Format, times: [u64; 3]) -> (Log, Vec<u32>, Image) {
    let image = empty();
    let mut log = Log::new(&image, Format { sequence: 7, start: 5, tags: 4, ..format });
    let one =
        |fill: u8, time| Transaction { blocks: vec![(FREE, vec![fill; 1024])], revoked: vec![9999], time: Some(time) };
    log.write(&one(1, times[0]));
    let places = log.write(&one(2, times[1]));
    log.write(&one(3, times[2]));
    (log, places, image)
}

/// What the first block holds after the replay.
fn outcome(log: &Log) -> Result<u8> {
    replayed(&log.bytes).map(|bytes| bytes[FREE as usize * 1024])
}

#[test]
fn a_wrong_checksum_keeps_from_mounting_unless_it_is_left_from_an_earlier_round() {
    for checksums in [2, 3] {
        let format = Format { checksums, ..Format::default() };
        // Descriptor, copy, revocations, commit.
        for part in 0..4 {
            let (mut log, places, _image) = three(format, [100, 200, 300]);
            let at = log.place(places[part]) + if part == 1 { 7 } else { 60 };
            log.bytes[at] ^= 1;
            let error = outcome(&log).unwrap_err().to_string();
            assert!(error.starts_with("the journal of ext4 is damaged: ") && error.contains("checksum"), "{error}");
            let (mut log, places, _image) = three(format, [100, 50, 300]);
            let at = log.place(places[part]) + if part == 1 { 7 } else { 60 };
            log.bytes[at] ^= 1;
            match part {
                1 => assert!(outcome(&log).is_err()),
                _ => assert_eq!(outcome(&log), Ok(1), "{part}"),
            }
        }
    }
}

#[test]
fn a_transaction_that_came_to_the_disk_in_part_is_the_end_only_with_asynchronous_commits() {
    let damage = |format: Format, last: bool| {
        let (mut log, mut places, _image) = three(format, [100, 200, 300]);
        if last {
            let next = places.iter().map(|place| place + places.len() as u32).collect();
            places = next;
        }
        let at = log.place(places[1]) + 7;
        log.bytes[at] ^= 1;
        outcome(&log)
    };
    let format = Format { checksums: 1, ..Format::default() };
    assert_eq!(damage(Format { async_commit: true, ..format }, true), Ok(2));
    assert!(damage(Format { async_commit: true, ..format }, false).is_err());
    assert!(damage(format, true).is_err());
}

#[test]
fn a_commit_block_of_which_one_sector_was_written_counts() {
    let (mut log, places, _image) = three(Format { checksums: 3, ..Format::default() }, [100, 200, 300]);
    let at = log.place(places[3]);
    log.bytes[at + 512..at + 1024].fill(0xEE);
    assert_eq!(outcome(&log), Ok(3));
}

/// Opens an image after its journal's superblock was changed.
fn changed(change: impl Fn(&mut [u8])) -> DiskError {
    let (mut log, _, _image) = three(Format { checksums: 3, ..Format::default() }, [100, 200, 300]);
    let at = log.place(0);
    change(&mut log.bytes[at..at + 1024]);
    log.seal_superblock();
    open(disk(Arc::new(log.bytes))).unwrap_err()
}

#[test]
fn a_journal_that_is_not_understood_is_refused() {
    let unsupported = |what: &str| DiskError::Unsupported(what.to_owned());
    assert_eq!(changed(|sb| sb[0x2A] = 1), unsupported("a journal of ext4 with the feature FEATURE_I8"));
    assert!(changed(|sb| sb[0x2B] |= 8).to_string().contains("two versions"));
    assert!(changed(|sb| sb[0] = 0).to_string().contains("does not begin with a superblock"));
    assert!(changed(|sb| sb[0x0E] = 8).to_string().contains("not those of its file"));
    assert!(changed(|sb| sb[0x1D] = 1).to_string().contains("outside of it"));
    assert!(changed(|sb| sb[0x14..0x18].fill(0xFF)).to_string().contains("no blocks"));
}

#[test]
fn a_journal_on_another_device_is_refused_when_it_must_be_replayed() {
    let (log, _, _image) = three(Format::default(), [100, 200, 300]);
    let mut bytes = log.bytes;
    bytes[1024 + 0xE0] = 0;
    bytes[1024 + 0xE4] = 0x11;
    let seal = |bytes: &mut Vec<u8>| {
        let crc = crate::formats::disk::checksum::crc32c(!0, &bytes[1024..1024 + 0x3FC]);
        bytes[1024 + 0x3FC..2048].copy_from_slice(&crc.to_le_bytes());
        open(disk(Arc::new(bytes.clone())))
    };
    let error = seal(&mut bytes).unwrap_err();
    assert_eq!(error, DiskError::Unsupported("an ext4 whose journal is on another device".to_owned()));
    bytes[1024 + 0x60] &= !4;
    assert!(seal(&mut bytes).unwrap().inode(2).is_ok());
}

#[test]
fn fast_commits_after_the_last_transaction_are_refused_and_others_are_not() {
    let image = Image::make(
        &["-t", "ext4", "-b", "1024", "-J", "size=4,fast_commit_size=256", "-O", "fast_commit"],
        None,
        "16M",
    );
    for (tid, refused) in [(8_u32, true), (7, false), (9, false)] {
        let mut log = Log::new(&image, Format { sequence: 7, start: 5, tags: 4, ..Format::default() });
        log.write(&Transaction { blocks: vec![(FREE, vec![1; 1024])], revoked: vec![], time: Some(1) });
        let at = log.place(0);
        log.bytes[at + 0x2B] |= 0x20;
        let count = u32::from_be_bytes(log.bytes[at + 0x54..at + 0x58].try_into().unwrap());
        let first = log.place(log.length - if count == 0 { 256 } else { count } + 1);
        log.bytes[first..first + 8].copy_from_slice(&[9, 0, 8, 0, 0, 0, 0, 0]);
        log.bytes[first + 8..first + 12].copy_from_slice(&tid.to_le_bytes());
        match refused {
            true => assert!(outcome(&log).unwrap_err().to_string().contains("fast commits"), "{tid}"),
            false => assert_eq!(outcome(&log), Ok(1), "{tid}"),
        }
    }
}

#[test]
fn a_log_without_an_end_is_damaged() {
    let image = empty();
    let mut log = Log::new(&image, Format { sequence: 7, start: 1, tags: 4, ..Format::default() });
    // Revocations of one transaction all round the ring.
    for _ in 1..log.length {
        log.write(&Transaction { revoked: vec![FREE], ..Transaction::default() });
    }
    for block in 1..log.length {
        let at = log.place(block) + 8;
        log.bytes[at..at + 4].copy_from_slice(&7_u32.to_be_bytes());
    }
    assert!(outcome(&log).unwrap_err().to_string().contains("no end"));
}
