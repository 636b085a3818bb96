//! LZO1X (the kernel's `Documentation/staging/lzo.rst`), in the frame that btrfs puts round it (`fs/btrfs/lzo.c`).

use super::super::bytes::{size_at, u16_at};

/// Bytes of a length before the whole, and before each segment.
const LENGTH: usize = 4;

/// Decompresses an extent, up to `limit` bytes. It begins with its length, in which that counts too. Each segment is a
/// length, which does not go over the end of a sector, and so many bytes of LZO1X for one sector of the file.
///
/// # Errors
/// What is wrong with it.
pub(super) fn decompress(bytes: &[u8], limit: usize, sector: usize) -> Result<Vec<u8>, String> {
    let total = size_at(bytes, 0).ok_or("lzo: it has no length")?;
    let bytes = bytes.get(..total).ok_or_else(|| format!("lzo: its length of {total} bytes leads outside"))?;
    let mut plain = Vec::with_capacity(limit);
    let mut at = LENGTH;
    while at < total && plain.len() < limit {
        let left = sector - at % sector;
        if left < LENGTH {
            at += left;
            continue;
        }
        let length = size_at(bytes, at).ok_or("lzo: a segment has no length")?;
        at += LENGTH;
        let end = at.checked_add(length);
        let segment = end.and_then(|end| bytes.get(at..end)).ok_or("lzo: a segment leads outside")?;
        let start = plain.len();
        Segment { input: segment, plain: &mut plain, start, limit: start + sector.min(limit - start) }.decompress()?;
        at += length;
    }
    Ok(plain)
}

/// One run of LZO1X.
struct Segment<'a> {
    input: &'a [u8],
    /// What has been decompressed, earlier segments included.
    plain: &'a mut Vec<u8>,
    /// Where this segment's part of it begins: no match reaches farther back.
    start: usize,
    /// The length over which it must not grow.
    limit: usize,
}

impl Segment<'_> {
    fn byte(&mut self) -> Result<usize, String> {
        let (first, rest) = self.input.split_first().ok_or("lzo: a segment has no end mark")?;
        self.input = rest;
        Ok(usize::from(*first))
    }

    /// Distance and literals of the two long forms: 14 bits, and two.
    fn pair(&mut self) -> Result<(usize, usize), String> {
        let word = usize::from(u16_at(self.input, 0).ok_or("lzo: a segment has no end mark")?);
        self.input = self.input.get(2..).unwrap_or_default();
        Ok((word >> 2, word & 3))
    }

    /// The length of an instruction: its own bits, or where they are 0 what follows: 255 for each byte of 0, and the
    /// first one that is not. The result is bounded by the input.
    fn length(&mut self, own: usize, base: usize) -> Result<usize, String> {
        if own != 0 {
            return Ok(own);
        }
        let mut length = base;
        loop {
            match self.byte()? {
                0 => length += 255,
                last => return Ok(length + last),
            }
        }
    }

    fn room(&self, count: usize) -> Result<(), String> {
        if count > self.limit.saturating_sub(self.plain.len()) {
            return Err("lzo: a segment is longer than its sector".to_owned());
        }
        Ok(())
    }

    fn literals(&mut self, count: usize) -> Result<(), String> {
        self.room(count)?;
        let (literals, rest) = self.input.split_at_checked(count).ok_or("lzo: literals lead outside")?;
        self.plain.extend_from_slice(literals);
        self.input = rest;
        Ok(())
    }

    /// Repeats what lies `distance` bytes back, itself included where it overlaps.
    fn repeat(&mut self, distance: usize, count: usize) -> Result<(), String> {
        self.room(count)?;
        let from = self.plain.len().checked_sub(distance).filter(|from| *from >= self.start && distance > 0);
        let from = from.ok_or("lzo: a match reaches before the beginning")?;
        let mut left = count;
        while left > 0 {
            let step = left.min(self.plain.len() - from);
            self.plain.extend_from_within(from..from + step);
            left -= step;
        }
        Ok(())
    }

    fn decompress(mut self) -> Result<(), String> {
        // How many literals came with the last instruction: 4 stands for a run of its own.
        let mut state = 0;
        if let Some(first) = self.input.first().filter(|first| **first > 17) {
            let count = usize::from(*first) - 17;
            self.byte()?;
            self.literals(count)?;
            state = count.min(4);
        }
        loop {
            let code = self.byte()?;
            let (distance, count, literals) = match code {
                0..16 if state == 0 => {
                    let count = self.length(code, 15)? + 3;
                    self.literals(count)?;
                    state = 4;
                    continue;
                }
                0..16 => {
                    let distance = (code >> 2) + (self.byte()? << 2) + 1;
                    let (distance, count) = if state == 4 { (distance + 2048, 3) } else { (distance, 2) };
                    (distance, count, code & 3)
                }
                16..32 => {
                    let count = self.length(code & 7, 7)? + 2;
                    let (low, literals) = self.pair()?;
                    let distance = ((code & 8) << 11) + low;
                    if distance == 0 {
                        return if count == 3 { Ok(()) } else { Err("lzo: a bad end mark".to_owned()) };
                    }
                    (distance + 0x4000, count, literals)
                }
                32..64 => {
                    let count = self.length(code & 31, 31)? + 2;
                    let (low, literals) = self.pair()?;
                    (low + 1, count, literals)
                }
                _ => {
                    let distance = ((code >> 2) & 7) + (self.byte()? << 3) + 1;
                    (distance, (code >> 5) + 1, code & 3)
                }
            };
            self.repeat(distance, count)?;
            self.literals(literals)?;
            state = literals;
        }
    }
}
