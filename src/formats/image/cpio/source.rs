//! Where an archive's bytes come from.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

/// A buffered stream that can leave bytes out without copying them.
pub(crate) trait Source: BufRead {
    /// Leaves out `count` bytes, and says how many there were before the end.
    ///
    /// # Errors
    /// As reading them.
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let available = self.fill_buf()?.len();
            if available == 0 {
                break;
            }
            let part = usize::try_from(left).map_or(available, |left| left.min(available));
            self.consume(part);
            left -= part as u64;
        }
        Ok(count - left)
    }
}

/// What [`io::Read::read`] does for whoever has a buffer of its own.
pub(crate) fn read_buffered(from: &mut impl BufRead, buffer: &mut [u8]) -> io::Result<usize> {
    let available = from.fill_buf()?;
    let part = available.len().min(buffer.len());
    buffer[..part].copy_from_slice(&available[..part]);
    from.consume(part);
    Ok(part)
}

impl Source for &[u8] {}

impl<S: Source + ?Sized> Source for &mut S {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        (**self).skip(count)
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        (**self).skip(count)
    }
}

/// How much of a file is read at once.
const BUFFER: usize = 128 << 10;

/// A file that knows its position and skips by seeking.
#[derive(Debug)]
pub(crate) struct Input<R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Offset in the file of the buffer's end.
    reached: u64,
    length: u64,
}

impl<R: Read + Seek> Input<R> {
    /// A file of `length` bytes that stands at its beginning.
    pub(crate) fn new(inner: R, length: u64) -> Self {
        Self { inner, buffer: vec![0; BUFFER].into_boxed_slice(), start: 0, end: 0, reached: 0, length }
    }

    /// Offset of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.reached - (self.end - self.start) as u64
    }

    /// Length of the file as it was opened.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The next `count` bytes without consuming them; fewer at the end of the file, and never more
    /// than the buffer holds.
    ///
    /// # Errors
    /// As reading them.
    pub(crate) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.start > 0 && self.end - self.start < count {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < count.min(self.buffer.len()) {
            let read = read_some(&mut self.inner, &mut self.buffer[self.end..])?;
            if read == 0 {
                break;
            }
            self.end += read;
            self.reached += read as u64;
        }
        let stop = self.end.min(self.start + count);
        Ok(&self.buffer[self.start..stop])
    }
}

fn read_some(inner: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match inner.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            answer => return answer,
        }
    }
}

impl<R: Read + Seek> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

impl<R: Read + Seek> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.end = read_some(&mut self.inner, &mut self.buffer)?;
            self.reached += self.end as u64;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

impl<R: Read + Seek> Source for Input<R> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let buffered = (self.end - self.start) as u64;
        if count <= buffered {
            self.consume(usize::try_from(count).unwrap_or(usize::MAX));
            return Ok(count);
        }
        let from = self.position();
        let target = from.saturating_add(count).min(self.length.max(self.reached));
        self.inner.seek(SeekFrom::Start(target))?;
        self.start = 0;
        self.end = 0;
        self.reached = target;
        Ok(target - from)
    }
}
