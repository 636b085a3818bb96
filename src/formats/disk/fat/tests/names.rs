//! Names: long and short, in whatever case, whole and damaged.

use super::sample::{Image, find, names, open_bytes, tree};
use crate::formats::disk::Filesystem;
use crate::formats::disk::fat::directory::{Entries, Index};
use proptest::prelude::*;

/// Where in an image the entry with this short name lies; parts of its long name lie before it.
fn entry(bytes: &[u8], short: &[u8; 11]) -> usize {
    (0..bytes.len()).step_by(32).find(|at| bytes[*at..].starts_with(short) && bytes[at + 11] != 0x0f).unwrap()
}

fn listed(bytes: Vec<u8>) -> Vec<String> {
    names(&open_bytes(bytes).unwrap(), 0).unwrap().into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_look_up_does_not_mind_case_short_names_and_dots_behind() {
    let image = Image::new(1440, &[]);
    image.tool("mmd", &["::EFI", "::EFI/debian"]);
    image.write("EFI/debian/shimx64.efi", b"1");
    image.write("EFI/debian/a long name.Config", b"2");
    image.write("EFI/debian/Ärger mit Öl", b"3");
    let fs = image.open();
    let directory = find(&fs, "/efi/DEBIAN").unwrap();
    let lookup = |name: &str| fs.lookup(directory, name.as_bytes()).unwrap();
    for same in [
        &["shimx64.efi", "SHIMX64.EFI", "ShimX64.efi", "shimx64.efi."][..],
        &["a long name.Config", "A LONG NAME.CONFIG", "alongn~1.con", "a long name.config..."],
        &["Ärger mit Öl", "ärger MIT öl"],
    ] {
        assert!(lookup(same[0]).is_some(), "{same:?}");
        assert!(same.iter().all(|name| lookup(name) == lookup(same[0])), "{same:?}");
    }
    for other in ["", ".", "..", "...", "shimx64", "shimx64.ef", "shimx64.efi ", "a long name", "Arger mit Ol", "/"] {
        assert_eq!(lookup(other), None, "{other:?}");
    }
    assert_eq!(fs.lookup(directory, b"\xff\xfe").unwrap(), None);
    assert!(fs.lookup(lookup("shimx64.efi").unwrap(), b"x").is_err());
}

#[test]
fn deleted_entries_and_the_label_are_none() {
    let image = Image::new(1440, &["-n", "LABEL"]);
    for name in ["one file with a long name", "another file with a long name", "THIRD"] {
        image.write(name, name.as_bytes());
    }
    image.tool("mdel", &["::one file with a long name"]);
    let fs = image.open();
    assert_eq!(tree(&fs).unwrap().into_keys().collect::<Vec<_>>(), ["/THIRD", "/another file with a long name"]);
    assert_eq!(fs.lookup(0, b"one file with a long name").unwrap(), None);
    assert_eq!(fs.lookup(0, b"LABEL").unwrap(), None);
}

#[test]
fn short_names_have_case_bits_and_a_code_page() {
    let image = Image::new(1440, &[]);
    image.write("NAME.TXT", b"");
    let shown = |name: &[u8; 11], case: u8| {
        let mut bytes = image.bytes();
        let at = entry(&bytes, b"NAME    TXT");
        bytes[at..at + 11].copy_from_slice(name);
        bytes[at + 12] = case;
        listed(bytes).concat()
    };
    assert_eq!(shown(b"NAME    TXT", 0), "NAME.TXT");
    assert_eq!(shown(b"NAME    TXT", 0x08), "name.TXT");
    assert_eq!(shown(b"NAME    TXT", 0x10), "NAME.txt");
    assert_eq!(shown(b"NAME    TXT", 0x18), "name.txt");
    assert_eq!(shown(b"NAME       ", 0x18), "name");
    assert_eq!(shown(b"A B C   D E", 0), "A B C.D E");
    assert_eq!(shown(b"\x8e\x99\xe1     \x9a\xff ", 0), "ÄÖß.Ü\u{a0}");
    assert_eq!(shown(b"\x8e\x99\xe1\xe2    \x9a  ", 0x18), "äößΓ.ü", "the code page has no small gamma");
    assert_eq!(shown(b"\x05ABC    TXT", 0x10), "σABC.txt");
    assert_eq!(shown(b"\x05ABC    TXT", 0), "σABC.TXT", "0xe5 is a small sigma");
    assert_eq!(shown(b"\x80\xfe      \xb3  ", 0), "Ç■.│");
    assert_eq!(shown(b"\xe5AME    TXT", 0), "");
}

#[test]
fn parts_of_a_long_name_that_do_not_fit_are_passed_over() {
    let image = Image::new(1440, &[]);
    image.write("a name in three parts, or in four or so", b"");
    image.write("BEHIND", b"");
    let bytes = image.bytes();
    let at = entry(&bytes, b"ANAMEI~1   ");
    let with = |part: usize, byte: usize, value: u8| {
        let mut bytes = bytes.clone();
        bytes[at - 32 * part + byte] = value;
        listed(bytes)
    };
    let long = ["a name in three parts, or in four or so", "BEHIND"];
    let short = ["ANAMEI~1", "BEHIND"];
    assert_eq!(listed(bytes.clone()), long);
    assert_eq!(with(1, 0, 3), short, "out of order");
    assert_eq!(with(1, 0, 0xe5), short, "deleted");
    assert_eq!(with(1, 0, 0), short, "never used");
    assert_eq!(with(2, 13, 0), short, "another checksum");
    assert_eq!(with(3, 0, 3), short, "none that ends it");
    assert_eq!(with(3, 0, 0x40), short, "of no part");
    assert_eq!(with(3, 0, 0x40 | 21), short, "of too many parts");
    assert_eq!(with(0, 0, b'X'), ["XNAMEI~1", "BEHIND"], "of another entry");
    assert_eq!(with(2, 0, 0x42), ["a name in three parts, or ", "BEHIND"], "it begins anew");
    assert_eq!(with(0, 0, 0xe5), ["BEHIND"]);
    assert_eq!(with(0, 0, 0), ["BEHIND"], "what lies behind an entry that was never used is read");
}

#[test]
fn utf16_is_taken_as_the_kernel_takes_it() {
    let image = Image::new(1440, &[]);
    image.write("abcd-ended by nul", b"");
    let bytes = image.bytes();
    let at = entry(&bytes, b"ABCD-E~1   ") - 32;
    let with = |units: [u16; 4]| {
        let mut bytes = bytes.clone();
        for (index, unit) in units.iter().enumerate() {
            bytes[at + 1 + 2 * index..][..2].copy_from_slice(&unit.to_le_bytes());
        }
        let fs = open_bytes(bytes).unwrap();
        let list = names(&fs, 0).unwrap();
        assert_eq!(fs.lookup(0, list[0].0.as_bytes()).unwrap(), Some(list[0].1));
        list[0].0.clone()
    };
    assert_eq!(with([0xd83e, 0xdd80, 0x6f22, 0x0130]), "🦀漢İ-ended by nul");
    assert_eq!(with([0xd83e, 0x61, 0xdd80, 0x62]), "ab-ended by nul", "halves of pairs are left out");
    assert_eq!(with([0x61, 0x62, 0, 0x63]), "ab");
}

#[test]
fn names_that_no_directory_may_have_are_damage() {
    let image = Image::new(1440, &[]);
    image.write("abcd long name", b"");
    image.write("OTHER", b"");
    let bytes = image.bytes();
    let at = entry(&bytes, b"ABCDLO~1   ") - 32;
    for units in ["a/b\0", "..\0\0", ".\0\0\0", "\0\0\0\0"] {
        let mut bytes = bytes.clone();
        for (index, unit) in units.encode_utf16().enumerate() {
            bytes[at + 1 + 2 * index..][..2].copy_from_slice(&unit.to_le_bytes());
        }
        let fs = open_bytes(bytes).unwrap();
        let error = names(&fs, 0).unwrap_err().to_string();
        assert!(error.starts_with("the top directory is damaged: the entry at byte"), "{error}");
        assert!(fs.lookup(0, b"other").unwrap().is_some(), "the others are found");
    }
}

#[test]
fn times_are_those_of_the_kernel() {
    let image = Image::new(1440, &[]);
    image.write("FILE", b"");
    let mtime = |date: (u16, u16, u16), time: (u16, u16, u16)| {
        let mut bytes = image.bytes();
        let at = entry(&bytes, b"FILE       ");
        let date = ((date.0 - 1980) << 9) | (date.1 << 5) | date.2;
        let time = (time.0 << 11) | (time.1 << 5) | (time.2 / 2);
        bytes[at + 22..at + 24].copy_from_slice(&time.to_le_bytes());
        bytes[at + 24..at + 26].copy_from_slice(&date.to_le_bytes());
        let fs = open_bytes(bytes).unwrap();
        fs.inode(find(&fs, "/file").unwrap()).unwrap().mtime
    };
    // As date(1) says with TZ=UTC.
    assert_eq!(mtime((1980, 1, 1), (0, 0, 0)), 315_532_800);
    assert_eq!(mtime((1980, 2, 29), (23, 59, 58)), 320_716_798);
    assert_eq!(mtime((1980, 3, 1), (0, 0, 0)), 320_716_800);
    assert_eq!(mtime((2024, 2, 29), (12, 34, 56)), 1_709_210_096);
    assert_eq!(mtime((2024, 12, 31), (0, 0, 0)), 1_735_603_200);
    assert_eq!(mtime((2100, 2, 28), (0, 0, 0)), 4_107_456_000);
    assert_eq!(mtime((2100, 3, 1), (0, 0, 0)), 4_107_542_400);
    assert_eq!(mtime((2107, 12, 31), (23, 59, 58)), 4_354_819_198);
    assert_eq!(mtime((1980, 0, 0), (0, 0, 0)), 315_532_800, "no day at all");
}

proptest! {
    /// Bytes of any kind are gone through once, and what is found lies there.
    #[test]
    fn entries_of_any_bytes_have_an_end(
        slots in prop::collection::vec((prop::array::uniform32(any::<u8>()), prop_oneof![Just(0x0f_u8), any::<u8>()]), 0..60),
    ) {
        let bytes: Vec<u8> = slots.iter().flat_map(|(slot, attributes)| {
            let mut slot = *slot;
            slot[11] = *attributes;
            slot
        }).collect();
        let index = Index::new(&bytes);
        let mut last = None;
        for entry in Entries::new(&bytes) {
            prop_assert!(entry.offset % 32 == 0 && entry.offset < bytes.len() as u64 && Some(entry.offset) > last);
            last = Some(entry.offset);
            let name = entry.name();
            prop_assert!(name.is_empty() || entry.is_named(&name));
            let same = Entries::new(&bytes).find(|other| !other.slot.is_dots() && other.is_named(&name));
            prop_assert_eq!(index.find(&bytes, &name), same.map(|other| other.offset));
        }
    }
}
