//! Writes archives for tests.

use super::source::Sparse;
use std::collections::BTreeSet;
use std::io::{self, Cursor};

/// Memory has no holes.
impl<T: AsRef<[u8]>> Sparse for Cursor<T> {
    fn next_data(&mut self, offset: u64) -> io::Result<Option<u64>> {
        Ok(Some(offset))
    }
}

/// Writes an archive, entry by entry.
pub(crate) struct Archive {
    bytes: Vec<u8>,
    /// What has an entry already.
    named: BTreeSet<String>,
    ino: u32,
    crc: bool,
}

impl Archive {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), named: BTreeSet::new(), ino: 1, crc: false }
    }

    pub(crate) fn with_checksums() -> Self {
        Self { crc: true, ..Self::new() }
    }

    pub(crate) fn file(self, name: &str, data: impl AsRef<[u8]>) -> Self {
        self.below(name).entry(name, 0o100_644, 1, data.as_ref())
    }

    pub(crate) fn program(self, name: &str, data: impl AsRef<[u8]>) -> Self {
        self.below(name).entry(name, 0o100_755, 1, data.as_ref())
    }

    pub(crate) fn directory(self, name: &str) -> Self {
        self.below(name).entry(name, 0o040_755, 2, b"")
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.below(name).entry(name, 0o120_777, 1, target.as_bytes())
    }

    /// Hard links of one file: as GNU cpio, the last has the data.
    pub(crate) fn hard_links(mut self, names: &[&str], mode: u32, data: &[u8]) -> Self {
        self = names.iter().fold(self, |archive, name| archive.below(name));
        let ino = self.ino;
        for (index, name) in names.iter().enumerate() {
            let data = if index + 1 == names.len() { data } else { b"" };
            self.ino = ino;
            self = self.entry(name, mode, names.len() as u32, data);
        }
        self
    }

    /// One of several names of the file with this number.
    pub(crate) fn linked(mut self, ino: u32, name: &str, mode: u32, data: &[u8]) -> Self {
        self.ino = ino;
        self.entry(name, mode, 2, data)
    }

    /// Adds the directories on the way to a name that have no entry yet: without them the kernel makes nothing.
    fn below(mut self, name: &str) -> Self {
        for (end, _) in name.match_indices('/') {
            let directory = &name[..end];
            if !self.named.contains(directory) {
                self = self.entry(directory, 0o040_755, 2, b"");
            }
        }
        self
    }

    pub(crate) fn entry(mut self, name: impl AsRef<[u8]>, mode: u32, nlink: u32, data: &[u8]) -> Self {
        let sum = data.iter().fold(0_u32, |sum, &byte| sum.wrapping_add(u32::from(byte)));
        let (magic, sum) = if self.crc { ("070702", sum) } else { ("070701", 0) };
        let name = name.as_ref();
        self.named.insert(String::from_utf8_lossy(name).into_owned());
        let ino = self.ino;
        let header = format!(
            "{magic}{ino:08X}{mode:08X}{:08X}{:08X}{nlink:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{sum:08X}",
            0,
            0,
            1_700_000_000,
            data.len(),
            8,
            1,
            0,
            0,
            name.len() + 1
        );
        self.bytes.extend_from_slice(header.as_bytes());
        self.bytes.extend_from_slice(name);
        self.bytes.push(0);
        self.pad(4);
        self.bytes.extend_from_slice(data);
        self.pad(4);
        self.ino += 1;
        self
    }

    pub(crate) fn pad(&mut self, to: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(to), 0);
    }

    /// The archive with its trailer, padded to 512 bytes as cpio pads it.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut archive = self.entry("TRAILER!!!", 0, 1, b"");
        archive.pad(512);
        archive.bytes
    }

    /// The archive without a trailer.
    pub(crate) fn unfinished(self) -> Vec<u8> {
        self.bytes
    }
}
