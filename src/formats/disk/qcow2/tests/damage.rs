//! Damage is named, what QEMU reads is read as QEMU reads it, and nothing makes the reader panic or run for long.

use super::sample::{Image, by_qemu, disk, open_bytes, read, refused};
use crate::formats::disk::Blocks;
use std::time::{Duration, Instant};

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    bytes[at..at + new.len()].copy_from_slice(new);
}

fn number(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap()
}

/// Where the first table of the second level begins.
fn l2(bytes: &[u8]) -> usize {
    number(bytes, number(bytes, 40)) & 0x00ff_ffff_ffff_fe00
}

fn with(bytes: &[u8], patches: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, new) in patches {
        put(&mut bytes, *at, new);
    }
    bytes
}

#[test]
fn what_is_not_read_is_named() {
    let image = Image::new(1 << 20, "compat=1.1");
    let bytes = image.bytes();
    let not_read = |what: &str| format!("{what}, which isctpl does not read");
    let said = |patches: &[(usize, &[u8])]| refused(with(&bytes, patches));
    assert_eq!(said(&[(4, &4_u32.to_be_bytes())]), not_read("a qcow image of version 4"));
    assert_eq!(said(&[(4, &1_u32.to_be_bytes())]), not_read("a qcow image of version 1"));
    assert_eq!(
        said(&[(72, &(1_u64 << 63 | 1 << 7).to_be_bytes())]),
        not_read("a qcow2 image with the feature of the incompatible bit 7 and the feature of the incompatible bit 63")
    );
    // The table of feature names is the first extension: its first row is of bit 0, of incompatible features.
    let row = 112 + 8;
    assert_eq!(&bytes[row + 2..row + 11], b"dirty bit");
    assert_eq!(
        said(&[(72, &(1_u64 << 9).to_be_bytes()), (row + 1, &[9])]),
        not_read("a qcow2 image with the feature \"dirty bit\" (incompatible bit 9)")
    );
    assert_eq!(said(&[(32, &1_u32.to_be_bytes())]), not_read("a qcow2 image that is encrypted with AES"));
    assert_eq!(said(&[(32, &2_u32.to_be_bytes())]), not_read("a qcow2 image that is encrypted with LUKS"));
    assert_eq!(said(&[(32, &3_u32.to_be_bytes())]), not_read("a qcow2 image of the encryption method 3"));
    assert_eq!(said(&[(72, &8_u64.to_be_bytes()), (104, &[2])]), not_read("a qcow2 image of the compression type 2"));

    let base = image.name("image");
    image.qemu_img(&["create", "-q", "-f", "qcow2", "-b", &base, "-F", "qcow2", &image.name("overlay")]);
    let overlay = std::fs::read(image.path("overlay")).unwrap();
    assert_eq!(refused(overlay), not_read(&format!("a qcow2 image with the backing file {base}")));
    let data = format!("data_file={}", image.name("data"));
    image.qemu_img(&["create", "-q", "-f", "qcow2", "-o", &data, &image.name("external"), "1M"]);
    let external = std::fs::read(image.path("external")).unwrap();
    assert_eq!(
        refused(external),
        not_read(&format!("a qcow2 image with the external data file {}", image.name("data")))
    );
}

#[test]
fn headers_that_qemu_refuses() {
    let bytes = Image::new(1 << 20, "compat=1.1").bytes();
    for (what, patches) in [
        ("does not begin with", &[(0, &b"QFI\0"[..])][..]),
        ("cluster_bits is 8", &[(20, &8_u32.to_be_bytes())]),
        ("cluster_bits is 22", &[(20, &22_u32.to_be_bytes())]),
        ("header_length is 103", &[(100, &103_u32.to_be_bytes())]),
        ("header_length is 65537", &[(100, &65_537_u32.to_be_bytes())]),
        ("backing_file_offset is 65537", &[(8, &65_537_u64.to_be_bytes())]),
        ("backing_file_size is 1024", &[(8, &1000_u64.to_be_bytes()), (16, &1024_u32.to_be_bytes())]),
        ("compression_type is 1", &[(104, &[1])]),
        ("compression_type is 0", &[(72, &8_u64.to_be_bytes())]),
        ("too small for extended", &[(72, &16_u64.to_be_bytes()), (20, &13_u32.to_be_bytes())]),
        ("refcount_order is 7", &[(96, &7_u32.to_be_bytes())]),
        ("refcount_table_clusters is 0", &[(56, &0_u32.to_be_bytes())]),
        ("the refcount table is damaged: it begins at 1", &[(48, &1_u64.to_be_bytes())]),
        ("the refcount table is damaged: it is", &[(56, &0xffff_u32.to_be_bytes())]),
        ("the snapshot table is damaged: it is", &[(60, &65_537_u32.to_be_bytes())]),
        ("the snapshot table is damaged: it begins at 8", &[(64, &8_u64.to_be_bytes())]),
        ("the L1 table is damaged: it is 33554440 bytes", &[(36, &0x40_0001_u32.to_be_bytes())]),
        ("the L1 table is damaged: it begins at", &[(40, &(3 * 65_536_u64 + 512).to_be_bytes())]),
        ("it has 1 entries, and size asks for 2049", &[(24, &((1_u64 << 40) + 1).to_be_bytes())]),
        ("the L1 table is damaged", &[(40, &u64::MAX.to_be_bytes())]),
        ("and size asks for 34359738368", &[(24, &u64::MAX.to_be_bytes())]),
    ] {
        let image = with(&bytes, patches);
        let said = refused(image.clone());
        assert!(said.contains(what), "{what}: {said}");
        assert!(said.contains("is damaged: "), "{said}");
        assert_eq!(by_qemu(&image), None, "QEMU reads it: {what}");
    }
}

#[test]
fn what_qemu_reads_all_the_same_is_read_as_it_does() {
    let raw = disk(1 << 20);
    let bytes = Image::of(&raw, "cluster_size=4096,compat=1.1", false).bytes();
    let table = l2(&bytes);
    let used = (0..256).find(|index| number(&bytes, table + 8 * index) != 0).unwrap();
    let entry = table + 8 * used;
    for (what, patches) in [
        ("dirty", &[(72, &1_u64.to_be_bytes()[..])][..]),
        ("corrupt", &[(72, &2_u64.to_be_bytes())]),
        ("a size that fills no sector", &[(24, &((1_u64 << 20) - 1).to_be_bytes())]),
        ("unknown compatible and autoclear features", &[(80, &[0xff; 15]), (95, &[0xf0])]),
        ("a cluster behind the end of the file", &[(entry, &(1_u64 << 40).to_be_bytes())]),
        ("a cluster at the end of the file", &[(entry, &(bytes.len() as u64).to_be_bytes())]),
        ("reserved bits of an entry", &[(entry, &[0x3f])]),
        ("zeros that are allocated", &[(entry + 7, &[1])]),
        ("a name of a backing file without length", &[(8, &600_u64.to_be_bytes()), (16, &[0; 4])]),
        ("no compression type", &[(100, &104_u32.to_be_bytes())]),
    ] {
        let image = with(&bytes, patches);
        let wanted = by_qemu(&image);
        assert!(wanted.is_some(), "QEMU does not read it: {what}");
        assert!(read(image, 1 << 16).unwrap() == wanted.unwrap(), "{what}");
    }
    // A file that ends within its last cluster, and within a compressed one.
    for (compressed, cut) in [(false, 1000), (false, 4096), (false, 9000), (true, 0)] {
        let mut image = Image::of(&raw, "cluster_size=4096", compressed).bytes();
        image.truncate(image.len() - cut);
        assert!(read(image.clone(), 1 << 16).unwrap() == by_qemu(&image).unwrap(), "{compressed} {cut}");
    }
}

#[test]
fn tables_and_clusters_that_qemu_refuses() {
    let image = |options: &str, compressed| Image::of(&disk(1 << 20), options, compressed).bytes();
    let entry = |bytes: &[u8], size: usize| {
        let table = l2(bytes);
        (0..64).map(|index| table + size * index).find(|at| number(bytes, *at) != 0).unwrap()
    };
    let is_refused = |bytes: &[u8], patches: &[(usize, &[u8])], what: &str| {
        let image = with(bytes, patches);
        let said = read(image.clone(), 1 << 16).unwrap_err().to_string();
        assert!(said.contains("is damaged: ") && said.contains(what), "{what}: {said}");
        assert_eq!(by_qemu(&image), None, "QEMU reads it: {what}");
    };
    let old = image("cluster_size=16384,compat=0.10", false);
    let at = entry(&old, 8);
    is_refused(&old, &[(at + 7, &[1])], "zeros, which version 2 does not know");
    is_refused(&old, &[(at + 6, &[2])], "places a cluster at byte");
    is_refused(&old, &[(number(&old, 40) + 6, &[2])], "places an L2 table at byte");
    let extended = image("cluster_size=16384,extended_l2=on", false);
    let at = entry(&extended, 16);
    is_refused(&extended, &[(at + 8, &[0xff; 8])], "its bitmap 0xffffffffffffffff contradicts itself");
    is_refused(&extended, &[(at, &[0; 8]), (at + 8, &1_u64.to_be_bytes())], "contradicts itself");
    for packing in ["zlib", "zstd"] {
        let packed = image(&format!("cluster_size=16384,compression_type={packing}"), true);
        let table = l2(&packed);
        let place = |at: usize| number(&packed, at) & ((1 << 56) - 1);
        let at = (0..64).map(|index| table + 8 * index).find(|at| number(&packed, *at) >> 62 == 1).unwrap();
        is_refused(&packed, &[(place(at), &[0xff; 16])], "the compressed cluster at byte");
        is_refused(&packed, &[(at + 2, &[0x7f])], "behind the end of the file");
    }

    // QEMU takes a table behind the end for zeros; what else may be missing then is not for isctpl to guess.
    let mut cut = image("cluster_size=4096", false);
    let table = l2(&cut);
    put(&mut cut, number(&image("cluster_size=4096", false), 40), &(1_u64 << 40).to_be_bytes());
    assert!(by_qemu(&cut).is_some());
    assert!(read(cut.clone(), 4096).unwrap_err().to_string().contains("it lies behind the end of the file"));
    cut.truncate(table);
    assert!(read(cut, 4096).is_err());
}

#[test]
#[allow(clippy::print_stderr)]
fn flipped_bytes_and_missing_ends_are_read_as_qemu_reads_them_or_refused() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut dice = |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap() % sides
    };
    let (mut slowest, mut same, mut more) = (Duration::ZERO, 0, 0);
    for (options, compressed) in [
        ("cluster_size=4096", false),
        ("cluster_size=16384,extended_l2=on", false),
        ("cluster_size=4096,compat=0.10", true),
        ("cluster_size=4096,compression_type=zstd", true),
    ] {
        let bytes = Image::of(&disk(256 << 10), options, compressed).bytes();
        let places = [0, number(&bytes, 40), l2(&bytes), l2(&bytes), l2(&bytes)];
        let lengths = [112, 8, 512, 512, 512];
        for round in 0..100 {
            let mut image = bytes.clone();
            for _ in 0..=dice(4) {
                let which = dice(places.len() + 1);
                let at = match places.get(which) {
                    Some(place) => place + dice(lengths[which]),
                    None => dice(bytes.len()),
                };
                image[at] ^= 1 << dice(8);
            }
            if round % 10 == 9 {
                image.truncate(dice(bytes.len()));
            }
            // A size of the disk that is far too large is not read to its end.
            let begin = Instant::now();
            let opened = open_bytes(image.clone()).map(|disk| disk.size());
            let found = match opened {
                Ok(size) if size <= 1 << 21 => read(image.clone(), 32 << 10),
                Ok(_) => continue,
                Err(error) => Err(error),
            };
            slowest = slowest.max(begin.elapsed());
            if round % 5 != 0 {
                continue;
            }
            match (found, by_qemu(&image)) {
                (Ok(found), Some(wanted)) => {
                    assert!(found == wanted, "{options}, round {round}");
                    same += 1;
                }
                (Ok(_), None) => more += 1,
                (Err(error), Some(_)) => {
                    assert!(error.to_string().contains("behind the end of the file"), "{options}, {round}: {error}");
                }
                (Err(_), None) => {}
            }
        }
    }
    eprintln!("the slowest of 400 damaged images took {slowest:?}; {same} are as QEMU reads them, {more} it refuses");
    assert!(same > 15 && slowest < Duration::from_secs(2), "{same} {slowest:?}");
}
