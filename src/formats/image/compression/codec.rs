//! The decoders that work step by step, and what they have in common.

use super::error::{DecodeError, XZ_WINDOW, ZSTD_WINDOW};
use crate::formats::image::allowance::{Allowance, Meter};
use crate::formats::image::cpio::{Source, read_buffered};
use std::io::{self, BufRead, Read};

/// How much is unpacked at once: the largest block of zstd, which then needs no second call.
const BUFFER: usize = 128 << 10;

/// What one step did.
pub(super) struct Step {
    consumed: usize,
    produced: usize,
    ended: bool,
}

/// A decoder that takes bytes and gives bytes.
pub(super) trait Codec {
    /// Decodes some input into the output; the stream ends where it says so.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError>;
}

/// A stream that is unpacked as it is read.
pub(super) struct Decoder<'a, C, S> {
    codec: C,
    source: S,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    ended: bool,
    meter: Meter<'a>,
}

impl<'a, C: Codec, S: Source> Decoder<'a, C, S> {
    pub(super) fn new(codec: C, source: S, allowance: &'a Allowance) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { codec, source, buffer, start: 0, end: 0, ended: false, meter: allowance.meter() }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.start = 0;
        self.end = 0;
        while self.end == 0 && !self.ended {
            let input = self.source.fill_buf()?;
            let at_end = input.is_empty();
            let step = self.codec.step(input, &mut self.buffer)?;
            self.source.consume(step.consumed);
            self.meter.count(step.consumed, step.produced)?;
            self.end = step.produced;
            self.ended = step.ended;
            if step.consumed == 0 && step.produced == 0 && !step.ended {
                return Err(if at_end {
                    DecodeError::Truncated
                } else {
                    DecodeError::Damaged("the decoder makes no progress".to_owned())
                }
                .into());
            }
        }
        Ok(())
    }
}

impl<C: Codec, S: Source> Read for Decoder<'_, C, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

impl<C: Codec, S: Source> BufRead for Decoder<'_, C, S> {
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

impl<C: Codec, S: Source> Source for Decoder<'_, C, S> {}

/// The difference of two counters of a decoder, which never run backwards.
fn since(before: u64, after: u64) -> usize {
    usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX)
}

pub(super) struct Zstd(zstd::stream::raw::Decoder<'static>);

impl Zstd {
    pub(super) fn new() -> Result<Self, DecodeError> {
        let setup = |error: io::Error| DecodeError::Setup(error.to_string());
        let mut decoder = zstd::stream::raw::Decoder::new().map_err(setup)?;
        let window = zstd::stream::raw::DParameter::WindowLogMax(ZSTD_WINDOW.ilog2());
        decoder.set_parameter(window).map_err(setup)?;
        Ok(Self(decoder))
    }
}

impl Codec for Zstd {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
        use zstd::stream::raw::{InBuffer, Operation, OutBuffer};
        let mut input = InBuffer::around(input);
        let mut output = OutBuffer::around(output);
        let hint = self.0.run(&mut input, &mut output).map_err(|error| {
            let message = error.to_string();
            // The library's words for ZSTD_error_frameParameter_windowTooLarge, and for ZSTD_error_memory_allocation.
            if message.contains("requires too much memory") {
                DecodeError::Window(ZSTD_WINDOW)
            } else if message.contains("not enough memory") {
                DecodeError::Memory
            } else {
                DecodeError::Damaged(message.to_lowercase())
            }
        })?;
        Ok(Step { consumed: input.pos(), produced: output.pos(), ended: hint == 0 })
    }
}

pub(super) struct Gzip(flate2::Decompress);

impl Gzip {
    pub(super) fn new() -> Self {
        Self(flate2::Decompress::new_gzip(15))
    }
}

impl Codec for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
        let (consumed, produced) = (self.0.total_in(), self.0.total_out());
        let status = self
            .0
            .decompress(input, output, flate2::FlushDecompress::None)
            .map_err(|error| DecodeError::Damaged(error.to_string()))?;
        Ok(Step {
            consumed: since(consumed, self.0.total_in()),
            produced: since(produced, self.0.total_out()),
            ended: status == flate2::Status::StreamEnd,
        })
    }
}

/// xz, and lzma before it.
pub(super) struct Xz(liblzma::stream::Stream);

/// What a decoder needs beside its window.
const XZ_OVERHEAD: u64 = 1 << 20;

impl Xz {
    pub(super) fn stream() -> Result<Self, DecodeError> {
        Self::with(liblzma::stream::Stream::new_stream_decoder(XZ_WINDOW + XZ_OVERHEAD, 0))
    }

    pub(super) fn lzma() -> Result<Self, DecodeError> {
        Self::with(liblzma::stream::Stream::new_lzma_decoder(XZ_WINDOW + XZ_OVERHEAD))
    }

    fn with(decoder: Result<liblzma::stream::Stream, liblzma::stream::Error>) -> Result<Self, DecodeError> {
        decoder.map(Self).map_err(|error| DecodeError::Setup(error.to_string()))
    }
}

impl Codec for Xz {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
        use liblzma::stream::{Action, Error, Status};
        let (consumed, produced) = (self.0.total_in(), self.0.total_out());
        let status = self.0.process(input, output, Action::Run).map_err(|error| match error {
            Error::MemLimit => DecodeError::Window(XZ_WINDOW),
            Error::Mem => DecodeError::Memory,
            error => DecodeError::Damaged(error.to_string()),
        })?;
        Ok(Step {
            consumed: since(consumed, self.0.total_in()),
            produced: since(produced, self.0.total_out()),
            ended: matches!(status, Status::StreamEnd),
        })
    }
}

pub(super) struct Bzip2(bzip2::Decompress);

impl Bzip2 {
    pub(super) fn new() -> Self {
        Self(bzip2::Decompress::new(false))
    }
}

impl Codec for Bzip2 {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, DecodeError> {
        let (consumed, produced) = (self.0.total_in(), self.0.total_out());
        let status = match self.0.decompress(input, output) {
            Ok(bzip2::Status::MemNeeded) => return Err(DecodeError::Memory),
            status => status.map_err(|error| DecodeError::Damaged(error.to_string()))?,
        };
        Ok(Step {
            consumed: since(consumed, self.0.total_in()),
            produced: since(produced, self.0.total_out()),
            ended: matches!(status, bzip2::Status::StreamEnd),
        })
    }
}
