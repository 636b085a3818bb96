//! What may be wrong with an archive.

use std::io;

/// The longest name that the kernel takes, its NUL included, and the longest target of a symbolic link (`PATH_MAX`).
pub(crate) const NAME_LIMIT: u32 = 4096;

/// What is wrong with an archive. Offsets count from the beginning of the unpacked segment, which for
/// an archive that is not compressed is the beginning of the image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// An entry begins with something else.
    #[error("no cpio header (070701 or 070702) at byte {offset}")]
    Magic {
        /// Where.
        offset: u64,
    },
    /// The portable ASCII format, which the kernel refuses.
    #[error("the archive at byte {offset} is of cpio's old format (070707), which the kernel does not unpack")]
    OldFormat {
        /// Where.
        offset: u64,
    },
    /// A number that is none.
    #[error("the header field {field} at byte {offset} is not hexadecimal; kernels differ in what they make of that")]
    Field {
        /// Where.
        offset: u64,
        /// The field's name in cpio(5).
        field: &'static str,
    },
    /// A name without the NUL behind it.
    #[error("the name of the entry at byte {offset} does not end with a NUL byte")]
    NameEnd {
        /// Where.
        offset: u64,
    },
    /// Something that is not at a multiple of four follows an entry and NUL bytes.
    #[error("what follows the archive's end begins at byte {offset}, which is not a multiple of four")]
    Padding {
        /// Where.
        offset: u64,
    },
    /// The sum of a file's bytes is not the one stated.
    #[error("the data of the entry at byte {offset} does not match the checksum in its header")]
    Checksum {
        /// Where.
        offset: u64,
    },
    /// The stream ends inside an entry.
    #[error("the archive is cut off at byte {offset}, inside the entry that begins at byte {entry}")]
    Truncated {
        /// Where it ends.
        offset: u64,
        /// Where the entry begins.
        entry: u64,
    },
    /// The stream could not be read or decompressed.
    #[error(transparent)]
    Source(#[from] io::Error),
}
