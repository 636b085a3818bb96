//! Where an archive's bytes come from.

use crate::formats::image::allowance::Allowance;
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

    /// Leaves out NUL bytes, and says how many there were.
    ///
    /// # Errors
    /// As reading them.
    fn skip_nuls(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let (nuls, more) = skip_buffered_nuls(self)?;
            skipped += nuls;
            if !more {
                return Ok(skipped);
            }
        }
    }
}

/// Leaves out the NUL bytes that are read next, as far as they are buffered; says how many there were, and whether more
/// of them may follow.
fn skip_buffered_nuls(from: &mut (impl BufRead + ?Sized)) -> io::Result<(u64, bool)> {
    let available = from.fill_buf()?;
    let nuls = available.iter().take_while(|&&byte| byte == 0).count();
    let more = nuls > 0 && nuls == available.len();
    from.consume(nuls);
    Ok((nuls as u64, more))
}

/// A file that may have holes: zeros that take no room.
pub(crate) trait Sparse: Read + Seek {
    /// The first byte at `offset` or behind it that is not in a hole; `None` where nothing follows but a hole. The
    /// file's position is anywhere afterwards.
    ///
    /// # Errors
    /// When the kernel does not say.
    fn next_data(&mut self, offset: u64) -> io::Result<Option<u64>>;
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

    fn skip_nuls(&mut self) -> io::Result<u64> {
        (**self).skip_nuls()
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        (**self).skip(count)
    }

    fn skip_nuls(&mut self) -> io::Result<u64> {
        (**self).skip_nuls()
    }
}

/// How much of a file is read at once.
const BUFFER: usize = 128 << 10;

/// A file that knows its position and skips by seeking. What is read of it is taken from an allowance.
#[derive(Debug)]
pub(crate) struct Input<'a, R> {
    inner: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Offset in the file of the buffer's end.
    reached: u64,
    length: u64,
    allowance: &'a Allowance,
}

impl<'a, R: Sparse> Input<'a, R> {
    /// A file of `length` bytes that stands at its beginning.
    pub(crate) fn new(inner: R, length: u64, allowance: &'a Allowance) -> Self {
        Self { inner, buffer: vec![0; BUFFER].into_boxed_slice(), start: 0, end: 0, reached: 0, length, allowance }
    }

    /// Offset of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.reached - (self.end - self.start) as u64
    }

    /// Goes on at an offset in the file, with nothing buffered.
    fn go_to(&mut self, offset: u64) -> io::Result<()> {
        self.inner.seek(SeekFrom::Start(offset))?;
        self.start = 0;
        self.end = 0;
        self.reached = offset;
        Ok(())
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
            self.allowance.read(read)?;
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

impl<R: Sparse> Read for Input<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

impl<R: Sparse> BufRead for Input<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            let read = read_some(&mut self.inner, &mut self.buffer)?;
            self.allowance.read(read)?;
            self.end = read;
            self.reached += read as u64;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

impl<R: Sparse> Source for Input<'_, R> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let buffered = (self.end - self.start) as u64;
        if count <= buffered {
            self.consume(usize::try_from(count).unwrap_or(usize::MAX));
            return Ok(count);
        }
        let from = self.position();
        let target = from.saturating_add(count).min(self.length.max(self.reached));
        self.go_to(target)?;
        Ok(target - from)
    }

    fn skip_nuls(&mut self) -> io::Result<u64> {
        let from = self.position();
        loop {
            let (_, more) = skip_buffered_nuls(self)?;
            if !more {
                return Ok(self.position() - from);
            }
            let here = self.reached;
            let next = self.inner.next_data(here)?.unwrap_or(self.length);
            self.go_to(next.clamp(here, self.length.max(here)))?;
        }
    }
}
