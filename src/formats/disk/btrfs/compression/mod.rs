//! Compressed extents, which hold at most 128 KiB of a file each (`BTRFS_MAX_UNCOMPRESSED`).

mod lzo;
#[cfg(test)]
mod tests;

use flate2::{Decompress, FlushDecompress, Status};
use std::io::Read;

/// The longest window of a zstd frame (`ZSTD_BTRFS_MAX_WINDOWLOG`).
const ZSTD_WINDOW_LOG: u32 = 17;

/// How an extent is compressed (`enum btrfs_compression_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// A zlib stream.
    Zlib,
    /// Segments of LZO1X, one for each sector.
    Lzo,
    /// A zstd frame.
    Zstd,
}

impl Compression {
    /// Decompresses an extent to `length` bytes, which the caller has bounded. What the stream does not fill is zeros
    /// (`zero_fill_bio`), and what lies behind them is left alone. `sector` is the filesystem's sector in bytes.
    ///
    /// # Errors
    /// What is wrong with the stream.
    pub(super) fn decompress(self, bytes: &[u8], length: usize, sector: usize) -> Result<Vec<u8>, String> {
        let mut plain = match self {
            Self::Zlib => zlib(bytes, length)?,
            Self::Lzo => lzo::decompress(bytes, length, sector)?,
            Self::Zstd => zstd(bytes, length)?,
        };
        plain.resize(length, 0);
        Ok(plain)
    }
}

fn zlib(bytes: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let mut plain = Vec::with_capacity(length);
    let status = Decompress::new(true)
        .decompress_vec(bytes, &mut plain, FlushDecompress::Finish)
        .map_err(|error| format!("zlib: {error}"))?;
    if status != Status::StreamEnd && plain.len() < length {
        return Err("zlib: the stream has no end".to_owned());
    }
    Ok(plain)
}

fn zstd(bytes: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let name = |error: std::io::Error| format!("zstd: {error}");
    // What lies behind the frame fills the sector.
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(name)?.single_frame();
    decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(name)?;
    let mut plain = Vec::with_capacity(length);
    decoder.take(length as u64).read_to_end(&mut plain).map_err(name)?;
    Ok(plain)
}
