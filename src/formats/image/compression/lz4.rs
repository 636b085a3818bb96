//! LZ4: the legacy format that the kernel reads, and frames.

use super::error::DecodeError;
use crate::formats::image::allowance::{Allowance, Meter};
use crate::formats::image::cpio::{Source, read_buffered};
use lz4_flex::frame::FrameDecoder;
use std::io::{self, BufRead, Read};

/// The magic number of the legacy format.
const LEGACY_MAGIC: u32 = 0x184c_2102;

/// What a block of the legacy format unpacks to at the most.
const LEGACY_BLOCK: usize = 8 << 20;

/// What a block of the legacy format has at the most: `LZ4_COMPRESSBOUND` of [`LEGACY_BLOCK`].
const LEGACY_PACKED: usize = LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16;

/// The legacy format: a magic number, then blocks that each begin with their size. Nothing marks its
/// end but the end of the file; the kernel (`lib/decompress_unlz4.c`) also ends at a size of zero,
/// which is what padding behind it reads as.
pub(super) struct Legacy<'a, S> {
    source: S,
    packed: Vec<u8>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    meter: Meter<'a>,
}

impl<'a, S: Source> Legacy<'a, S> {
    pub(super) fn new(source: S, allowance: &'a Allowance) -> Self {
        let meter = allowance.meter();
        Self { source, packed: Vec::new(), buffer: Vec::new(), start: 0, end: 0, ended: false, meter }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.start = 0;
        self.end = 0;
        while self.end == 0 && !self.ended {
            let size = match self.size()? {
                None | Some(0) => {
                    self.ended = true;
                    break;
                }
                Some(LEGACY_MAGIC) => continue,
                Some(size) => size as usize,
            };
            if size > LEGACY_PACKED {
                return Err(DecodeError::Damaged(format!("a block of {size} bytes is too large")).into());
            }
            self.packed.clear();
            (&mut self.source).take(size as u64).read_to_end(&mut self.packed)?;
            if self.packed.len() < size {
                return Err(DecodeError::Truncated.into());
            }
            // No byte of LZ4 stands for more than 255.
            let bound = LEGACY_BLOCK.min(size.saturating_mul(255));
            self.buffer.resize(self.buffer.len().max(bound), 0);
            self.end = lz4_flex::block::decompress_into(&self.packed, &mut self.buffer)
                .map_err(|error| DecodeError::Damaged(error.to_string()))?;
            self.meter.count(size, self.end)?;
        }
        Ok(())
    }

    /// The next block's size; `None` where fewer than four bytes are left.
    fn size(&mut self) -> io::Result<Option<u32>> {
        let mut bytes = Vec::with_capacity(4);
        (&mut self.source).take(4).read_to_end(&mut bytes)?;
        Ok(<[u8; 4]>::try_from(bytes).ok().map(u32::from_le_bytes))
    }
}

impl<S: Source> Read for Legacy<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

impl<S: Source> BufRead for Legacy<'_, S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end && !self.ended {
            self.refill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

impl<S: Source> Source for Legacy<'_, S> {}

/// One frame.
pub(super) struct Frame<'a, S: Source> {
    decoder: FrameDecoder<Counted<S>>,
    /// Bytes that the decoder holds.
    left: usize,
    ended: bool,
    meter: Meter<'a>,
}

impl<'a, S: Source> Frame<'a, S> {
    pub(super) fn new(source: S, allowance: &'a Allowance) -> Self {
        let source = Counted { source, read: 0, end_seen: false };
        Self { decoder: FrameDecoder::new(source), left: 0, ended: false, meter: allowance.meter() }
    }

    fn refill(&mut self) -> io::Result<()> {
        let before = self.decoder.get_ref().read;
        let produced = match self.decoder.fill_buf() {
            Ok(available) => available.len(),
            // Ended, so that a broken decoder is not asked again.
            Err(error) => {
                self.ended = true;
                return Err(match error.kind() {
                    io::ErrorKind::UnexpectedEof => DecodeError::Truncated.into(),
                    // What the decoder finds it wraps in an error of its own; the source's it hands on.
                    _ if error.get_ref().is_some_and(|inner| inner.is::<lz4_flex::frame::Error>()) => {
                        DecodeError::Damaged(error.to_string()).into()
                    }
                    _ => error,
                });
            }
        };
        self.left = produced;
        if produced == 0 {
            self.ended = true;
            // The decoder takes the end of the file between two blocks for the frame's.
            if self.decoder.get_ref().end_seen {
                return Err(DecodeError::Truncated.into());
            }
        }
        self.meter.count(self.decoder.get_ref().read.saturating_sub(before), produced)?;
        Ok(())
    }
}

impl<S: Source> Read for Frame<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

impl<S: Source> BufRead for Frame<'_, S> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 && !self.ended {
            self.refill()?;
        }
        if self.left == 0 { Ok(&[]) } else { self.decoder.fill_buf() }
    }

    fn consume(&mut self, count: usize) {
        let count = count.min(self.left);
        self.left -= count;
        self.decoder.consume(count);
    }
}

impl<S: Source> Source for Frame<'_, S> {}

/// A source that knows how many bytes were read of it, and whether its end was met.
struct Counted<S> {
    source: S,
    read: usize,
    end_seen: bool,
}

impl<S: Source> Read for Counted<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.read = self.read.saturating_add(read);
        self.end_seen |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}
