//! The cpio archives of an initramfs (newc and crc).
//!
//! The rules are the kernel's (`init/initramfs.c`; Documentation/driver-api/early-userspace/
//! buffer-format.rst): a header of 110 bytes in hexadecimal, name and data each padded to four bytes
//! from the beginning of the segment, an end marked by an entry `TRAILER!!!`, any number of NUL bytes
//! behind it, and then perhaps another archive.

mod error;
mod header;
mod reader;
mod source;

pub(crate) use error::Error;
pub(crate) use header::{Entry, Kind};
pub(crate) use reader::{Data, Reader};
pub(crate) use source::{Input, Source, read_buffered};

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
