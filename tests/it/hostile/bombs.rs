//! What is small and unpacks to much, and what takes no room on a disk: for the tests of the bounds, and for
//! `cargo bench --bench costs -- --hostile`, which measures each.

use super::inputs::{BOOTS, FAILS, INITRD, Input, input, write};
use crate::support::image::{self, Record};
use crate::support::tree::Tree;
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

const KERNEL: &str = "6.1.0-50-amd64";

/// Longer than any file system's file has to be, and any run's patience.
const TERABYTE: u64 = 1 << 40;

/// What a bomb unpacks to, in bytes: more than a run unpacks of zeros.
const UNPACKED: u64 = 256 << 20;

/// Of these the kernel knows all.
const COMPRESSIONS: [&str; 6] = ["gzip", "xz", "lzma", "bzip2", "zstd", "lz4-legacy"];

/// Bytes and so many zeros, packed.
fn zeros_behind(bytes: &[u8], zeros: u64, compression: &str) -> Vec<u8> {
    image::compress(bytes.chain(io::repeat(0).take(zeros)), compression)
}

/// An archive and so many zeros behind it, packed.
fn bomb(zeros: u64, compression: &str) -> Vec<u8> {
    zeros_behind(&archive(), zeros, compression)
}

/// An archive of one file.
fn archive() -> Vec<u8> {
    image::records(&[Record::new("f", 0o100_644, b"")])
}

/// Bytes in a stream whose decoder has to keep so much of what came out, in bytes.
fn windowed(mut bytes: impl Read, compression: &str, window: u32) -> Vec<u8> {
    let mut options = LzmaOptions::new_preset(0).unwrap();
    options.dict_size(window);
    let stream = match compression {
        "zstd" => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(window.ilog2()).unwrap();
            io::copy(&mut bytes, &mut encoder).unwrap();
            return encoder.finish().unwrap();
        }
        "xz" => Stream::new_stream_encoder(Filters::new().lzma2(&options), Check::Crc32).unwrap(),
        _ => Stream::new_lzma_encoder(&options).unwrap(),
    };
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    io::copy(&mut bytes, &mut encoder).unwrap();
    encoder.finish().unwrap()
}

/// Makes a file a terabyte long, of which it holds what it held before.
fn stretch(root: &Path, path: &str) {
    OpenOptions::new().write(true).open(root.join(path)).unwrap().set_len(TERABYTE).unwrap();
}

/// The entry that boots, with these files of `/boot` as its images.
fn boot_with(root: &Path, images: &[String]) {
    let path = root.join("boot/grub/grub.cfg");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("/initrd.img-6.1.0-50-amd64", &images.join(" "))).unwrap();
}

/// Images.
pub(crate) fn images() -> Vec<Input> {
    let beyond = "it unpacks to more than 16 times its size, and in one run isctpl unpacks no more than 128 MiB beyond";
    let at = format!("/{INITRD}: ");
    let packed = |compression: &'static str| {
        let name = format!("{INITRD}: zeros without end, packed by {compression}");
        input(name, beyond, move |root| write(root, INITRD, bomb(UNPACKED, compression))).at(&at)
    };
    let mut inputs: Vec<Input> = COMPRESSIONS.into_iter().map(packed).collect();
    inputs.push(packed("lz4").ends(FAILS));
    // Each comes to less than what a run unpacks, and the first one is read whole.
    let shared = input("six images of one entry, of a hundred MiB of zeros each", beyond, |root| {
        let names = COMPRESSIONS.into_iter().enumerate().map(|(number, compression)| {
            write(root, &format!("boot/{number}"), bomb(100 << 20, compression));
            format!("/{number}")
        });
        boot_with(root, &names.collect::<Vec<_>>());
    });
    inputs.push(shared.at("/boot/1: "));
    let of_zstd = "unpacking it takes a window of more than 32 MiB, which is isctpl's limit";
    let of_xz = "unpacking it takes a window of more than 64 MiB, which is isctpl's limit";
    for (compression, size, window) in [("zstd", 1 << 27, of_zstd), ("xz", 1 << 27, of_xz), ("lzma", 1 << 30, of_xz)] {
        let name = format!("{INITRD}: a window of {} MiB of {compression}", size >> 20);
        let windowed = move |root: &Path| write(root, INITRD, windowed(archive().as_slice(), compression, size));
        inputs.push(input(name, window, windowed).at(&at));
    }
    let segments = "the file has more than 4096 segments, which is isctpl's limit";
    for compression in ["zstd", "xz", "lzma"] {
        let name = format!("{INITRD}: five thousand segments of {compression}, with a window of 32 MiB each");
        let many = move |root: &Path| {
            write(root, INITRD, windowed(archive().as_slice(), compression, 1 << 25).repeat(5000));
        };
        inputs.push(input(name, segments, many).at(&at));
    }
    inputs
}

/// The most that a run may allocate beside a window, in KiB.
const BESIDE_WINDOW: u32 = 10 << 10;

/// Images with the largest windows that are accepted, and more behind the archive than such a window holds.
pub(crate) fn windows() -> Vec<Input> {
    let filled = |(compression, window): (&'static str, u32)| {
        let name = format!("{INITRD}: a window of {} MiB of {compression}, filled", window >> 20);
        let of_image = input(name, "BOOTS: ", move |root| {
            let archive = image::archive(&Tree::load("images/initramfs-tools.tree"));
            let bytes = archive.chain(io::repeat(0).take(100 << 20));
            write(root, INITRD, windowed(bytes, compression, window));
        });
        Input { memory: (window >> 10) + BESIDE_WINDOW, ..of_image.ends(0..=0) }
    };
    [("zstd", 32 << 20), ("xz", 64 << 20), ("lzma", 64 << 20)].map(filled).into()
}

/// Files that are a terabyte long, and take next to no room.
pub(crate) fn sparse() -> Vec<Input> {
    let at = format!("/{INITRD}: ");
    let sound = input(format!("{INITRD}: a terabyte of zeros behind it"), "BOOTS: ", |root| stretch(root, INITRD));
    let nothing = "is empty or contains only NUL bytes";
    let empty = input(format!("{INITRD}: a terabyte of zeros"), nothing, |root| {
        write(root, INITRD, "");
        stretch(root, INITRD);
    });
    let skippable = "the zstd stream at byte 0 ends inside an entry, or has none";
    let skipped = input(format!("{INITRD}: skippable frames over a terabyte of zeros"), skippable, |root| {
        write(root, INITRD, "");
        stretch(root, INITRD);
        let file = OpenOptions::new().write(true).open(root.join(INITRD)).unwrap();
        for number in 0..200 {
            let header = [&[0x50, 0x2a, 0x4d, 0x18], &u32::MAX.to_le_bytes()[..]].concat();
            file.write_all_at(&header, number * (u64::from(u32::MAX) + 8)).unwrap();
        }
    });
    let mut inputs = vec![sound.ends(BOOTS), empty.at(&at).ends(FAILS), skipped.at(&at).ends(FAILS)];
    let mut stretched = |path: String, told| {
        let name = format!("{path}: a terabyte of zeros behind it");
        let at = format!("/{}: ", path.strip_prefix("usr/").unwrap_or(&path));
        inputs.push(input(name, told, move |root| stretch(root, &path)).at(at));
    };
    let told = "is larger than 4194304 bytes, the limit for this file";
    for path in ["etc/fstab", "boot/grub/grub.cfg", "etc/iscsi/iscsid.conf"] {
        stretched(path.to_owned(), told);
    }
    let module = format!("usr/lib/modules/{KERNEL}/kernel/drivers/scsi/iscsi_tcp.ko");
    stretched(module, "is larger than 33554432 bytes, the limit for this file");
    // An image's own configuration counts at its boot.
    let aside = |input: Input| if input.name.starts_with("etc/iscsi/") { input.ends(BOOTS) } else { input };
    inputs.into_iter().map(aside).collect()
}

/// Kernel modules.
pub(crate) fn modules() -> Vec<Input> {
    let mut inputs = Vec::new();
    for (suffix, compression) in [("gz", "gzip"), ("xz", "xz"), ("zst", "zstd")] {
        for (size, told) in [
            (UNPACKED, "unpacks to more than 24 MiB, which is isctpl's limit for such a file"),
            (20 << 20, "in one run isctpl unpacks no more than 64 MiB beyond that"),
        ] {
            let name = format!("kernel modules of {} MiB of zeros, packed by {compression}", size >> 20);
            let packed = input(name, told, move |root| {
                let directory = format!("usr/lib/modules/{KERNEL}");
                let packed = zeros_behind(b"\x7fELF", size, compression);
                let mut index = fs::read_to_string(root.join(format!("{directory}/modules.dep"))).unwrap();
                // More of those whose files are read.
                index.extend(["ext4", "xfs", "btrfs", "f2fs"].map(|name| format!("kernel/fs/{name}.ko:\n")));
                for path in index.lines().filter_map(|line| line.split(':').next()) {
                    write(root, &format!("{directory}/{path}.{suffix}"), &packed);
                }
                write(root, &format!("{directory}/modules.dep"), index.replace(".ko", &format!(".ko.{suffix}")));
            });
            inputs.push(packed.at(format!("/lib/modules/{KERNEL}/kernel/")));
        }
    }
    inputs
}
