//! Segments, damage, and bytes made to harm.

use super::*;
use proptest::prelude::*;

#[test]
fn segments_follow_one_another_by_the_kernels_rule() {
    let one = Archive::new().file("one", "1").finish();
    let two = Archive::new().file("two", "2").finish();
    let names = |image: &[u8]| facts_of(image).files.into_keys().collect::<Vec<_>>();
    // Padding between, also to no multiple of four before a compressed stream.
    let image = [zstd(&one).as_slice(), &[0; 7], &gzip(&two), &[0; 30]].concat();
    let facts = facts_of(&image);
    assert_eq!(
        (damage(&facts).len(), facts.segments.len(), names(&image)),
        (0, 2, vec!["one".to_owned(), "two".to_owned()])
    );
    // Several archives in one stream, and archives that are not compressed one behind another.
    assert_eq!(names(&gzip(&[one.as_slice(), &two].concat())), ["one", "two"]);
    assert_eq!(facts_of(&[one.as_slice(), &[0; 512], &two].concat()).segments.len(), 1);
    // The last of two files of the same name counts.
    let again = Archive::new().program("one", "123").finish();
    assert_eq!(facts_of(&[one.as_slice(), &zstd(&again)].concat()).files["one"], EntryKind::Program(3));
}

#[test]
fn damage_is_told_with_its_offset_and_whose_it_is() {
    let one = Archive::new().file("one", "1").finish();
    let told = |image: &[u8]| {
        let facts = facts_of(image);
        (damage(&facts).join("; "), facts.incomplete)
    };
    assert_eq!(told(&[]).0, "the file is empty or contains only NUL bytes");
    assert_eq!(told(b"MZ\x90").0, "byte 0 starts neither a cpio archive nor a known compression");
    let packed = zstd(&one);
    let length = packed.len();
    let garbage = [packed.as_slice(), b"garbage"].concat();
    assert_eq!(
        told(&garbage),
        (format!("the file has garbage from byte {length} on: neither a cpio archive nor a known compression"), false)
    );
    let unaligned = [packed.as_slice(), &vec![0; 4 - length % 4 + 1], &one].concat();
    assert!(told(&unaligned).0.contains("does not begin at a multiple of four"));
    let (cut, ours) = told(&packed[..length - 4]);
    assert_eq!(cut, format!("the zstd stream at byte 0, near byte {}: the file ends inside the stream", length - 4));
    assert!(!ours);
    let unfinished = Archive::new().file("one", "1").unfinished();
    for whole in [unfinished.clone(), gzip(&unfinished)] {
        assert_eq!(told(&whole), (String::new(), false), "the kernel takes that");
    }
    // It does not look for the padding at the end of the image, but at that of a stream.
    let unpadded = &unfinished[..unfinished.len() - 1];
    assert_eq!(told(unpadded), (String::new(), false));
    let inside = "the gzip stream at byte 0 ends inside an entry, or has none";
    assert_eq!((told(&gzip(unpadded)).0.as_str(), told(&gzip(b"")).0.as_str()), (inside, inside));
    assert_eq!(told(&[gzip(&one), gzip(b"")].concat()).0, "", "the kernel takes that, too");
    assert!(told(&gzip(b"no archive")).0.starts_with("inside the gzip stream at byte 0: no cpio header"));
    let behind = [one.as_slice(), &gzip(b"no archive")].concat();
    assert!(told(&behind).0.ends_with("has garbage after 0 unpacked bytes"), "{}", told(&behind).0);
    let (lzo, ours) = told(b"\x89LZO\0\r\n\x1a\n rest");
    assert_eq!((lzo.as_str(), ours), ("the segment at byte 0: isctpl does not support lzo compression", true));
    assert!(
        told(&gzip(&one[..100])).0.starts_with("inside the gzip stream at byte 0: the archive is cut off at byte 100")
    );
}

#[test]
fn an_image_is_listed_in_order_with_names_as_they_are() {
    let archive = Archive::new().entry(b"caf\xe9", 0o100_600, 1, b"12345").link("l", "to").finish();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[archive.as_slice(), &zstd(&Archive::new().directory("d").finish())].concat()).unwrap();
    file.rewind().unwrap();
    let mut entries = Vec::new();
    let facts = examine(file, "image", &mut |entry| {
        entries.push((entry.segment, entry.header.name.clone(), entry.header.size, entry.target.clone()));
    });
    assert_eq!(damage(&facts), [""; 0]);
    assert_eq!((facts.path.as_str(), facts.segments.len(), facts.files.len()), ("image", 2, 3));
    assert_eq!(
        entries,
        [(0, b"caf\xe9".to_vec(), 5, None), (0, b"l".to_vec(), 2, Some(b"to".to_vec())), (1, b"d".to_vec(), 0, None)]
    );
}

#[test]
fn entries_and_names_are_bounded_over_all_segments() {
    let target = "t".repeat(750);
    let named = |archive: Archive, number: u32| archive.link(&format!("{number:0250}"), &target);
    let one = |number: u32| (0..800).fold(Archive::new(), |all, of| named(all, number * 800 + of)).finish();
    let image: Vec<u8> = (0..25).flat_map(one).collect();
    let facts = facts_of(&image);
    let bytes: usize = facts.files.keys().map(|name| name.len() + target.len()).sum();
    assert!(facts.incomplete && bytes <= 16 << 20 && bytes > 15 << 20, "{bytes}");
    assert!(damage(&facts)[0].contains("in one run isctpl reads no more than 16 MiB"), "{:?}", facts.damage);
    // Of several images all names together.
    let budget = Budget::of_images();
    let part: Vec<u8> = (0..15).flat_map(one).collect();
    let read = || {
        let mut facts = Initramfs { size: part.len() as u64, ..Initramfs::default() };
        fill(Cursor::new(part.as_slice()), &mut facts, &budget, &mut |_| ());
        facts.incomplete
    };
    assert_eq!((read(), read()), (false, true));
}

#[test]
fn an_image_of_a_root_is_read_through_it() {
    let directory = tempfile::tempdir().unwrap();
    let image = Archive::new().file("one", "1").finish();
    std::fs::write(directory.path().join("initrd"), &image).unwrap();
    let root = Root::open(directory.path()).unwrap();
    let facts = read(&root, "/initrd", &Budget::of_images());
    assert_eq!((facts.path.as_str(), facts.size, facts.files.len()), ("/initrd", image.len() as u64, 1));
    assert!(facts.mtime > 0);
    assert_eq!(damage(&read(&root, "/absent", &Budget::of_images())), ["does not exist"]);
    std::fs::create_dir(directory.path().join("dir")).unwrap();
    assert!(read(&root, "/dir", &Budget::of_images()).incomplete);
}

#[test]
fn truncation_at_every_offset_does_not_panic() {
    let small = Archive::new().program("init", "#!/bin/sh\ngetarg ip=\n").link("bin", "usr/bin").finish();
    let image = [small.as_slice(), &zstd(&small), &gzip(&small)].concat();
    for end in 0..image.len() {
        let _ = facts_of(&image[..end]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = facts_of(&bytes);
        let _ = facts_of(&zstd(&bytes));
    }

    #[test]
    fn flipped_bytes_do_not_panic(at in any::<usize>(), value in any::<u8>()) {
        let mut image = dracut().finish();
        let at = at % image.len();
        image[at] = value;
        let _ = facts_of(&image);
    }
}
