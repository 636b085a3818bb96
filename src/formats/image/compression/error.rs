//! Why a stream is not unpacked, and the limits of what is.

use std::io;

/// The most that is unpacked of one image of this size, both in bytes. An ordinary image unpacks to less than 500 MB
/// and to some four times its size; bzip2 makes forty thousand times as much of zeros.
pub(crate) fn unpacked_limit(size: u64) -> u64 {
    size.saturating_mul(128).saturating_add(64 << 20).min(4 << 30)
}

/// The largest window of a stream that is decoded, in bytes. The kernel's own limit for zstd
/// (`ZSTD_WINDOWSIZE_MAX` in `lib/decompress_unzstd.c`).
pub(crate) const WINDOW_LIMIT: u64 = 128 << 20;

/// Why a stream could not be unpacked. It travels inside [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The image ends inside the stream.
    #[error("the file ends inside the stream")]
    Truncated,
    /// The stream is damaged.
    #[error("the stream is damaged: {0}")]
    Damaged(String),
    /// The stream asks for a window larger than [`WINDOW_LIMIT`].
    #[error("the stream needs a window of more than {} MiB", WINDOW_LIMIT >> 20)]
    Window,
    /// More comes out than [`unpacked_limit`], or than the reader of a small file allows.
    #[error("it unpacks to more than isctpl reads of a file of this size")]
    TooLarge,
    /// The compression is known and not decoded.
    #[error("isctpl does not support {0} compression")]
    Unsupported(&'static str),
    /// A decoder could not be set up.
    #[error("the decoder could not be started: {0}")]
    Setup(String),
}

impl DecodeError {
    /// Whether the reason lies with isctpl and not with the image.
    pub fn is_ours(&self) -> bool {
        !matches!(self, Self::Truncated | Self::Damaged(_))
    }

    /// Takes the error out of one that a decoder returned; `None` when the image itself could not be read.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

impl From<DecodeError> for io::Error {
    fn from(error: DecodeError) -> Self {
        let kind = match error {
            DecodeError::Truncated => io::ErrorKind::UnexpectedEof,
            DecodeError::Unsupported(_) => io::ErrorKind::Unsupported,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
