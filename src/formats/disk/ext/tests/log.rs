//! A writer of journals: what jbd2 would leave behind, with everything that it may choose.

use super::tools::{Image, disk};
use crate::formats::disk::Extent;
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::ext::checksum::crc32_be;
use crate::formats::disk::ext::inode::RawInode;
use crate::formats::disk::ext::superblock::Superblock;
use crate::formats::disk::ext::{features, map};
use std::sync::Arc;

pub(super) const MAGIC: [u8; 4] = [0xC0, 0x3B, 0x39, 0x98];
const CHECKSUM: u32 = 0x1;
const WIDE: u32 = 0x2;
const ASYNC: u32 = 0x4;
const V2: u32 = 0x8;
const V3: u32 = 0x10;

/// What the journal's superblock says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Format {
    /// 0 for none.
    pub(super) checksums: u8,
    pub(super) wide: bool,
    pub(super) async_commit: bool,
    /// The first transaction's number.
    pub(super) sequence: u32,
    /// The first transaction's place in the ring.
    pub(super) start: u32,
    /// How many blocks one descriptor names.
    pub(super) tags: usize,
}

/// One transaction.
#[derive(Debug, Clone, Default)]
pub(super) struct Transaction {
    pub(super) blocks: Vec<(u64, Vec<u8>)>,
    pub(super) revoked: Vec<u64>,
    /// When it is committed; `None`: the machine stopped before.
    pub(super) time: Option<u64>,
}

/// An image whose log is being written.
pub(super) struct Log {
    pub(super) bytes: Vec<u8>,
    pub(super) superblock: Superblock,
    extents: Vec<Extent>,
    format: Format,
    seed: u32,
    /// Blocks of the journal, its superblock among them.
    pub(super) length: u32,
    position: u32,
    sequence: u32,
    crc: u32,
}

impl Log {
    /// Begins a log in the journal of an image.
    pub(super) fn new(image: &Image, format: Format) -> Self {
        let bytes = image.bytes();
        let held = disk(Arc::new(bytes.clone()));
        let superblock = Superblock::read(&held).unwrap();
        let inode = RawInode::read(&held, &superblock, superblock.journal_inode).unwrap();
        let extents = map::extents(&held, &superblock, &inode).unwrap();
        let length = u32::try_from(inode.size).unwrap() / superblock.block_size;
        let (position, sequence) = (format.start, format.sequence);
        let mut log = Self { bytes, superblock, extents, format, seed: 0, length, position, sequence, crc: !0 };
        log.begin();
        log
    }

    /// Where a block of the journal lies in the image.
    pub(super) fn place(&self, block: u32) -> usize {
        let at = u64::from(block) * u64::from(self.superblock.block_size);
        let extent = self.extents.iter().find(|extent| (extent.logical..extent.logical + extent.length).contains(&at));
        usize::try_from(extent.unwrap().physical.unwrap() + at - extent.unwrap().logical).unwrap()
    }

    fn begin(&mut self) {
        let at = self.place(0);
        let sb = &mut self.bytes[at..at + 1024];
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        let Format { checksums, wide, async_commit, sequence, start, .. } = self.format;
        let incompat =
            1 | flag(wide, WIDE) | flag(async_commit, ASYNC) | flag(checksums == 2, V2) | flag(checksums == 3, V3);
        sb[0x18..0x1C].copy_from_slice(&sequence.to_be_bytes());
        sb[0x1C..0x20].copy_from_slice(&start.to_be_bytes());
        sb[0x24..0x28].copy_from_slice(&flag(checksums == 1, CHECKSUM).to_be_bytes());
        sb[0x28..0x2C].copy_from_slice(&incompat.to_be_bytes());
        sb[0x50] = if checksums > 1 { 4 } else { 0 };
        self.seed = crc32c(!0, &sb[0x30..0x40]);
        self.seal_superblock();
        self.need_recovery();
    }

    /// Gives the journal's superblock the right checksum.
    pub(super) fn seal_superblock(&mut self) {
        let at = self.place(0);
        self.bytes[at + 0xFC..at + 0x100].fill(0);
        if self.format.checksums > 1 {
            let crc = crc32c(!0, &self.bytes[at..at + 1024]);
            self.bytes[at + 0xFC..at + 0x100].copy_from_slice(&crc.to_be_bytes());
        }
    }

    fn need_recovery(&mut self) {
        self.bytes[1024 + 0x60] |= features::RECOVER as u8;
        let crc = crc32c(!0, &self.bytes[1024..1024 + 0x3FC]);
        self.bytes[1024 + 0x3FC..2048].copy_from_slice(&crc.to_le_bytes());
    }

    fn put(&mut self, block: &[u8]) -> u32 {
        let here = self.position;
        let at = self.place(here);
        self.bytes[at..at + block.len()].copy_from_slice(block);
        self.position = if here + 1 == self.length { 1 } else { here + 1 };
        here
    }

    fn header(&self, kind: u32) -> Vec<u8> {
        let mut block = [MAGIC, kind.to_be_bytes(), self.sequence.to_be_bytes()].concat();
        block.resize(self.superblock.block_size as usize, 0);
        block
    }

    fn seal(&self, block: &mut [u8], at: usize) {
        if self.format.checksums > 1 {
            block[at..at + 4].fill(0);
            let crc = crc32c(self.seed, block);
            block[at..at + 4].copy_from_slice(&crc.to_be_bytes());
        }
    }

    /// Writes a transaction, and tells where its blocks lie in the journal: descriptors, copies, revocations, commit.
    pub(super) fn write(&mut self, transaction: &Transaction) -> Vec<u32> {
        let mut places = Vec::new();
        for blocks in transaction.blocks.chunks(self.format.tags) {
            let (descriptor, copies) = self.descriptor(blocks);
            for block in std::iter::once(&descriptor).chain(&copies) {
                self.crc = crc32_be(self.crc, block);
                places.push(self.put(block));
            }
        }
        if !transaction.revoked.is_empty() {
            places.push(self.revoke(&transaction.revoked));
        }
        if let Some(time) = transaction.time {
            places.push(self.commit(time));
        }
        self.sequence = self.sequence.wrapping_add(1);
        places
    }

    fn descriptor(&self, blocks: &[(u64, Vec<u8>)]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut descriptor = self.header(1);
        let mut copies = Vec::new();
        let mut at = 12;
        for (index, (number, content)) in blocks.iter().enumerate() {
            let mut copy = content.clone();
            let escaped = copy.starts_with(&MAGIC);
            if escaped {
                copy[..4].fill(0);
            }
            let last = index + 1 == blocks.len();
            let flags = u16::from(escaped) | if index > 0 { 2 } else { 0 } | if last { 8 } else { 0 };
            let crc = [&self.sequence.to_be_bytes(), copy.as_slice()].into_iter().fold(self.seed, crc32c);
            let mut tag = vec![0; 16];
            tag[..4].copy_from_slice(&(*number as u32).to_be_bytes());
            tag[6..8].copy_from_slice(&flags.to_be_bytes());
            if self.format.wide {
                tag[8..12].copy_from_slice(&((*number >> 32) as u32).to_be_bytes());
            }
            match self.format.checksums {
                3 => tag[12..].copy_from_slice(&crc.to_be_bytes()),
                2 => tag[4..6].copy_from_slice(&(crc as u16).to_be_bytes()),
                _ => {}
            }
            let lengths = [8, 8, 10, 16, 12, 12, 14, 16];
            tag.truncate(lengths[usize::from(self.format.checksums) + if self.format.wide { 4 } else { 0 }]);
            if index == 0 {
                tag.extend([0x55; 16]);
            }
            descriptor[at..at + tag.len()].copy_from_slice(&tag);
            at += tag.len();
            copies.push(copy);
        }
        let end = descriptor.len() - 4;
        self.seal(&mut descriptor, end);
        (descriptor, copies)
    }

    fn revoke(&mut self, blocks: &[u64]) -> u32 {
        let mut block = self.header(5);
        let numbers: Vec<u8> = match self.format.wide {
            true => blocks.iter().flat_map(|block| block.to_be_bytes()).collect(),
            false => blocks.iter().flat_map(|block| (*block as u32).to_be_bytes()).collect(),
        };
        block[12..16].copy_from_slice(&(16 + numbers.len() as u32).to_be_bytes());
        block[16..16 + numbers.len()].copy_from_slice(&numbers);
        let end = block.len() - 4;
        self.seal(&mut block, end);
        self.put(&block)
    }

    fn commit(&mut self, time: u64) -> u32 {
        let mut block = self.header(2);
        block[48..56].copy_from_slice(&time.to_be_bytes());
        if self.format.checksums == 1 {
            block[12..14].copy_from_slice(&[1, 4]);
            block[16..20].copy_from_slice(&self.crc.to_be_bytes());
        }
        self.crc = !0;
        self.seal(&mut block, 16);
        self.put(&block)
    }
}
