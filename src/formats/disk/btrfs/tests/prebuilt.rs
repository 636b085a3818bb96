//! An image that Linux 6.18 has written, for machines that mount nothing: 32 MiB with `mkfs.btrfs -M`. In turn with
//! `compress-force=zlib`, `lzo` and `zstd` a subvolume of that name got the output of `seq 20000` as `numbers` and of
//! `seq 500` as `inline`, 200,000 zeros, and its name; then `in the middle` was written at byte 50,000 of `numbers`.
//! zlib/snapshot is a read-only snapshot of zstd, zlib/second a snapshot of zlib, plain/directory/below a subvolume,
//! and lzo the default one.

use super::image::disk;
use super::tree::of_filesystem;
use super::*;

const IMAGE: &[u8] = include_bytes!("../../../../../fixtures/disks/btrfs-of-linux.zst");

fn lines(last: u32) -> Vec<u8> {
    (1..=last).flat_map(|number| format!("{number}\n").into_bytes()).collect()
}

#[test]
fn compression_and_subvolumes() {
    let btrfs = open(disk(zstd::decode_all(IMAGE).unwrap())).unwrap();
    let found = btrfs.subvolumes().unwrap();
    let told: Vec<(&str, bool)> =
        found.iter().map(|one| (std::str::from_utf8(&one.path).unwrap(), one.read_only)).collect();
    let wanted = [
        ("", false),
        ("zlib", false),
        ("lzo", false),
        ("zstd", false),
        ("zlib/snapshot", true),
        ("plain/directory/below", false),
        ("zlib/second", false),
    ];
    assert_eq!(told, wanted);
    assert_eq!(btrfs.default_subvolume(), Ok(found[2].id));
    let mut numbers = lines(20_000);
    numbers[50_000..50_013].copy_from_slice(b"in the middle");
    let whole = of_filesystem(&btrfs.at(5).unwrap()).unwrap();
    let bytes = |path: &str| whole[path.as_bytes()].bytes.as_slice();
    for (place, kind) in
        [("zlib", "zlib"), ("lzo", "lzo"), ("zstd", "zstd"), ("zlib/snapshot", "zstd"), ("zlib/second", "zlib")]
    {
        assert!(bytes(&format!("/{place}/numbers")) == numbers, "{place}");
        assert!(bytes(&format!("/{place}/inline")) == lines(500), "{place}");
        assert!(bytes(&format!("/{place}/zeros")) == [0; 200_000], "{place}");
        assert_eq!(bytes(&format!("/{place}/name")), format!("{kind}\n").as_bytes());
    }
    assert_eq!(bytes("/plain/directory/below/file"), b"below\n");
    // The subvolume that lay in zlib when `second` was made of it is not in that.
    assert!(whole.contains_key(&b"/zlib/second/snapshot"[..]));
    assert!(!whole.keys().any(|path| path.starts_with(b"/zlib/second/snapshot/")));
}
