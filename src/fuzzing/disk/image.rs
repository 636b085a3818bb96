//! An image of which only what is not zero is kept, and patches over it.

use crate::formats::disk::{Blocks, DiskError, Result};
use std::collections::BTreeMap;
use std::io::Read;

/// Bytes that are kept or left out at once.
const PAGE: usize = 4 << 10;

type Page = [u8; PAGE];

/// An image.
#[derive(Debug)]
pub(super) struct Image {
    size: u64,
    /// By number, those that are not all zeros.
    pages: BTreeMap<u64, Box<Page>>,
    /// Their numbers.
    numbers: Vec<u64>,
}

impl Image {
    /// Of an image packed with zstd.
    ///
    /// # Panics
    /// When it is none.
    pub(super) fn unpack(packed: &[u8]) -> Self {
        let mut unpacked = zstd::stream::read::Decoder::new(packed).unwrap_or_else(|error| panic!("{error}"));
        let (mut pages, mut size) = (BTreeMap::new(), 0);
        loop {
            let mut page = Box::new([0; PAGE]);
            let read = fill(&mut unpacked, &mut page);
            if *page != [0; PAGE] {
                pages.insert(size / PAGE as u64, page);
            }
            size += read as u64;
            if read < PAGE {
                return Self { size, numbers: pages.keys().copied().collect(), pages };
            }
        }
    }
}

fn fill(from: &mut impl Read, page: &mut Page) -> usize {
    let mut filled = 0;
    loop {
        match from.read(page.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => return filled,
            Ok(read) => filled += read,
            Err(error) => panic!("the image cannot be unpacked: {error}"),
        }
    }
}

/// An image with patches.
#[derive(Debug)]
pub(super) struct Patched {
    image: &'static Image,
    changed: BTreeMap<u64, Box<Page>>,
}

impl Patched {
    /// Each patch is: which of the image's pages (two bytes), where in it (two bytes), how many bytes less one (one
    /// byte, of which the lower four bits count), and these. They end with the input.
    pub(super) fn new(image: &'static Image, mut patches: &[u8]) -> Self {
        let mut changed = BTreeMap::new();
        while let [page_low, page_high, at_low, at_high, length, rest @ ..] = patches {
            let number = usize::from(u16::from_le_bytes([*page_low, *page_high])) % image.numbers.len().max(1);
            let at = usize::from(u16::from_le_bytes([*at_low, *at_high])) % PAGE;
            let length = (usize::from(length % 16) + 1).min(rest.len()).min(PAGE - at);
            let (bytes, rest) = rest.split_at(length);
            let number = image.numbers.get(number).copied().unwrap_or_default();
            let page =
                changed.entry(number).or_insert_with(|| image.pages.get(&number).cloned().unwrap_or(ZEROS.into()));
            if let Some(place) = page.get_mut(at..at + length) {
                place.copy_from_slice(bytes);
            }
            patches = rest;
        }
        Self { image, changed }
    }
}

const ZEROS: Page = [0; PAGE];

impl Blocks for Patched {
    fn size(&self) -> u64 {
        self.image.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.image.size) {
            return Err(DiskError::Read(format!("byte {offset} with {} more lies behind the end", buffer.len())));
        }
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let number = at / PAGE as u64;
            let page = self.changed.get(&number).or_else(|| self.image.pages.get(&number));
            let within = usize::try_from(at % PAGE as u64).unwrap_or_default();
            let length = rest.len().min(PAGE - within);
            let (now, later) = rest.split_at_mut(length);
            match page.and_then(|page| page.get(within..within + length)) {
                Some(piece) => now.copy_from_slice(piece),
                None => now.fill(0),
            }
            (at, rest) = (at + length as u64, later);
        }
        Ok(())
    }
}
