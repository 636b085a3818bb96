//! All kinds of images that qemu-img makes.

use super::sample::{Image, by_qemu, disk, open_bytes, read};
use crate::formats::disk::Blocks;
use crate::formats::disk::qcow2::is_qcow2;

fn is_read(raw: &[u8], options: &str, compressed: bool) {
    let image = Image::of(raw, options, compressed).bytes();
    assert!(is_qcow2(&image));
    for piece in [raw.len(), 1000, 4096] {
        assert!(read(image.clone(), piece).unwrap() == raw, "{options} {compressed} {piece}");
    }
}

#[test]
fn every_size_of_cluster_and_both_versions() {
    for size in ["512", "4096", "65536", "2M"] {
        for version in ["0.10", "1.1"] {
            let raw = disk(if size == "512" { 700_416 } else { 5_000_192 });
            is_read(&raw, &format!("cluster_size={size},compat={version}"), false);
        }
    }
}

#[test]
fn compressed_clusters() {
    for size in ["512", "4096", "65536", "2M"] {
        for packing in ["compat=0.10", "compression_type=zlib", "compression_type=zstd"] {
            let raw = disk(if size == "512" { 300_032 } else { 3_000_320 });
            is_read(&raw, &format!("cluster_size={size},{packing}"), true);
        }
    }
}

#[test]
fn extended_entries() {
    for size in ["16384", "65536", "2M"] {
        let options = format!("cluster_size={size},extended_l2=on");
        is_read(&disk(5_000_192), &options, false);
        is_read(&disk(5_000_192), &format!("{options},compression_type=zstd"), true);
    }
}

#[test]
fn places_allocated_beforehand_and_other_widths_of_counts() {
    let raw = disk(3_000_320);
    for options in ["preallocation=metadata", "preallocation=falloc", "lazy_refcounts=on", "refcount_bits=1"] {
        is_read(&raw, options, false);
    }
}

#[test]
fn what_a_guest_wrote_zeroed_and_discarded() {
    for options in [
        "compat=0.10",
        "cluster_size=4096",
        "cluster_size=65536",
        "cluster_size=16384,extended_l2=on",
        "cluster_size=65536,extended_l2=on,compression_type=zstd",
    ] {
        let image = Image::new(20 << 20, options);
        image.write(&[
            "write -P 0x11 1000k 300k",
            "write -P 0x22 1033k 3k",
            "write -c -P 0x33 2M 64k",
            "write -P 0x44 2063k 512",
            "write -P 0x55 5M 1M",
            "write -z 5200k 100k",
            "write -z -u 5400k 128k",
            "discard 5700k 64k",
            "write -P 0x66 5500k 2k",
            "write -P 0x77 20479k 1k",
            "write -z 10M 3M",
        ]);
        let raw = by_qemu(&image.bytes()).unwrap();
        assert!(raw.len() == 20 << 20 && raw[1_000_000..].contains(&0x22) && raw[20 << 20 >> 1..].contains(&0x77));
        for piece in [raw.len(), 65_536, 3000] {
            assert!(read(image.bytes(), piece).unwrap() == raw, "{options} {piece}");
        }
        image.qemu_img(&["snapshot", "-c", "before", &image.name("image")]);
        image.write(&["write -P 0x88 1100k 2M"]);
        assert!(read(image.bytes(), 1 << 20).unwrap() == by_qemu(&image.bytes()).unwrap(), "{options} with a snapshot");
    }
}

#[test]
fn the_end_and_what_lies_behind_it() {
    let raw = disk(1_000_448);
    let image = open_bytes(Image::of(&raw, "cluster_size=65536", false).bytes()).unwrap();
    assert_eq!(image.size(), 1_000_448);
    let mut buffer = vec![0; 448];
    image.read_at(1_000_000, &mut buffer).unwrap();
    assert!(buffer == raw[1_000_000..]);
    image.read_at(1_000_448, &mut []).unwrap();
    for offset in [1_000_001, 1_000_448, u64::MAX, u64::MAX - 447] {
        assert!(image.read_at(offset, &mut buffer).unwrap_err().to_string().contains("behind the end"), "{offset}");
    }
}

#[test]
fn large_disks_of_little_content() {
    let image = Image::new(1 << 50, "cluster_size=2M");
    image.write(&["write -P 0x99 1099511620000k 4k"]);
    let disk = open_bytes(image.bytes()).unwrap();
    assert_eq!(disk.size(), 1 << 50);
    let mut buffer = [0; 8192];
    disk.read_at((1_099_511_620_000 << 10) - 4096, &mut buffer).unwrap();
    assert!(buffer[..4096] == [0; 4096] && buffer[4096..] == [0x99; 4096]);
    let mut far = vec![1; 4 << 20];
    disk.read_at((1 << 50) - (4 << 20), &mut far).unwrap();
    assert!(far.iter().filter(|byte| **byte == 0x99).count() <= 4096);
}
