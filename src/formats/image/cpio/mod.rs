//! The cpio archives of an initramfs (newc and crc).
//!
//! The rules are the kernel's (`init/initramfs.c`; Documentation/driver-api/early-userspace/
//! buffer-format.rst): a header of 110 bytes in hexadecimal, name and data each padded to four bytes
//! from the beginning of the segment, an end marked by an entry `TRAILER!!!`, any number of NUL bytes
//! behind it, and then perhaps another archive.

mod header;
mod reader;
mod source;

pub use header::{Entry, Kind};
pub use reader::{Budget, Data, Error, Reader};
pub use source::{Input, Source};

/// The longest name that is accepted, its NUL included (`PATH_MAX`).
pub const NAME_LIMIT: u32 = 4096;

/// The most entries of one image that are read; a large one has some ten thousand.
pub const ENTRY_LIMIT: u64 = 1 << 18;

/// The most bytes that the names and link targets of one image may have together; a large one has
/// about one megabyte.
pub const NAMES_LIMIT: u64 = 64 << 20;

/// The name of the entry that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
