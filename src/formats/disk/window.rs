//! A part of a device.

use super::{Blocks, DiskError, Result};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// A part of a device, such as a partition.
#[derive(Debug)]
pub(crate) struct Window {
    below: Arc<dyn Blocks>,
    start: u64,
    size: u64,
}

impl Window {
    /// `size` bytes from `start` on.
    ///
    /// # Errors
    /// When they do not lie inside.
    pub(crate) fn new(below: Arc<dyn Blocks>, start: u64, size: u64) -> Result<Self> {
        match start.checked_add(size).is_some_and(|end| end <= below.size()) {
            true => Ok(Self { below, start, size }),
            false => Err(DiskError::Read(format!(
                "reaches to byte {}, but its disk ends at byte {}",
                start.saturating_add(size),
                below.size()
            ))),
        }
    }
}

impl Blocks for Window {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        match offset.checked_add(buffer.len() as u64).is_some_and(|end| end <= self.size) {
            true => self.below.read_at(self.start.saturating_add(offset), buffer),
            false => Err(DiskError::Read(format!("byte {offset} lies behind the end"))),
        }
    }
}

/// A device that is read from its beginning on.
#[derive(Debug)]
pub(crate) struct Stream<'a> {
    device: &'a dyn Blocks,
    position: u64,
}

impl<'a> Stream<'a> {
    /// At its beginning.
    pub(crate) fn of(device: &'a dyn Blocks) -> Self {
        Self { device, position: 0 }
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.device.size().saturating_sub(self.position)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let Some(part) = buffer.get_mut(..length) else { return Ok(0) };
        self.device.read_at(self.position, part).map_err(|error| io::Error::other(error.to_string()))?;
        self.position = self.position.saturating_add(length as u64);
        Ok(length)
    }
}

impl Seek for Stream<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.device.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
