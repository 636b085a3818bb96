//! Reads the archives of one segment, entry by entry.

use super::error::{Error, NAME_LIMIT};
use super::header::{Entry, Kind, LENGTH};
use super::source::{Source, read_buffered};
use std::io::{self, BufRead, Read};

/// The name of the entry that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

/// What the segments of an image hand on from one to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Before {
    /// Whether anything was read before: NUL bytes are left out only behind something.
    pub(crate) anything: bool,
    /// How many archives have ended; hard links do not reach beyond such an end.
    pub(crate) archives: u32,
}

/// Reads the archives of one segment, one behind another.
pub(crate) struct Reader<'a> {
    source: &'a mut dyn Source,
    offset: u64,
    /// Bytes of the current entry's data that were not consumed.
    left: u64,
    entry: u64,
    /// The checksum stated for the current entry, and the sum so far.
    checksum: Option<(u32, u32)>,
    entries: u64,
    before: Before,
    /// Whether the padding of what was read last is there.
    padded: bool,
}

impl<'a> Reader<'a> {
    /// A reader at a byte of a segment; the padding counts from the segment's first byte.
    pub(crate) fn new(source: &'a mut dyn Source, offset: u64, before: Before) -> Self {
        Self { source, offset, left: 0, entry: offset, checksum: None, entries: 0, before, padded: true }
    }

    /// Bytes read, from the beginning of the segment.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Entries handed out: without the trailers and what the kernel skips.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// What the next segment has before it.
    pub(crate) fn before(&self) -> Before {
        self.before
    }

    /// Whether something was read, and nothing lacks of it: at the end of a compressed stream the kernel
    /// wants that, at the end of an image it does not look.
    pub(crate) fn is_settled(&self) -> bool {
        self.before.anything && self.padded
    }

    /// The next entry that the kernel unpacks, what was not read of the one before left out. `None` where the stream
    /// ends, or where something begins behind an entry that is none: the stream then stands at it.
    ///
    /// # Errors
    /// When the archive is damaged or the stream cannot be read; nothing more can be read then.
    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            self.finish_data()?;
            if self.before.anything && !self.find_header()? {
                return Ok(None);
            }
            self.entry = self.offset;
            match self.source.fill_buf()?.first() {
                None => return Ok(None),
                Some(b'0') => {}
                Some(_) => return Err(Error::Magic { offset: self.entry }),
            }
            let mut header = [0; LENGTH];
            self.read_exact(&mut header)?;
            let mut entry = Entry::parse(&header, self.entry)?;
            self.before.anything = true;
            if is_skipped(&entry) {
                self.left = (self.offset + u64::from(entry.name_size)).next_multiple_of(4) - self.offset;
                self.left += u64::from(entry.size);
                continue;
            }
            self.read_name(&mut entry)?;
            self.align()?;
            self.left = u64::from(entry.size);
            if entry.name == TRAILER && entry.kind() != Kind::Link {
                self.before.archives = self.before.archives.saturating_add(1);
                continue;
            }
            self.entries += 1;
            entry.archive = self.before.archives;
            // Only a regular file's checksum is looked at by the kernel.
            self.checksum = entry.checksum.filter(|_| entry.kind() == Kind::File).map(|stated| (stated, 0));
            return Ok(Some(entry));
        }
    }

    /// The current entry's data, as far as it was not read.
    pub(crate) fn data(&mut self) -> Data<'_, 'a> {
        Data { reader: self }
    }

    fn finish_data(&mut self) -> Result<(), Error> {
        if self.checksum.is_some() {
            while self.left > 0 {
                let part = self.data().fill_buf()?.len();
                self.data().consume(part);
            }
        } else if self.left > 0 {
            let skipped = self.source.skip(self.left)?;
            self.offset += skipped;
            self.left -= skipped;
            if self.left > 0 {
                return Err(self.truncated());
            }
        }
        if let Some((stated, sum)) = self.checksum.take()
            && stated != sum
        {
            return Err(Error::Checksum { offset: self.entry });
        }
        self.align()
    }

    /// Leaves out NUL bytes behind an entry, as the kernel does behind each; whether another one follows.
    fn find_header(&mut self) -> Result<bool, Error> {
        self.offset += self.source.skip_nuls()?;
        let Some(&next) = self.source.fill_buf()?.first() else { return Ok(false) };
        // The kernel calls this `broken padding`.
        if !self.offset.is_multiple_of(4) {
            return Err(Error::Padding { offset: self.offset });
        }
        Ok(next == b'0')
    }

    fn read_name(&mut self, entry: &mut Entry) -> Result<(), Error> {
        let mut name = vec![0; entry.name_size as usize];
        self.read_exact(&mut name)?;
        if name.pop() != Some(0) {
            return Err(Error::NameEnd { offset: entry.offset });
        }
        // What stands behind a NUL is no part of a name for the kernel.
        if let Some(end) = name.iter().position(|&byte| byte == 0) {
            name.truncate(end);
        }
        entry.name = name;
        Ok(())
    }

    /// Leaves out the padding to a multiple of four; it may be missing where the stream ends.
    fn align(&mut self) -> Result<(), Error> {
        let padding = self.offset.wrapping_neg() % 4;
        if padding > 0 {
            let skipped = self.source.skip(padding)?;
            self.offset += skipped;
            self.padded = skipped == padding;
        }
        Ok(())
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            let available = self.source.fill_buf()?;
            if available.is_empty() {
                return Err(self.truncated());
            }
            let part = available.len().min(buffer.len() - filled);
            buffer[filled..filled + part].copy_from_slice(&available[..part]);
            self.source.consume(part);
            self.offset += part as u64;
            filled += part;
        }
        Ok(())
    }

    fn truncated(&self) -> Error {
        Error::Truncated { offset: self.offset, entry: self.entry }
    }
}

/// Whether the kernel leaves an entry out with its name and its data, and goes on behind it (`do_header`): one whose
/// name is empty or too long, a symbolic link that is too long, and what has data that it cannot have.
fn is_skipped(entry: &Entry) -> bool {
    let is_too_large = match entry.kind() {
        Kind::File => false,
        Kind::Link => entry.size > NAME_LIMIT,
        _ => entry.size > 0,
    };
    is_too_large || entry.name_size == 0 || entry.name_size > NAME_LIMIT
}

/// The data of an entry.
pub(crate) struct Data<'r, 'a> {
    reader: &'r mut Reader<'a>,
}

impl Data<'_, '_> {
    /// Bytes that were not read yet.
    pub(crate) fn left(&self) -> u64 {
        self.reader.left
    }

    /// Leaves the checksum aside, as the kernel does with a file that it cannot make.
    pub(crate) fn leave_checksum(&mut self) {
        self.reader.checksum = None;
    }
}

impl Read for Data<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

impl BufRead for Data<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.reader.left == 0 {
            return Ok(&[]);
        }
        let truncated = self.reader.truncated();
        let available = self.reader.source.fill_buf()?;
        if available.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, truncated));
        }
        let part = usize::try_from(self.reader.left).map_or(available.len(), |left| left.min(available.len()));
        Ok(&available[..part])
    }

    fn consume(&mut self, count: usize) {
        let reader = &mut *self.reader;
        let count = usize::try_from(reader.left).map_or(count, |left| left.min(count));
        if let Some((_, sum)) = &mut reader.checksum
            && let Ok(available) = reader.source.fill_buf()
        {
            *sum = available.iter().take(count).fold(*sum, |sum, &byte| sum.wrapping_add(u32::from(byte)));
        }
        reader.source.consume(count);
        reader.offset += count as u64;
        reader.left -= count as u64;
    }
}
