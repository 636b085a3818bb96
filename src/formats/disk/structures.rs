//! What lies between a filesystem and its device: the blocks that were read lately, and the end of patience.
//!
//! A filesystem asks for the same few blocks over and over, in pieces of some bytes. And a damaged or hostile one can
//! send its reader round for ever although every single answer is short, so all that is asked for is counted.

use super::{Blocks, DiskError, Result};
use crate::formats::pool::Pool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is read at once, in bytes.
const PAGE: usize = 16 << 10;

/// The most pages that are kept of one device: 4 MiB.
const PAGES: usize = 256;

/// How many bytes of structures may still be asked for, over all devices of a disk.
#[derive(Debug)]
pub(crate) struct Patience(Pool);

impl Patience {
    /// Of so many bytes.
    pub(crate) fn of(most: u64) -> Self {
        Self(Pool::of(most))
    }

    fn spend(&self, length: u64) -> Result<()> {
        let most = self.0.most() >> 20;
        let refused = || format!("in one run isctpl reads no more than {most} MiB of a disk's structures");
        self.0.take(length).ok_or_else(|| DiskError::Read(refused()))
    }
}

/// Blocks of which what was read lately is kept, for reading structures.
#[derive(Debug)]
pub(crate) struct Structures {
    below: Arc<dyn Blocks>,
    patience: Arc<Patience>,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By number: the page, and when it was asked for last.
    pages: HashMap<u64, (Arc<[u8]>, u64)>,
    /// Counts what is asked for.
    now: u64,
}

impl Structures {
    /// Over a device.
    pub(crate) fn new(below: Arc<dyn Blocks>, patience: Arc<Patience>) -> Self {
        Self { below, patience, kept: Mutex::default() }
    }

    fn page(&self, number: u64) -> Result<Arc<[u8]>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.now += 1;
        let now = kept.now;
        if let Some((page, asked)) = kept.pages.get_mut(&number) {
            *asked = now;
            return Ok(Arc::clone(page));
        }
        let start = number.saturating_mul(PAGE as u64);
        let length = usize::try_from(self.below.size().saturating_sub(start)).unwrap_or(usize::MAX).min(PAGE);
        let mut bytes = vec![0; length];
        self.below.read_at(start, &mut bytes)?;
        let page: Arc<[u8]> = bytes.into();
        if kept.pages.len() >= PAGES {
            // Half of them at once, so that this is not done for every page.
            let mut ages: Vec<u64> = kept.pages.values().map(|(_, asked)| *asked).collect();
            ages.sort_unstable();
            let middle = ages.get(ages.len() / 2).copied().unwrap_or_default();
            kept.pages.retain(|_, (_, asked)| *asked > middle);
        }
        kept.pages.insert(number, (Arc::clone(&page), now));
        Ok(page)
    }
}

impl Blocks for Structures {
    fn size(&self) -> u64 {
        self.below.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let length = buffer.len() as u64;
        if offset.checked_add(length).is_none_or(|end| end > self.size()) {
            return Err(DiskError::Read(format!("byte {offset} with {length} more lies behind the end")));
        }
        self.patience.spend(length.max(64))?;
        if buffer.len() > 4 * PAGE {
            return self.below.read_at(offset, buffer);
        }
        let mut at = offset;
        let mut rest = buffer;
        while !rest.is_empty() {
            let page = self.page(at / PAGE as u64)?;
            let within = usize::try_from(at % PAGE as u64).unwrap_or_default();
            let piece = page.get(within..).unwrap_or_default();
            let length = piece.len().min(rest.len());
            let (now, later) = rest.split_at_mut(length);
            match piece.get(..length).filter(|piece| !piece.is_empty()) {
                Some(piece) => now.copy_from_slice(piece),
                None => return Err(DiskError::Read(format!("byte {at} lies behind the end"))),
            }
            (at, rest) = (at.saturating_add(length as u64), later);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn device(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    #[test]
    fn gives_what_lies_there_wherever_pages_end() {
        let bytes = device(5 * PAGE + 100);
        let read = Structures::new(Arc::new(bytes.clone()), Arc::new(Patience::of(1 << 30)));
        for (offset, length) in [(0, 1), (PAGE - 1, 2), (PAGE, PAGE), (5, 3 * PAGE), (5 * PAGE, 100), (1, 5 * PAGE)] {
            let mut buffer = vec![0; length];
            read.read_at(offset as u64, &mut buffer).unwrap();
            assert_eq!(buffer, bytes[offset..offset + length], "{offset} {length}");
        }
        assert!(read.read_at(5 * PAGE as u64 + 99, &mut [0; 2]).is_err());
        assert!(read.read_at(u64::MAX, &mut [0; 2]).is_err());
    }

    #[test]
    fn keeps_only_so_much() {
        let read = Structures::new(Arc::new(device(3 * PAGES * PAGE)), Arc::new(Patience::of(1 << 30)));
        for page in 0..3 * PAGES {
            read.read_at((page * PAGE) as u64, &mut [0]).unwrap();
            assert!(read.kept.lock().unwrap().pages.len() <= PAGES);
        }
    }

    #[test]
    fn patience_ends_for_every_device() {
        let patience = Arc::new(Patience::of(1000));
        let one = Structures::new(Arc::new(device(5000)), Arc::clone(&patience));
        let other = Structures::new(Arc::new(device(5000)), patience);
        assert!(one.read_at(0, &mut [0; 900]).is_ok());
        assert!(other.read_at(0, &mut [0; 900]).is_err());
        assert!(one.read_at(0, &mut [0; 1]).is_err());
    }
}
