//! Skippable frames of Zstandard (RFC 8878, 3.1.2): data for others, of which nothing is unpacked.

use super::error::DecodeError;
use crate::formats::image::cpio::{Source, read_buffered};
use std::io::{self, BufRead, Read};

/// Bytes before the data: magic number and size.
const HEADER: usize = 8;

/// A frame that is left out, without reading what is in it.
pub(super) struct Skippable<S> {
    source: S,
    ended: bool,
}

impl<S: Source> Skippable<S> {
    pub(super) fn new(source: S) -> Self {
        Self { source, ended: false }
    }

    fn leave_out(&mut self) -> io::Result<()> {
        self.ended = true;
        let mut header = [0; HEADER];
        self.source.read_exact(&mut header).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => DecodeError::Truncated.into(),
            _ => error,
        })?;
        let [.., a, b, c, d] = header;
        let size = u64::from(u32::from_le_bytes([a, b, c, d]));
        if self.source.skip(size)? < size { Err(DecodeError::Truncated.into()) } else { Ok(()) }
    }
}

impl<S: Source> Read for Skippable<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

impl<S: Source> BufRead for Skippable<S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.ended {
            self.leave_out()?;
        }
        Ok(&[])
    }

    fn consume(&mut self, _: usize) {}
}

impl<S: Source> Source for Skippable<S> {}
