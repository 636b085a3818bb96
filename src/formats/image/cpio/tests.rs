#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::sample::Archive;
use super::*;
use crate::formats::image::allowance::{Allowance, Spent};
use proptest::prelude::*;
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

fn names(bytes: &[u8]) -> Result<Vec<String>, Error> {
    let mut source = bytes;
    let mut reader = Reader::new(&mut source, 0, Before::default());
    let mut names = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        names.push(String::from_utf8_lossy(&entry.name).into_owned());
    }
    Ok(names)
}

fn sample() -> Vec<u8> {
    Archive::new()
        .directory("etc")
        .file("etc/hosts", "127.0.0.1 localhost\n")
        .link("bin", "usr/bin")
        .program("init", "#!/bin/sh\n")
        .finish()
}

#[test]
fn entries_are_read_in_order_with_their_headers() {
    let bytes = sample();
    let mut source = bytes.as_slice();
    let mut reader = Reader::new(&mut source, 0, Before::default());
    let etc = reader.next_entry().unwrap().unwrap();
    assert_eq!((etc.name.as_slice(), etc.kind(), etc.offset), (&b"etc"[..], Kind::Directory, 0));
    let hosts = reader.next_entry().unwrap().unwrap();
    assert_eq!((hosts.mode, hosts.size, hosts.mtime), (0o100_644, 20, 1_700_000_000));
    let mut text = String::new();
    reader.data().read_to_string(&mut text).unwrap();
    assert_eq!(text, "127.0.0.1 localhost\n");
    let bin = reader.next_entry().unwrap().unwrap();
    assert_eq!(bin.kind(), Kind::Link);
    assert_eq!(reader.next_entry().unwrap().unwrap().name, b"init");
    assert!(reader.next_entry().unwrap().is_none());
    assert!(reader.is_settled());
    assert_eq!(reader.offset(), bytes.len() as u64);
}

#[test]
fn archives_one_behind_another_are_one_segment() {
    let mut bytes = sample();
    bytes.extend(vec![0; 64]);
    bytes.extend(Archive::new().file("late", "x").finish());
    assert_eq!(names(&bytes).unwrap(), ["etc", "etc/hosts", "bin", "init", "late"]);
}

#[test]
fn a_name_keeps_bytes_that_are_no_utf8() {
    let bytes = Archive::new().entry(b"caf\xe9", 0o100_644, 1, b"x").finish();
    let mut source = bytes.as_slice();
    let entry = Reader::new(&mut source, 0, Before::default()).next_entry().unwrap().unwrap();
    assert_eq!(entry.name, b"caf\xe9");
}

#[test]
fn an_archive_may_end_without_a_trailer_at_an_entrys_end() {
    let bytes = Archive::new().file("a", "12345").unfinished();
    assert_eq!(names(&bytes).unwrap(), ["a"]);
    assert_eq!(names(&bytes[..bytes.len() - 3]).unwrap(), ["a"], "padding at the very end may lack");
    assert!(matches!(names(&bytes[..bytes.len() - 4]), Err(Error::Truncated { .. })));
}

#[test]
fn damage_is_named_with_its_offset() {
    let text = |bytes: &[u8]| names(bytes).unwrap_err().to_string();
    let mut bytes = sample();
    bytes[117..119].copy_from_slice(b"9x");
    assert_eq!(text(&bytes), "no cpio header (070701 or 070702) at byte 116");
    let mut bytes = sample();
    bytes[116] = b'x';
    assert_eq!(names(&bytes).unwrap(), ["etc"], "another segment may follow");
    let mut bytes = sample();
    bytes[20] = b'g';
    assert_eq!(
        text(&bytes),
        "the header field mode at byte 14 is not hexadecimal; kernels differ in what they make of that"
    );
    let mut bytes = sample();
    bytes[113] = b'c';
    assert!(text(&bytes).contains("does not end with a NUL"));
    let mut bytes = sample();
    bytes[..6].copy_from_slice(b"070707");
    assert!(text(&bytes).contains("old format"));
    let mut bytes = Archive::new().file("a", "1").finish();
    bytes.extend(b"\0\0x");
    assert_eq!(text(&bytes), "what follows the archive's end begins at byte 514, which is not a multiple of four");
}

#[test]
fn what_the_kernel_skips_is_left_out() {
    let size = |field: usize, digits: &[u8], archive: Archive| {
        let mut bytes = archive.unfinished();
        bytes[6 + field * 8..14 + field * 8].copy_from_slice(digits);
        bytes.extend(Archive::new().file("b", "x").unfinished());
        bytes
    };
    let no_name = size(11, b"00000000", Archive::new().entry("", 0o100_644, 1, b""));
    assert_eq!(names(&no_name).unwrap(), ["b"]);
    let long = Archive::new().entry("n".repeat(4096), 0o100_644, 1, b"data").file("b", "x").finish();
    assert_eq!(names(&long).unwrap(), ["b"]);
    let target = Archive::new().link("l", &"t".repeat(4097)).file("b", "x").finish();
    assert_eq!(names(&target).unwrap(), ["b"]);
    let directory = Archive::new().entry("d", 0o040_755, 2, b"data").file("b", "x").finish();
    assert_eq!(names(&directory).unwrap(), ["b"]);
    let endless = size(11, b"FFFFFFFF", Archive::new().file("a", ""));
    assert!(matches!(names(&endless), Err(Error::Truncated { .. })));
}

#[test]
fn nuls_are_left_out_behind_every_entry_and_not_before_the_first() {
    let mut bytes = Archive::new().file("a", "1").unfinished();
    bytes.extend([0; 8]);
    bytes.extend(sample());
    assert_eq!(names(&bytes).unwrap().first().map(String::as_str), Some("a"));
    assert!(matches!(names(&[&[0; 4], sample().as_slice()].concat()), Err(Error::Magic { offset: 0 })));
}

#[test]
fn checksums_are_verified_whether_data_is_read_or_left_out() {
    let mut bytes = Archive::with_checksums().file("a", "abcdef").file("b", "x").finish();
    assert_eq!(names(&bytes).unwrap(), ["a", "b"]);
    let at = bytes.windows(6).position(|window| window == b"abcdef").unwrap();
    bytes[at] ^= 1;
    assert!(matches!(names(&bytes), Err(Error::Checksum { offset: 0 })));
}

#[test]
fn an_input_skips_by_seeking_and_knows_its_end() {
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let allowance = Allowance::unlimited();
    let mut input = Input::new(Cursor::new(&bytes), bytes.len() as u64, &allowance);
    assert_eq!(input.peek(3).unwrap(), &[0, 1, 2]);
    assert_eq!(input.skip(500_001).unwrap(), 500_001);
    assert_eq!((input.position(), input.peek(2).unwrap().to_vec()), (500_001, vec![bytes[500_001], bytes[500_002]]));
    assert_eq!(input.skip(600_000).unwrap(), 499_999);
    assert_eq!((input.position(), input.peek(1).unwrap().len()), (1_000_000, 0));
}

/// A file of zeros but for two bytes.
struct Holes {
    position: u64,
    length: u64,
}

const FIRST: u64 = 1 << 38;
const LAST: u64 = (1 << 40) - 1;

impl Read for Holes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = (self.position + buffer.len() as u64).min(self.length);
        let length = usize::try_from(end - self.position).unwrap();
        for (place, byte) in (self.position..end).zip(&mut *buffer) {
            *byte = u8::from(place == FIRST || place == LAST);
        }
        self.position = end;
        Ok(length)
    }
}

impl Seek for Holes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(position) = to else { panic!("{to:?}") };
        self.position = position;
        Ok(position)
    }
}

impl Sparse for Holes {
    fn next_data(&mut self, offset: u64) -> io::Result<Option<u64>> {
        self.position = 7;
        Ok([FIRST - 5000, LAST - 5000].into_iter().find(|start| *start >= offset))
    }
}

#[test]
fn holes_are_left_out_without_reading_them() {
    let allowance = Allowance::new("files", 1 << 20, 0, 0);
    let mut input = Input::new(Holes { position: 0, length: LAST + 1 }, LAST + 1, &allowance);
    assert_eq!((input.skip_nuls().unwrap(), input.position()), (FIRST, FIRST));
    input.consume(1);
    assert_eq!((input.skip_nuls().unwrap(), input.position()), (LAST - FIRST - 1, LAST));
    input.consume(1);
    assert_eq!((input.skip_nuls().unwrap(), input.fill_buf().unwrap().len()), (0, 0));
    // A file that ends with a hole.
    let mut input = Input::new(Holes { position: 0, length: LAST }, LAST, &allowance);
    input.skip(FIRST + 1).unwrap();
    assert_eq!(input.skip_nuls().unwrap(), LAST - FIRST - 1);
    // What is read comes to an end.
    let mut input = Input::new(Cursor::new(vec![0; 2 << 20]), 2 << 20, &allowance);
    let spent = Spent::of(&input.skip_nuls().unwrap_err());
    assert!(matches!(spent, Some(Spent::Read { .. })), "{spent:?}");
}

#[test]
fn truncation_at_every_offset_does_not_panic() {
    let bytes = sample();
    for end in 0..bytes.len() {
        let _ = names(&bytes[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = names(&bytes);
    }

    #[test]
    fn flipped_bytes_do_not_panic(at in 0_usize..1024, value in any::<u8>()) {
        let mut bytes = sample();
        let at = at % bytes.len();
        bytes[at] = value;
        let _ = names(&bytes);
    }
}
