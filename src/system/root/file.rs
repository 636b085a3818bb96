//! A file of a root that is open for reading.

use crate::formats::disk::{Content, DiskError};
use crate::formats::image::cpio::Sparse;
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

/// A regular file of a root, open for reading.
#[derive(Debug)]
pub enum RootFile {
    /// The kernel reads it.
    Kernel(File),
    /// It lies on a disk that is mounted nowhere.
    #[allow(private_interfaces, reason = "only this module makes one")]
    Volume {
        /// What it holds.
        content: Box<dyn Content>,
        /// Where the next read begins, in bytes.
        position: u64,
    },
}

impl RootFile {
    /// How long it is, in bytes; what the kernel makes up says anything.
    pub(super) fn size(&self) -> io::Result<u64> {
        match self {
            Self::Kernel(file) => Ok(file.metadata()?.len()),
            Self::Volume { content, .. } => Ok(content.size()),
        }
    }

    /// Fills the buffer with what lies from `offset` on.
    ///
    /// # Errors
    /// When the file ends before, or cannot be read.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Kernel(file) => file.read_exact_at(buffer, offset),
            Self::Volume { content, .. } => {
                let mut done = 0;
                while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
                    match content.read_at(offset.saturating_add(done as u64), rest).map_err(io_error)? {
                        0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                        read => done += read,
                    }
                }
                Ok(())
            }
        }
    }
}

impl From<File> for RootFile {
    fn from(file: File) -> Self {
        Self::Kernel(file)
    }
}

fn io_error(error: DiskError) -> io::Error {
    io::Error::other(error.to_string())
}

impl Read for RootFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Kernel(file) => file.read(buffer),
            Self::Volume { content, position } => {
                let read = content.read_at(*position, buffer).map_err(io_error)?;
                *position = position.saturating_add(read as u64);
                Ok(read)
            }
        }
    }
}

impl Seek for RootFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::Kernel(file) => file.seek(to),
            Self::Volume { content, position } => {
                let place = match to {
                    SeekFrom::Start(place) => Some(place),
                    SeekFrom::End(by) => content.size().checked_add_signed(by),
                    SeekFrom::Current(by) => position.checked_add_signed(by),
                };
                *position = place.ok_or(io::ErrorKind::InvalidInput)?;
                Ok(*position)
            }
        }
    }
}

impl Sparse for RootFile {
    fn next_data(&mut self, offset: u64) -> io::Result<Option<u64>> {
        match self {
            Self::Kernel(file) => match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
                Ok(data) => Ok(Some(data)),
                Err(Errno::NXIO) => Ok(None),
                // A filesystem that knows of no holes.
                Err(Errno::INVAL) => Ok(Some(offset)),
                Err(errno) => Err(errno.into()),
            },
            Self::Volume { .. } => Ok(Some(offset)),
        }
    }
}
