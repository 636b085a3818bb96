//! A device of which some blocks are read from elsewhere on it.

use crate::formats::disk::{Blocks, Result};
use std::sync::Arc;

/// Where the content of a block is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Replacement {
    /// Bytes from the start of the device.
    pub(super) place: u64,
    /// What the first four bytes are, unlike there.
    pub(super) start: Option<[u8; 4]>,
}

/// Which blocks are read from elsewhere.
#[derive(Debug)]
pub(super) struct Replacements {
    /// Bytes.
    pub(super) block_size: u64,
    /// By number of block, in rising order.
    pub(super) blocks: Vec<(u64, Replacement)>,
}

/// The device.
#[derive(Debug)]
pub(super) struct Overlay {
    pub(super) below: Arc<dyn Blocks>,
    pub(super) replacements: Arc<Replacements>,
}

impl Blocks for Overlay {
    fn size(&self) -> u64 {
        self.below.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let block_size = self.replacements.block_size;
        let blocks = &self.replacements.blocks;
        let mut next = blocks.partition_point(|(block, _)| *block < offset / block_size);
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(done as u64);
            let replacement =
                blocks.get(next).map(|(block, replacement)| (block.saturating_mul(block_size), replacement));
            let (piece, here) = match replacement {
                Some((start, _)) if start > at => (start - at, None),
                Some((start, replacement)) => (block_size - (at - start), Some((at - start, replacement))),
                None => (u64::MAX, None),
            };
            let piece = usize::try_from(piece).unwrap_or(usize::MAX).clamp(1, rest.len());
            let Some(part) = rest.get_mut(..piece) else { break };
            match here {
                Some((skipped, replacement)) => {
                    self.read_replaced(*replacement, skipped, part)?;
                    next += 1;
                }
                None => self.below.read_at(at, part)?,
            }
            done += piece;
        }
        Ok(())
    }
}

impl Overlay {
    /// Reads a part of a block that is elsewhere, `skipped` bytes after the block's start.
    fn read_replaced(&self, replacement: Replacement, skipped: u64, part: &mut [u8]) -> Result<()> {
        self.below.read_at(replacement.place.saturating_add(skipped), part)?;
        let start = replacement.start.unwrap_or_default();
        let changed = if replacement.start.is_some() { start.len() } else { 0 };
        let changed = start.iter().take(changed).skip(usize::try_from(skipped).unwrap_or(usize::MAX));
        part.iter_mut().zip(changed).for_each(|(byte, right)| *byte = *right);
        Ok(())
    }
}
