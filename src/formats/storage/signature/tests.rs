use super::*;
use crate::formats::storage::lvm;
use proptest::prelude::*;
use std::io::Cursor;

fn put(image: &mut [u8], offset: usize, bytes: &[u8]) {
    image[offset..offset + bytes.len()].copy_from_slice(bytes);
}

fn blank() -> Vec<u8> {
    vec![0; HEAD as usize]
}

const UUID: [u8; 16] = [0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0x01];
const WRITTEN: &str = "11111111-2222-3333-4444-555555555501";

const TEXT: &str = "ubuntu-vg {\nid = \"bt7Sej\"\nphysical_volumes {\npv0 {\nid = \"a\"\n}\npv1 {\nid = \"b\"\n}\n}\n\
                    logical_volumes {\nubuntu-lv {\nstatus = [\"READ\", \"VISIBLE\"]\nsegment1 {\ntype = \"thin\"\n}\n}\n}\n}\n";

/// A physical volume as pvcreate lays it out, its metadata text beginning `at` bytes into an area of `size`.
fn physical_volume(at: u64, size: u64) -> Vec<u8> {
    let mut image = vec![0; 1 << 20];
    put(&mut image, 512, b"LABELONE");
    put(&mut image, 520, &1u64.to_le_bytes());
    put(&mut image, 532, &32u32.to_le_bytes());
    put(&mut image, 536, b"LVM2 001");
    put(&mut image, 544, b"oUpjEKxUUmPeqaDWGiiRHV8t1rS944Sm");
    put(&mut image, 576, &(5u64 << 30).to_le_bytes());
    put(&mut image, 584, &1_048_576u64.to_le_bytes());
    put(&mut image, 616, &4096u64.to_le_bytes());
    put(&mut image, 624, &size.to_le_bytes());
    let area = 4096usize;
    put(&mut image, area + 4, b" LVM2 x[5A%r0N*>");
    put(&mut image, area + 20, &1u32.to_le_bytes());
    put(&mut image, area + 24, &4096u64.to_le_bytes());
    put(&mut image, area + 32, &size.to_le_bytes());
    put(&mut image, area + 40, &at.to_le_bytes());
    put(&mut image, area + 48, &(TEXT.len() as u64).to_le_bytes());
    put(&mut image, area + 56, &physical_volume::checksum(TEXT.as_bytes()).to_le_bytes());
    let (first, second) = TEXT.as_bytes().split_at(TEXT.len().min((size - at) as usize));
    put(&mut image, area + at as usize, first);
    put(&mut image, area + 512, second);
    image
}

fn expected_volume() -> Signature {
    Signature::LvmPv {
        uuid: "oUpjEK-xUUm-Peqa-DWGi-iRHV-8t1r-S944Sm".to_owned(),
        vg: Some("ubuntu-vg".to_owned()),
        lvs: vec!["ubuntu-lv".to_owned()],
        pv_count: 2,
    }
}

#[test]
fn reads_a_physical_volume_with_its_group() {
    assert!(lvm::volume_group(TEXT).is_some());
    let contents = read(&mut Cursor::new(physical_volume(4608, 1_044_480))).unwrap();
    assert_eq!(contents.signature, Some(expected_volume()));
    assert!(contents.volumes["ubuntu-lv"].types.contains("thin"));
}

#[test]
fn follows_metadata_around_the_end_of_the_ring() {
    let contents = read(&mut Cursor::new(physical_volume(65536 - 100, 65536))).unwrap();
    assert_eq!(contents.signature, Some(expected_volume()));
}

#[test]
fn a_volume_with_damaged_metadata_is_still_a_volume() {
    let mut image = physical_volume(4608, 1_044_480);
    put(&mut image, 4096 + 4, b"damaged");
    let Some(Signature::LvmPv { vg, pv_count, .. }) = read(&mut Cursor::new(image)).unwrap().signature else {
        panic!()
    };
    assert_eq!((vg, pv_count), (None, 0));
}

#[test]
fn a_text_with_another_checksum_does_not_count() {
    let mut image = physical_volume(4608, 1_044_480);
    let at = 4096 + 4608 + TEXT.find("thin").unwrap();
    put(&mut image, at, b"flat");
    let contents = read(&mut Cursor::new(image)).unwrap();
    assert!(matches!(contents.signature, Some(Signature::LvmPv { vg: None, .. })) && contents.volumes.is_empty());
    // The check value of CRC-32 for the digits, by LVM's beginning and without the inversion (computed with zlib's
    // crc32(data, crc): ~crc32("123456789", ~0xf597a6cf)).
    assert_eq!(physical_volume::checksum(b"123456789"), 0x4991_cf02);
}

#[test]
fn headers_tell_of_ciphers_levels_and_devices() {
    let read_of = |pieces: &[(usize, &[u8])]| {
        let mut image = blank();
        pieces.iter().for_each(|(offset, bytes)| put(&mut image, *offset, bytes));
        read(&mut Cursor::new(image)).unwrap()
    };
    let luks = |version: u16, cipher: &str| Some(LuksHeader { version, cipher: Some(cipher.to_owned()) });
    let one = read_of(&[(0, b"LUKS\xba\xbe\x00\x01"), (8, b"aes"), (40, b"xts-plain64"), (168, WRITTEN.as_bytes())]);
    assert_eq!(one.luks, luks(1, "aes-xts-plain64"));
    let json = br#"{"segments":{"0":{"type":"crypt","encryption":"serpent-xts-plain64"}}}"#;
    let two = read_of(&[(0, b"LUKS\xba\xbe\x00\x02"), (8, &16384u64.to_be_bytes()), (4096, json)]);
    assert_eq!(two.luks, luks(2, "serpent-xts-plain64"));
    let cut = read_of(&[(0, b"LUKS\xba\xbe\x00\x02"), (8, &u64::MAX.to_be_bytes()), (4096, b"{\"segments\"")]);
    assert_eq!(cut.luks, Some(LuksHeader { version: 2, cipher: None }));
    for (level, name) in [(1i32, Some("raid1")), (10, Some("raid10")), (-1, Some("linear")), (77, None)] {
        let magic = filesystem::RAID_MAGIC.to_le_bytes();
        let member = read_of(&[(4096, &magic), (4096 + 16, &UUID), (4096 + 72, &level.to_le_bytes())]);
        let raid = member.raid.unwrap();
        assert_eq!((raid.level.as_deref(), raid.uuid.as_deref()), (name, Some("11111111222233334444555555555501")));
    }
    let btrfs = read_of(&[(0x10040, b"_BHRfS_M"), (0x10020, &UUID), (0x10088, &2u64.to_le_bytes())]);
    assert_eq!((btrfs.btrfs_devices, btrfs.btrfs_checksum), (Some(2), Some("crc32c")));
    let of_kind = |kind: u16| read_of(&[(0x10040, b"_BHRfS_M"), (0x10020, &UUID), (0x100c4, &kind.to_le_bytes())]);
    let checksums = [1, 2, 3, 4].map(|kind| of_kind(kind).btrfs_checksum);
    assert_eq!(checksums, [Some("xxhash64"), Some("sha256"), Some("blake2b-256"), None]);
}

#[test]
fn a_metadata_size_beyond_all_bounds_is_refused() {
    let mut image = physical_volume(4608, 1_044_480);
    put(&mut image, 4096 + 32, &u64::MAX.to_le_bytes());
    put(&mut image, 4096 + 48, &(u64::MAX - 600).to_le_bytes());
    let Some(Signature::LvmPv { vg, .. }) = read(&mut Cursor::new(image)).unwrap().signature else { panic!() };
    assert_eq!(vg, None);
}

#[test]
fn tells_the_ext_family_apart() {
    let kind = |compat: u32, incompat: u32, ro_compat: u32| {
        let mut image = blank();
        put(&mut image, 1024 + 0x38, &[0x53, 0xef]);
        put(&mut image, 1024 + 0x5c, &compat.to_le_bytes());
        put(&mut image, 1024 + 0x60, &incompat.to_le_bytes());
        put(&mut image, 1024 + 0x64, &ro_compat.to_le_bytes());
        put(&mut image, 1024 + 0x68, &UUID);
        put(&mut image, 1024 + 0x78, b"root");
        match identify(&image) {
            Some(Signature::Filesystem { kind, uuid, label }) => {
                assert_eq!((uuid.as_deref(), label.as_deref()), (Some(WRITTEN), Some("root")));
                kind
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(kind(0x3c, 0x2c2, 0x46b), "ext4");
    assert_eq!(kind(0x3c, 0x2, 0x3), "ext3");
    assert_eq!(kind(0x38, 0x2, 0x3), "ext2");
}

#[test]
fn knows_the_other_filesystems() {
    let with = |pieces: &[(usize, &[u8])]| {
        let mut image = blank();
        for (offset, bytes) in pieces {
            put(&mut image, *offset, bytes);
        }
        identify(&image)
    };
    let filesystem = |kind: &str, uuid: &str| {
        Some(Signature::Filesystem { kind: kind.to_owned(), uuid: Some(uuid.to_owned()), label: None })
    };
    assert_eq!(with(&[(0, b"XFSB"), (32, &UUID)]), filesystem("xfs", WRITTEN));
    assert_eq!(with(&[(0x10040, b"_BHRfS_M"), (0x10020, &UUID)]), filesystem("btrfs", WRITTEN));
    assert_eq!(with(&[(4086, b"SWAPSPACE2"), (1036, &UUID)]), filesystem("swap", WRITTEN));
    let fat =
        with(&[(0x52, b"FAT32   "), (0x43, &[0x34, 0x12, 0xcd, 0xab]), (0x47, b"NO NAME    "), (510, &[0x55, 0xaa])]);
    assert_eq!(fat, filesystem("vfat", "ABCD-1234"));
    assert_eq!(
        with(&[(0, b"LUKS\xba\xbe"), (168, WRITTEN.as_bytes())]),
        Some(Signature::Luks { uuid: Some(WRITTEN.to_owned()) })
    );
    assert_eq!(with(&[(4096, &0xa92b_4efcu32.to_le_bytes())]), Some(Signature::Other("linux_raid_member".to_owned())));
    assert_eq!(with(&[]), None);
    let dos = with(&[(446 + 4, &[0x83]), (510, &[0x55, 0xaa])]);
    assert_eq!(dos, Some(Signature::PartitionTable("dos".to_owned())));
    assert_eq!(with(&[(510, &[0x55, 0xaa])]), None);
}

fn gpt(block: usize) -> Vec<u8> {
    let mut image = blank();
    put(&mut image, 510, &[0x55, 0xaa]);
    put(&mut image, 446 + 4, &[0xee]);
    put(&mut image, block, b"EFI PART");
    put(&mut image, block + 72, &2u64.to_le_bytes());
    put(&mut image, block + 80, &128u32.to_le_bytes());
    put(&mut image, block + 84, &128u32.to_le_bytes());
    let entry = 2 * block + 2 * 128;
    put(&mut image, entry, &UUID);
    put(
        &mut image,
        entry + 16,
        &[0x5c, 0x17, 0x5c, 0x29, 0xfb, 0x47, 0x40, 0x46, 0xbb, 0x82, 0xe5, 0xd1, 0xa4, 0xe0, 0x48, 0xde],
    );
    put(&mut image, entry + 32, &886_784u64.to_le_bytes());
    put(&mut image, entry + 40, &6_289_407u64.to_le_bytes());
    put(&mut image, entry + 56, &[b'l', 0, b'v', 0, b'm', 0]);
    image
}

#[test]
fn reads_a_guid_partition_table() {
    for block in [512, 4096] {
        let image = gpt(block);
        assert_eq!(identify(&image), Some(Signature::PartitionTable("gpt".to_owned())));
        let partitions = gpt_partitions(&image);
        assert_eq!(partitions.len(), 1);
        assert_eq!(partitions[0].number, 3);
        assert_eq!(partitions[0].uuid, "295c175c-47fb-4640-bb82-e5d1a4e048de");
        assert_eq!((partitions[0].name.as_str(), partitions[0].first_lba), ("lvm", 886_784));
        assert_eq!(partitions[0].block_size, block as u64);
    }
}

#[test]
fn a_table_of_absurd_size_is_bounded() {
    let mut image = gpt(512);
    put(&mut image, 512 + 72, &u64::MAX.to_le_bytes());
    assert_eq!(gpt_partitions(&image), []);
    let mut image = gpt(512);
    put(&mut image, 512 + 80, &u32::MAX.to_le_bytes());
    put(&mut image, 512 + 84, &u32::MAX.to_le_bytes());
    assert!(gpt_partitions(&image).len() <= 1);
}

#[test]
fn a_cut_device_is_no_panic() {
    let volume = physical_volume(4608, 1_044_480);
    let table = gpt(512);
    for end in (0..6000).chain((6000..131_072).step_by(997)) {
        let _ = read(&mut Cursor::new(&volume[..end]));
        let _ = gpt_partitions(&table[..end]);
        let _ = identify(&table[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = read(&mut Cursor::new(bytes.clone()));
        let _ = gpt_partitions(&bytes);
    }

    #[test]
    fn never_panics_on_damaged_volumes(at in 512usize..700, value in any::<u8>(), head in 0usize..64, other in any::<u8>()) {
        let mut image = physical_volume(4608, 1_044_480);
        image[at] = value;
        image[4096 + head] = other;
        let _ = read(&mut Cursor::new(image));
    }

    #[test]
    fn never_panics_on_damaged_tables(at in 512usize..1500, value in any::<u8>()) {
        let mut image = gpt(512);
        image[at] = value;
        let _ = gpt_partitions(&image);
    }
}
