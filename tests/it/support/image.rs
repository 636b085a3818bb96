//! Initramfs images from trees: a cpio archive (newc), compressed by the crates that isctpl reads with.

use super::tree::{Entry, Tree};
use std::collections::BTreeSet;
use std::io::Write;

/// The tree as an image: `none`, `gzip`, `xz`, `bzip2`, `zstd`, `lz4`.
pub fn build(tree: &Tree, compression: &str) -> Vec<u8> {
    compress(&archive(tree), compression)
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

/// Bytes in a compression's format.
pub fn compress(bytes: &[u8], compression: &str) -> Vec<u8> {
    match compression {
        "none" => bytes.to_vec(),
        "zstd" => zstd::stream::encode_all(bytes, 1).unwrap(),
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "xz" => {
            // The kernel's decoder knows no other check.
            let stream = liblzma::stream::Stream::new_easy_encoder(1, liblzma::stream::Check::Crc32).unwrap();
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "bzip2" => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "lz4" => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        other => panic!("no such compression: {other}"),
    }
}
