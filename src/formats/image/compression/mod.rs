//! Which compression a segment of an initramfs has, and its decoder.
//!
//! A decoder ends exactly where its stream ends, so that what stands behind it in the image can be
//! read. One stream is decoded at a time, as the kernel does it (`lib/decompress*.c`): a second
//! frame or member behind the first is a segment of its own there.

mod codec;
mod error;
mod lz4;
mod skippable;

use crate::formats::image::allowance::{Allowance, Spent};
use crate::formats::image::cpio::Source;
pub(crate) use error::DecodeError;

use codec::{Bzip2, Decoder, Gzip, Xz, Zstd};
use skippable::Skippable;
use std::io::{self, Read};

/// The first byte of a frame of Zstandard that is not to be skipped.
const ZSTD_FRAME: u8 = 0x28;

/// How a segment is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Compression {
    /// Not at all: a cpio archive.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// xz.
    Xz,
    /// lzma, the format before xz.
    Lzma,
    /// bzip2.
    Bzip2,
    /// Zstandard (RFC 8878).
    Zstd,
    /// LZ4 as `lz4 -l` writes it, the only LZ4 that the kernel knows.
    Lz4Legacy,
    /// LZ4 frames.
    Lz4,
    /// lzop, which is recognised and not decoded.
    Lzo,
}

impl Compression {
    /// Bytes that [`Compression::detect`] looks at.
    pub(crate) const MAGIC: usize = 6;

    /// Recognises a segment by its first bytes.
    pub(crate) fn detect(magic: &[u8]) -> Option<Self> {
        match *magic {
            [b'0', b'7', b'0', b'7', b'0', ..] => Some(Self::None),
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x5d, 0, 0, ..] => Some(Self::Lzma),
            [b'B', b'Z', b'h', ..] => Some(Self::Bzip2),
            // The second is a skippable frame, such as pzstd writes before each frame.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [0x02, 0x21, 0x4c, 0x18, ..] => Some(Self::Lz4Legacy),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            [0x89, b'L', b'Z', b'O', ..] => Some(Self::Lzo),
            _ => None,
        }
    }

    /// Its name, as facts have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Bzip2 => "bzip2",
            Self::Zstd => "zstd",
            Self::Lz4Legacy => "lz4-legacy",
            Self::Lz4 => "lz4",
            Self::Lzo => "lzo",
        }
    }

    /// Why the kernel does not unpack a segment that can be unpacked here, from its first bytes.
    ///
    /// Sources: the table in `lib/decompress.c`, and Documentation/staging/xz.rst, by which a stream
    /// for the kernel has no check or CRC32.
    pub(crate) fn refused_by_kernel(self, start: &[u8]) -> Option<&'static str> {
        match self {
            Self::Lz4 => Some("is an LZ4 frame; the kernel unpacks only the output of `lz4 -l`"),
            Self::Zstd if start.first() != Some(&ZSTD_FRAME) => {
                Some("begins with a skippable zstd frame, which the kernel does not recognise")
            }
            Self::Xz if start.get(7).is_some_and(|check| !matches!(check & 0x0f, 0 | 1)) => Some(
                "has an integrity check other than CRC32; the kernel unpacks only the output of `xz --check=crc32`",
            ),
            _ => None,
        }
    }
}

/// Opens a stream that begins at the source's next byte. The decoder ends with the stream and leaves
/// the source at the first byte behind it; what comes out is taken from the allowance.
///
/// # Errors
/// When the compression is not decoded, or the stream's beginning cannot be read.
pub(crate) fn open<'a, S: Source + 'a>(
    compression: Compression,
    mut source: S,
    allowance: &'a Allowance,
) -> Result<Box<dyn Source + 'a>, DecodeError> {
    Ok(match compression {
        Compression::None => Box::new(source),
        Compression::Gzip => Box::new(Decoder::new(Gzip::new(), source, allowance)),
        Compression::Xz => Box::new(Decoder::new(Xz::stream()?, source, allowance)),
        Compression::Lzma => Box::new(Decoder::new(Xz::lzma()?, source, allowance)),
        Compression::Bzip2 => Box::new(Decoder::new(Bzip2::new(), source, allowance)),
        Compression::Zstd if source.fill_buf().is_ok_and(|start| start.first() != Some(&ZSTD_FRAME)) => {
            Box::new(Skippable::new(source))
        }
        Compression::Zstd => Box::new(Decoder::new(Zstd::new()?, source, allowance)),
        Compression::Lz4Legacy => Box::new(lz4::Legacy::new(source, allowance)),
        Compression::Lz4 => Box::new(lz4::Frame::new(source, allowance)),
        Compression::Lzo => return Err(DecodeError::Unsupported("lzo")),
    })
}

/// Unpacks one stream into memory; for small files such as kernel modules.
///
/// # Errors
/// When it is damaged, or more than `limit` bytes come out, or than is allowed.
pub(crate) fn unpack(
    compression: Compression,
    bytes: &[u8],
    limit: u64,
    allowance: &Allowance,
) -> Result<Vec<u8>, DecodeError> {
    let mut unpacked = Vec::new();
    open(compression, bytes, allowance)?.take(limit.saturating_add(1)).read_to_end(&mut unpacked).map_err(reason)?;
    if unpacked.len() as u64 > limit { Err(DecodeError::TooLarge(limit)) } else { Ok(unpacked) }
}

/// Why a stream that lies in memory is not unpacked.
fn reason(error: io::Error) -> DecodeError {
    match (DecodeError::of(&error), Spent::of(&error)) {
        (Some(decode), _) => decode.clone(),
        (None, Some(spent)) => spent.into(),
        (None, None) if error.kind() == io::ErrorKind::OutOfMemory => DecodeError::Memory,
        (None, None) => DecodeError::Damaged(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
