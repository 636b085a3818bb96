//! What a file holds.

use super::{Blocks, DiskError, Result};
use std::fmt::Debug;
use std::sync::Arc;

/// What a file holds, read at any place.
pub(crate) trait Content: Debug + Send + Sync {
    /// The file's length in bytes.
    fn size(&self) -> u64;

    /// Reads from `offset` on, as much as there is of it; 0 at the end.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;
}

/// A piece of a file that lies in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Where in the file it begins, in bytes.
    pub(crate) logical: u64,
    /// Bytes.
    pub(crate) length: u64,
    /// Where on the device it begins, in bytes; `None`: zeros, of which nothing is stored.
    pub(crate) physical: Option<u64>,
}

/// A file whose bytes lie on the device as they are.
#[derive(Debug)]
pub(crate) struct Mapped {
    blocks: Arc<dyn Blocks>,
    size: u64,
    /// Sorted by their place in the file, none over another. What lies between them is zeros.
    extents: Vec<Extent>,
}

impl Mapped {
    /// A file of `size` bytes over these extents, in any order; what lies between them is zeros.
    ///
    /// # Errors
    /// When two of them claim the same place of the file, or one has no end.
    pub(crate) fn new(blocks: Arc<dyn Blocks>, size: u64, mut extents: Vec<Extent>) -> Result<Self> {
        extents.sort_by_key(|extent| extent.logical);
        let overlap = |pair: &[Extent]| match pair {
            [one, next] => one.logical.checked_add(one.length).is_none_or(|end| end > next.logical),
            _ => false,
        };
        if extents.windows(2).any(overlap) {
            return Err(DiskError::damaged("a file's extents", "two of them claim the same place"));
        }
        Ok(Self { blocks, size, extents })
    }
}

impl Content for Mapped {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..length).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(done as u64);
            let next = self.extents.partition_point(|extent| extent.logical <= at);
            let here = next
                .checked_sub(1)
                .and_then(|index| self.extents.get(index))
                .and_then(|extent| Some((extent, at.checked_sub(extent.logical)?)))
                .filter(|(extent, skipped)| *skipped < extent.length);
            let (piece, physical) = match here {
                Some((extent, skipped)) => {
                    (extent.length - skipped, extent.physical.map(|place| place.saturating_add(skipped)))
                }
                None => (self.extents.get(next).map_or(u64::MAX, |extent| extent.logical.saturating_sub(at)), None),
            };
            let piece = usize::try_from(piece).unwrap_or(usize::MAX).clamp(1, rest.len());
            let Some(part) = rest.get_mut(..piece) else { break };
            match physical {
                Some(place) => self.blocks.read_at(place, part)?,
                None => part.fill(0),
            }
            done += piece;
        }
        Ok(done)
    }
}
