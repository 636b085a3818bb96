//! The cpio archives of an initramfs (newc and crc).
//!
//! The rules are the kernel's (`init/initramfs.c`; Documentation/driver-api/early-userspace/
//! buffer-format.rst): a header of 110 bytes in hexadecimal, name and data each padded to four bytes
//! from the beginning of the segment, an end marked by an entry `TRAILER!!!`, and then perhaps another
//! archive. Behind each entry the kernel leaves out any number of NUL bytes, and it does without the
//! end. What it skips as a whole is left out here, too.

mod error;
mod header;
mod reader;
mod source;

pub(crate) use error::Error;
pub(crate) use header::{Entry, Kind};
pub(crate) use reader::{Before, Data, Reader};
pub(crate) use source::{Input, Source, Sparse, read_buffered};

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
