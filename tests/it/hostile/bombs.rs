//! What is small and unpacks to much, and what takes no room on a disk: for the tests of the bounds, and for
//! `cargo bench --bench initramfs -- --hostile`, which measures each.

use super::inputs::{Input, write};
use crate::support::image::{self, Record};
use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

const KERNEL: &str = "6.1.0-50-amd64";
const INITRD: &str = "boot/initrd.img-6.1.0-50-amd64";

/// Longer than any file system's file has to be, and any run's patience.
const TERABYTE: u64 = 1 << 40;

/// What a bomb unpacks to, in bytes: more than a run unpacks of zeros.
const UNPACKED: u64 = 256 << 20;

const COMPRESSIONS: [&str; 7] = ["gzip", "xz", "lzma", "bzip2", "zstd", "lz4-legacy", "lz4"];

fn input(name: impl Into<String>, told: &'static str, write: impl Fn(&Path) + 'static) -> Input {
    Input { name: name.into(), told, place: String::new(), decides: true, write: Box::new(write) }
}

/// An archive, and zeros behind it.
fn bomb(compression: &str) -> Vec<u8> {
    let archive = image::records(&[Record::new("f", 0o100_644, b"")]);
    zeros_behind(&archive, UNPACKED, compression)
}

/// Bytes and so many zeros, packed.
fn zeros_behind(bytes: &[u8], zeros: u64, compression: &str) -> Vec<u8> {
    let mut plain = bytes.chain(io::repeat(0).take(zeros));
    let lzma = |stream| liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    let options = LzmaOptions::new_preset(0).unwrap();
    match compression {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        "xz" => {
            let mut encoder = lzma(Stream::new_easy_encoder(0, Check::Crc32).unwrap());
            io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        "lzma" => {
            let mut encoder = lzma(Stream::new_lzma_encoder(&options).unwrap());
            io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        "bzip2" => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
            io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => zstd::stream::encode_all(plain, 1).unwrap(),
        "lz4" => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            io::copy(&mut plain, &mut encoder).unwrap();
            encoder.finish().unwrap()
        }
        "lz4-legacy" => {
            let mut packed = 0x184c_2102_u32.to_le_bytes().to_vec();
            let (first, zeros) = (lz4_flex::block::compress(bytes), lz4_flex::block::compress(&[0; 8 << 20]));
            for block in std::iter::once(&first).chain([&zeros; UNPACKED as usize >> 23]) {
                packed.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
                packed.extend(block);
            }
            packed
        }
        other => panic!("no such compression: {other}"),
    }
}

/// An archive in a stream whose decoder has to keep so much of what came out, in bytes.
fn windowed(compression: &str, window: u32) -> Vec<u8> {
    let archive = image::records(&[Record::new("f", 0o100_644, b"")]);
    let mut options = LzmaOptions::new_preset(0).unwrap();
    options.dict_size(window);
    let stream = match compression {
        "zstd" => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(window.ilog2()).unwrap();
            encoder.write_all(&archive).unwrap();
            return encoder.finish().unwrap();
        }
        "xz" => Stream::new_stream_encoder(Filters::new().lzma2(&options), Check::Crc32).unwrap(),
        _ => Stream::new_lzma_encoder(&options).unwrap(),
    };
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(&archive).unwrap();
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
    let mut inputs: Vec<Input> = COMPRESSIONS
        .iter()
        .map(|compression| {
            let name = format!("{INITRD}: zeros without end, packed by {compression}");
            input(name, beyond, |root| write(root, INITRD, bomb(compression)))
        })
        .collect();
    inputs.push(input("eight images of one entry, of zeros without end each", beyond, |root| {
        let names = COMPRESSIONS.iter().chain(["xz"].iter()).enumerate().map(|(number, compression)| {
            // Each comes to less than what a run unpacks.
            let archive = image::records(&[Record::new("f", 0o100_644, b"")]);
            write(root, &format!("boot/{number}"), zeros_behind(&archive, 100 << 20, compression));
            format!("/{number}")
        });
        boot_with(root, &names.collect::<Vec<_>>());
    }));
    let of_zstd = "unpacking it takes a window of more than 32 MiB, which is isctpl's limit";
    let of_xz = "unpacking it takes a window of more than 64 MiB, which is isctpl's limit";
    for (compression, size, window) in [("zstd", 1 << 27, of_zstd), ("xz", 1 << 27, of_xz), ("lzma", 1 << 30, of_xz)] {
        let name = format!("{INITRD}: a window of {} MiB of {compression}", size >> 20);
        inputs.push(input(name, window, move |root| write(root, INITRD, windowed(compression, size))));
    }
    let segments = "the file has more than 4096 segments, which is isctpl's limit";
    for compression in ["zstd", "xz", "lzma"] {
        let name = format!("{INITRD}: five thousand segments of {compression}, with a window of 32 MiB each");
        inputs.push(input(name, segments, move |root| {
            write(root, INITRD, windowed(compression, 1 << 25).repeat(5000));
        }));
    }
    inputs
}

/// Files that are a terabyte long, and take next to no room.
pub(crate) fn sparse() -> Vec<Input> {
    let sound = input(format!("{INITRD}: a terabyte of zeros behind it"), "BOOTS: ", |root| stretch(root, INITRD));
    let mut inputs = vec![Input { decides: false, ..sound }];
    inputs.push(input(format!("{INITRD}: a terabyte of zeros"), "is empty or contains only NUL bytes", |root| {
        write(root, INITRD, "");
        stretch(root, INITRD);
    }));
    let skippable = "the zstd stream at byte 0 ends inside an entry, or has none";
    inputs.push(input(format!("{INITRD}: skippable frames over a terabyte of zeros"), skippable, |root| {
        write(root, INITRD, "");
        stretch(root, INITRD);
        let file = OpenOptions::new().write(true).open(root.join(INITRD)).unwrap();
        for number in 0..200 {
            let header = [&[0x50, 0x2a, 0x4d, 0x18], &u32::MAX.to_le_bytes()[..]].concat();
            file.write_all_at(&header, number * (u64::from(u32::MAX) + 8)).unwrap();
        }
    }));
    for path in ["etc/fstab", "boot/grub/grub.cfg", "etc/iscsi/iscsid.conf"] {
        let told = "is larger than 4194304 bytes, the limit for this file";
        let name = format!("{path}: a terabyte of zeros behind it");
        let decides = path != "etc/iscsi/iscsid.conf";
        inputs.push(Input { decides, ..input(name, told, move |root| stretch(root, path)) });
    }
    let module = format!("usr/lib/modules/{KERNEL}/kernel/drivers/scsi/iscsi_tcp.ko");
    let told = "is larger than 33554432 bytes, the limit for this file";
    inputs.push(input(format!("{module}: a terabyte of zeros behind it"), told, move |root| stretch(root, &module)));
    inputs
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
            inputs.push(input(name, told, move |root| {
                let packed = zeros_behind(b"\x7fELF", size, compression);
                let directory = format!("usr/lib/modules/{KERNEL}");
                let mut index = fs::read_to_string(root.join(format!("{directory}/modules.dep"))).unwrap();
                // More of those whose files are read.
                index.extend(["ext4", "xfs", "btrfs", "f2fs"].map(|name| format!("kernel/fs/{name}.ko:\n")));
                for path in index.lines().filter_map(|line| line.split(':').next()) {
                    write(root, &format!("{directory}/{path}.{suffix}"), &packed);
                }
                write(root, &format!("{directory}/modules.dep"), index.replace(".ko", &format!(".ko.{suffix}")));
            }));
        }
    }
    inputs
}
