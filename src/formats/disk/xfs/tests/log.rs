//! Logs that are clean, and logs that are not; xfs_logprint says which.

use super::image::{Image, open_bytes};
use super::tree::Tree;
use crate::formats::disk::{DiskError, Result};

const BLOCK: usize = 512;

/// An image, and where its log lies, in bytes.
struct Logged {
    image: Image,
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

/// A record of one operation.
#[derive(Clone, Copy)]
struct Record {
    /// Its first basic block.
    at: usize,
    cycle: u32,
    /// Basic blocks of operations.
    body: usize,
    unmount: bool,
}

impl Logged {
    fn new(options: &[&str]) -> Self {
        let image = Image::new(16, options, &Tree::new());
        let bytes = image.bytes();
        let field = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
        let blocks = u32::from_be_bytes(bytes[96..100].try_into().unwrap());
        let (start, length) = ((field(48) * 4096) as usize, blocks as usize * 8);
        Self { image, bytes, start, length }
    }

    fn block(&mut self, number: usize) -> &mut [u8] {
        let at = self.start + number % self.length * BLOCK;
        &mut self.bytes[at..at + BLOCK]
    }

    /// Writes that all of the log is of this cycle.
    fn fill(&mut self, from: usize, to: usize, cycle: u32) {
        for number in from..to {
            let block = self.block(number);
            block.fill(0);
            block[..4].copy_from_slice(&cycle.to_be_bytes());
        }
    }

    fn write(&mut self, record: Record) {
        let uuid: [u8; 16] = self.bytes[32..48].try_into().unwrap();
        let length = self.length;
        let header = self.block(record.at);
        header.fill(0);
        let lsn = (u64::from(record.cycle) << 32) | record.at as u64;
        let fields = [0xFEED_BABE, record.cycle, 2, (record.body * BLOCK) as u32];
        for (field, place) in fields.iter().zip([0, 4, 8, 12]) {
            header[place..place + 4].copy_from_slice(&field.to_be_bytes());
        }
        header[16..24].copy_from_slice(&lsn.to_be_bytes());
        header[24..32].copy_from_slice(&lsn.to_be_bytes());
        header[36..40].copy_from_slice(&u32::MAX.to_be_bytes());
        header[40..44].copy_from_slice(&1_u32.to_be_bytes());
        header[300..304].copy_from_slice(&1_u32.to_be_bytes());
        header[304..320].copy_from_slice(&uuid);
        header[320..324].copy_from_slice(&32768_u32.to_be_bytes());
        for number in record.at + 1..=record.at + record.body {
            let cycle = if number >= length { record.cycle + 1 } else { record.cycle };
            self.fill(number, number + 1, cycle);
        }
        let operation = self.block(record.at + 1);
        operation[4..8].copy_from_slice(&8_u32.to_be_bytes());
        operation[8] = 0xAA;
        operation[9] = if record.unmount { 0x20 } else { 0 };
    }

    /// What is made of it, which must be what xfs_logprint makes of it.
    fn opened(&self) -> Result<()> {
        std::fs::write(self.image.path(), &self.bytes).unwrap();
        let (_, said) = self.image.judged("xfs_logprint", &["-t"]);
        let opened = open_bytes(self.bytes.clone()).map(drop);
        let clean = said.contains("<CLEAN>") || said.contains("log tail: 0 head: 0");
        assert!(clean || said.contains("<DIRTY>") || opened.is_err(), "{said}");
        assert_eq!(opened.is_ok(), clean, "{opened:?}: {said}");
        opened
    }

    fn assert_dirty(&self) {
        let opened = self.opened();
        assert!(matches!(&opened, Err(DiskError::Unsupported(why)) if why.contains("not written back")), "{opened:?}");
    }
}

#[test]
fn as_mkfs_leaves_it() {
    for options in [&[] as &[&str], &["-m", "crc=0"], &["-m", "crc=0", "-l", "version=1"], &["-l", "su=65536"]] {
        Logged::new(options).opened().unwrap();
    }
}

#[test]
fn never_written() {
    let mut log = Logged::new(&[]);
    let length = log.length;
    log.fill(0, length, 0);
    log.opened().unwrap();
}

#[test]
fn a_change_in_the_first_round() {
    let mut log = Logged::new(&[]);
    log.write(Record { at: 0, cycle: 1, body: 1, unmount: true });
    log.opened().unwrap();
    log.write(Record { at: 2, cycle: 1, body: 9, unmount: false });
    log.assert_dirty();
    log.write(Record { at: 12, cycle: 1, body: 1, unmount: true });
    log.opened().unwrap();
}

/// The record before the head must be the one that says so, and end there.
#[test]
fn at_any_place_of_a_later_round() {
    let mut log = Logged::new(&[]);
    let length = log.length;
    for at in [2, 700, 5000, length - 3, length - 2, length - 1] {
        for unmount in [true, false] {
            log.fill(0, length, 6);
            for earlier in (0..length - 1).step_by(64) {
                log.write(Record { at: earlier, cycle: 6, body: 63.min(length - 1 - earlier), unmount: false });
            }
            for earlier in (0..at).step_by(64) {
                log.write(Record { at: earlier, cycle: 7, body: 63.min(at - earlier).max(1), unmount: false });
            }
            log.fill(at, at + 1, 7);
            log.write(Record { at, cycle: 7, body: 1, unmount });
            let said = log.opened();
            assert_eq!(said.is_ok(), unmount, "{at}: {said:?}");
        }
    }
}

/// What was written behind a block that was not is no part of the log.
#[test]
fn a_hole_before_the_head() {
    let mut log = Logged::new(&[]);
    let length = log.length;
    log.fill(0, length, 6);
    for earlier in (0..length - 64).step_by(64) {
        log.write(Record { at: earlier, cycle: 6, body: 63, unmount: false });
    }
    for earlier in (0..640).step_by(64) {
        log.write(Record { at: earlier, cycle: 7, body: 63, unmount: false });
    }
    log.write(Record { at: 640, cycle: 7, body: 1, unmount: true });
    // Where the search by halves meets it.
    log.write(Record { at: 660, cycle: 7, body: 63, unmount: false });
    log.opened().unwrap();
    // Half a record: what it holds was not written, and the one before it is the last.
    log.write(Record { at: 642, cycle: 7, body: 200, unmount: false });
    log.fill(700, 900, 6);
    log.opened().unwrap();
}

#[test]
fn of_another_filesystem() {
    let mut log = Logged::new(&[]);
    log.write(Record { at: 0, cycle: 1, body: 1, unmount: true });
    log.block(0)[304] ^= 1;
    assert!(matches!(open_bytes(log.bytes).map(drop), Err(DiskError::Damaged { .. })));
}

#[test]
fn without_a_record() {
    let mut log = Logged::new(&[]);
    let length = log.length;
    log.fill(0, length, 3);
    assert!(matches!(open_bytes(log.bytes).map(drop), Err(DiskError::Damaged { .. })));
}

/// What xfs_repair writes where it resets a log, in which no block is empty then.
#[test]
fn as_xfs_repair_leaves_it() {
    let mut log = Logged::new(&[]);
    log.write(Record { at: 2, cycle: 1, body: 9, unmount: false });
    log.assert_dirty();
    let (_, said) = log.image.judged("xfs_repair", &["-n", "-o", "force_geometry"]);
    assert!(said.contains("log"), "{said}");
    let (repaired, said) = log.image.judged("xfs_repair", &["-L", "-o", "force_geometry"]);
    assert!(repaired, "{said}");
    log.bytes = log.image.bytes();
    log.opened().unwrap();
}
