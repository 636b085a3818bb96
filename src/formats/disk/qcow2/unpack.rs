//! Compressed clusters.

use super::header::Compression;
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// QEMU compresses with a window of 4 KiB.
const DEFLATE_WINDOW: u8 = 12;

/// The largest window that is accepted of Zstandard, as a power of two: 8 MiB, four times the largest cluster.
const ZSTD_WINDOW: u32 = 23;

/// Unpacks a cluster of `length` bytes. Behind the packed data may lie anything: its length is known in sectors.
///
/// # Errors
/// What is wrong with it.
pub(super) fn unpack(compression: Compression, packed: &[u8], length: usize) -> Result<Vec<u8>, String> {
    let mut cluster = vec![0; length];
    match compression {
        Compression::Deflate => inflate(packed, &mut cluster)?,
        Compression::Zstd => unpack_zstd(packed, &mut cluster)?,
    }
    Ok(cluster)
}

fn inflate(packed: &[u8], cluster: &mut [u8]) -> Result<(), String> {
    let mut stream = Decompress::new_with_window_bits(false, DEFLATE_WINDOW);
    loop {
        let (read, written) = (position(stream.total_in()), position(stream.total_out()));
        let (Some(input), Some(output)) = (packed.get(read..), cluster.get_mut(written..)) else { break };
        let status = stream.decompress(input, output, FlushDecompress::Finish).map_err(|error| error.to_string())?;
        let stuck = position(stream.total_in()) == read && position(stream.total_out()) == written;
        if stuck || status == Status::StreamEnd {
            break;
        }
    }
    whole(position(stream.total_out()), cluster.len())
}

fn unpack_zstd(packed: &[u8], cluster: &mut [u8]) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let mut decoder = Decoder::new().map_err(text)?;
    decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW)).map_err(text)?;
    let length = cluster.len();
    let mut input = InBuffer::around(packed);
    let mut output = OutBuffer::around(cluster);
    let mut wanted = 0;
    // There may be several frames; the last one must end where the cluster is full.
    while output.pos() < length {
        let before = (input.pos, output.pos());
        wanted = decoder.run(&mut input, &mut output).map_err(text)?;
        if before == (input.pos, output.pos()) {
            break;
        }
    }
    whole(output.pos(), length)?;
    if wanted > 0 { Err(format!("more than {length} bytes are packed")) } else { Ok(()) }
}

fn position(total: u64) -> usize {
    usize::try_from(total).unwrap_or(usize::MAX)
}

fn whole(found: usize, length: usize) -> Result<(), String> {
    if found == length { Ok(()) } else { Err(format!("{found} of {length} bytes are packed")) }
}
