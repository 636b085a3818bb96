//! Initramfs images from trees: a cpio archive (newc), compressed by the crates that isctpl reads with.

use super::tree::{Entry, Tree};
use liblzma::stream::{Check, LzmaOptions, Stream};
use std::collections::BTreeSet;
use std::io::{self, Read, Write};

/// What a block of the legacy format of LZ4 unpacks to, the last one excepted, in bytes (`lib/decompress_unlz4.c`).
const LZ4_BLOCK: u64 = 8 << 20;

/// The tree as an image in a compression, as [`compress`] knows them.
pub fn build(tree: &Tree, compression: &str) -> Vec<u8> {
    compress(archive(tree).as_slice(), compression)
}

/// The tree as a newc archive.
pub fn archive(tree: &Tree) -> Vec<u8> {
    let mut entries = tree.entries.clone();
    for path in tree.entries.keys() {
        for (index, _) in path.match_indices('/').skip(1) {
            entries.entry(path[..index].to_owned()).or_insert(Entry::Directory { mode: 0o755 });
        }
    }
    let mut bytes = Vec::new();
    for (inode, (path, entry)) in entries.iter().enumerate() {
        let (mode, content) = match entry {
            Entry::Directory { mode } => (0o040_000 | mode, Vec::new()),
            Entry::Link { target } => (0o120_777, target.clone().into_bytes()),
            Entry::File { mode, content } => (0o100_000 | mode, content.clone()),
            Entry::Fifo { mode } => (0o010_000 | mode, Vec::new()),
        };
        put(&mut bytes, &Record { inode: inode + 1, ..Record::new(&path[1..], mode, &content) });
    }
    put(&mut bytes, &Record::new("TRAILER!!!", 0, &[]));
    bytes
}

/// One entry of an archive.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    pub name: &'a str,
    pub mode: u32,
    pub data: &'a [u8],
    /// Entries with one inode and several links are names of one file.
    pub inode: usize,
    pub links: usize,
}

impl<'a> Record<'a> {
    pub fn new(name: &'a str, mode: u32, data: &'a [u8]) -> Self {
        Self { name, mode, data, inode: 0, links: 1 }
    }
}

/// An archive of these entries, in their order, each behind the directories on its way.
pub fn records(records: &[Record<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut made = BTreeSet::new();
    for record in records {
        let parent = record.name.rsplit_once('/').map_or("", |(parent, _)| parent);
        let ends = record.name.match_indices('/').filter(|_| !made.contains(parent)).collect::<Vec<_>>();
        for (end, _) in ends {
            if made.insert(&record.name[..end]) {
                put(&mut bytes, &Record::new(&record.name[..end], 0o040_755, &[]));
            }
        }
        put(&mut bytes, record);
    }
    put(&mut bytes, &Record::new("TRAILER!!!", 0, &[]));
    bytes
}

fn put(bytes: &mut Vec<u8>, record: &Record<'_>) {
    let Record { name, mode, data, inode, links } = record;
    write!(
        bytes,
        "070701{inode:08X}{mode:08X}{:08X}{:08X}{links:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
        0,
        0,
        0,
        data.len(),
        0,
        0,
        0,
        0,
        name.len() + 1,
        0
    )
    .unwrap();
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    pad(bytes);
    bytes.extend_from_slice(data);
    pad(bytes);
}

fn pad(bytes: &mut Vec<u8>) {
    while !bytes.len().is_multiple_of(4) {
        bytes.push(0);
    }
}

/// Bytes in a compression's format: `none`, `gzip`, `xz`, `lzma`, `bzip2`, `zstd`, `lz4` (frames), `lz4-legacy`.
pub fn compress(mut bytes: impl Read, compression: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    match compression {
        "none" => drop(bytes.read_to_end(&mut packed).unwrap()),
        "zstd" => zstd::stream::copy_encode(bytes, &mut packed, 1).unwrap(),
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
            io::copy(&mut bytes, &mut encoder).unwrap();
            encoder.finish().unwrap();
        }
        "xz" | "lzma" => {
            let stream = match compression {
                // The kernel's decoder knows no other check.
                "xz" => Stream::new_easy_encoder(1, Check::Crc32),
                _ => Stream::new_lzma_encoder(&LzmaOptions::new_preset(1).unwrap()),
            };
            let mut encoder = liblzma::write::XzEncoder::new_stream(&mut packed, stream.unwrap());
            io::copy(&mut bytes, &mut encoder).unwrap();
            encoder.finish().unwrap();
        }
        "bzip2" => {
            let mut encoder = bzip2::write::BzEncoder::new(&mut packed, bzip2::Compression::fast());
            io::copy(&mut bytes, &mut encoder).unwrap();
            encoder.finish().unwrap();
        }
        "lz4" => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(&mut packed);
            io::copy(&mut bytes, &mut encoder).unwrap();
            encoder.finish().unwrap();
        }
        "lz4-legacy" => {
            packed.extend(0x184c_2102_u32.to_le_bytes());
            let mut block = Vec::new();
            while bytes.by_ref().take(LZ4_BLOCK).read_to_end(&mut block).unwrap() > 0 {
                let of_block = lz4_flex::block::compress(&block);
                packed.extend(u32::try_from(of_block.len()).unwrap().to_le_bytes());
                packed.extend(of_block);
                block.clear();
            }
        }
        other => panic!("no such compression: {other}"),
    }
    packed
}
