//! Why a stream is not unpacked, and the limits of what is.

use crate::formats::image::allowance::Spent;
use std::io;

/// The largest window of a zstd stream that is decoded, in bytes: so much of what came out has to be kept in memory. It
/// has 4 MiB as initramfs-tools and dracut call it, and 8 MiB with `-19`. The kernel takes up to 128 MiB
/// (`ZSTD_WINDOWSIZE_MAX` in `lib/decompress_unzstd.c`), which a rescue system may not have.
pub(super) const ZSTD_WINDOW: u64 = 32 << 20;

/// The same of xz and lzma: 1 to 8 MiB as initramfs-tools and dracut call xz, and 64 MiB with `-9`, as dracut calls lzma.
/// The kernel has the whole image in memory.
pub(super) const XZ_WINDOW: u64 = 64 << 20;

/// Why a stream could not be unpacked. It travels inside [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The image ends inside the stream.
    #[error("the file ends inside the stream")]
    Truncated,
    /// The stream is damaged.
    #[error("the stream is damaged: {0}")]
    Damaged(String),
    /// The stream asks for a window larger than this many bytes.
    #[error("unpacking it takes a window of more than {} MiB, which is isctpl's limit", .0 >> 20)]
    Window(u64),
    /// There is not enough memory for its window.
    #[error("there is not enough memory to unpack it")]
    Memory,
    /// More comes out than the reader of a small file allows.
    #[error("it unpacks to more than {} MiB, which is isctpl's limit for such a file", .0 >> 20)]
    TooLarge(u64),
    /// More than may be unpacked in one run.
    #[error(transparent)]
    Spent(#[from] Spent),
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
