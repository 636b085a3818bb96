//! Reads the archives of one segment, entry by entry.

use super::error::{Error, NAME_LIMIT};
use super::header::{Entry, Kind, LENGTH};
use super::source::{Source, read_buffered};
use std::io::{self, BufRead, Read};

/// The name of the entry that ends an archive.
const TRAILER: &[u8] = b"TRAILER!!!";

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
    archive: u32,
    inside: bool,
}

impl<'a> Reader<'a> {
    /// A reader at a byte of a segment; the padding counts from the segment's first byte.
    pub(crate) fn new(source: &'a mut dyn Source, offset: u64) -> Self {
        Self { source, offset, left: 0, entry: offset, checksum: None, entries: 0, archive: 0, inside: false }
    }

    /// Bytes read, from the beginning of the segment.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Entries read, without the trailers.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// Whether an archive was begun that has not ended with its trailer.
    pub(crate) fn is_open(&self) -> bool {
        self.inside
    }

    /// The next entry, what was not read of the one before left out. `None` where the stream ends, or
    /// where something begins behind an archive that is none: the stream then stands at it.
    ///
    /// # Errors
    /// When the archive is damaged or the stream cannot be read; nothing more can be read then.
    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        loop {
            self.finish_data()?;
            if !self.inside && !self.find_archive()? {
                return Ok(None);
            }
            self.entry = self.offset;
            if self.source.fill_buf()?.is_empty() {
                return Ok(None);
            }
            let mut header = [0; LENGTH];
            self.read_exact(&mut header)?;
            let mut entry = Entry::parse(&header, self.entry)?;
            self.inside = true;
            self.read_name(&mut entry)?;
            self.align()?;
            if entry.name == TRAILER {
                // The kernel skips a trailer's data, too.
                self.begin_data(&entry);
                self.finish_data()?;
                self.inside = false;
                self.archive = self.archive.saturating_add(1);
                continue;
            }
            if entry.kind() == Kind::Link && entry.size > NAME_LIMIT {
                return Err(Error::LinkSize { offset: entry.offset, size: entry.size });
            }
            self.entries += 1;
            entry.archive = self.archive;
            self.begin_data(&entry);
            return Ok(Some(entry));
        }
    }

    /// The current entry's data, as far as it was not read.
    pub(crate) fn data(&mut self) -> Data<'_, 'a> {
        Data { reader: self }
    }

    fn begin_data(&mut self, entry: &Entry) {
        self.left = u64::from(entry.size);
        // Only a regular file's checksum is looked at by the kernel.
        self.checksum = entry.checksum.filter(|_| entry.kind() == Kind::File).map(|stated| (stated, 0));
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

    /// Leaves out NUL bytes behind an archive; whether another one follows.
    fn find_archive(&mut self) -> Result<bool, Error> {
        loop {
            let available = self.source.fill_buf()?;
            if available.is_empty() {
                return Ok(false);
            }
            let nuls = available.iter().take_while(|&&byte| byte == 0).count();
            let next = available.get(nuls).copied();
            self.source.consume(nuls);
            self.offset += nuls as u64;
            if let Some(next) = next {
                // The kernel calls this `broken padding`; the first archive has none before it.
                if self.entries > 0 && !self.offset.is_multiple_of(4) {
                    return Err(Error::Padding { offset: self.offset });
                }
                return Ok(next == b'0' && self.offset.is_multiple_of(4));
            }
        }
    }

    fn read_name(&mut self, entry: &mut Entry) -> Result<(), Error> {
        let size = entry.name_size;
        if size == 0 || size > NAME_LIMIT {
            return Err(Error::NameSize { offset: entry.offset, size });
        }
        let mut name = vec![0; size as usize];
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
            self.offset += self.source.skip(padding)?;
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

/// The data of an entry.
pub(crate) struct Data<'r, 'a> {
    reader: &'r mut Reader<'a>,
}

impl Data<'_, '_> {
    /// Bytes that were not read yet.
    pub(crate) fn left(&self) -> u64 {
        self.reader.left
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
