//! How much is read and unpacked in one run.
//!
//! A few KB can unpack to gigabytes, and a file of zeros takes no room on a disk at all. So what is read of compressed
//! files, and what comes out of them, is taken from pools that a whole run shares. Data that is worth its space is
//! taken from the large one alone; what comes out beyond [`RATIO`] times as much as went in is taken from a small one
//! as well.

use crate::formats::pool::Pool;
use std::io;

/// How many bytes may come out for each that went in. Images, whatever packs them, unpack to some two to six times
/// their size, text to ten times; only what repeats itself comes to more, such as zeros: 255 times with LZ4, a thousand
/// with gzip, forty thousand with bzip2.
const RATIO: u64 = 16;

/// Why no more is read. It travels inside [`io::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Spent {
    /// Too much was read.
    #[error("in one run isctpl reads no more than {} MiB of {of}", most >> 20)]
    Read {
        /// In bytes.
        most: u64,
        /// Of what, in words.
        of: &'static str,
    },
    /// Too much came out.
    #[error("in one run isctpl unpacks no more than {} MiB of {of}", most >> 20)]
    Unpacked {
        /// In bytes.
        most: u64,
        /// Of what, in words.
        of: &'static str,
    },
    /// Too much came out of too little.
    #[error(
        "it unpacks to more than {RATIO} times its size, and in one run isctpl unpacks no more than {} MiB beyond that",
        most >> 20
    )]
    Beyond {
        /// In bytes.
        most: u64,
    },
}

impl Spent {
    /// Takes it out of an error that a reader returned.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref()).copied()
    }
}

impl From<Spent> for io::Error {
    fn from(spent: Spent) -> Self {
        Self::new(io::ErrorKind::QuotaExceeded, spent)
    }
}

/// What may still be read and unpacked.
#[derive(Debug)]
pub(crate) struct Allowance {
    of: &'static str,
    read: Pool,
    unpacked: Pool,
    beyond: Pool,
}

impl Allowance {
    /// To read, to unpack, and to unpack beyond what files of their size are worth, in bytes; `of` says what.
    pub(crate) fn new(of: &'static str, read: u64, unpacked: u64, beyond: u64) -> Self {
        Self { of, read: Pool::of(read), unpacked: Pool::of(unpacked), beyond: Pool::of(beyond) }
    }

    /// Without an end.
    pub(crate) fn unlimited() -> Self {
        Self::new("files", u64::MAX, u64::MAX, u64::MAX)
    }

    /// Takes so many bytes as read.
    ///
    /// # Errors
    /// When they are more than may be read.
    pub(crate) fn read(&self, bytes: usize) -> Result<(), Spent> {
        let (most, of) = (self.read.most(), self.of);
        self.read.take(bytes as u64).ok_or(Spent::Read { most, of })
    }

    /// The meter of a stream that is about to be unpacked.
    pub(crate) fn meter(&self) -> Meter<'_> {
        Meter { allowance: self, packed: 0, unpacked: 0, beyond: 0 }
    }
}

/// What went into a decoder, and what came out.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    allowance: &'a Allowance,
    packed: u64,
    unpacked: u64,
    /// What was taken so far for coming out beyond the ratio.
    beyond: u64,
}

impl Meter<'_> {
    /// Counts a step of the decoder.
    ///
    /// # Errors
    /// When more came out than may.
    pub(crate) fn count(&mut self, packed: usize, unpacked: usize) -> Result<(), Spent> {
        self.packed = self.packed.saturating_add(packed as u64);
        self.unpacked = self.unpacked.saturating_add(unpacked as u64);
        let Allowance { of, unpacked: pool, beyond, .. } = self.allowance;
        pool.take(unpacked as u64).ok_or(Spent::Unpacked { most: pool.most(), of })?;
        let more = self.unpacked.saturating_sub(self.packed.saturating_mul(RATIO)).saturating_sub(self.beyond);
        self.beyond += more;
        beyond.take(more).ok_or(Spent::Beyond { most: beyond.most() })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worth_its_size_is_taken_of_the_large_pool_alone() {
        let allowance = Allowance::new("images", 10, 4 << 20, 1 << 20);
        let mut meter = allowance.meter();
        for _ in 0..32 {
            assert_eq!(meter.count(8 << 10, 128 << 10), Ok(()));
        }
        let spent = meter.count(8 << 10, 1).unwrap_err();
        assert_eq!(spent.to_string(), "in one run isctpl unpacks no more than 4 MiB of images");
        assert_eq!(Spent::of(&spent.into()), Some(spent));
    }

    #[test]
    fn what_comes_out_of_little_is_taken_over_all_streams() {
        let allowance = Allowance::new("images", 10, u64::MAX, 1 << 20);
        let mut first = allowance.meter();
        assert_eq!(first.count(0, 1 << 19), Ok(()));
        // What went in later makes up for what came out before; what was taken stays taken.
        assert_eq!(first.count(1 << 15, 0), Ok(()));
        assert_eq!(first.count(0, 1 << 19), Ok(()));
        let mut second = allowance.meter();
        assert_eq!(second.count(0, 1 << 19), Ok(()));
        let spent = second.count(1, 17).unwrap_err();
        assert!(spent.to_string().ends_with("in one run isctpl unpacks no more than 1 MiB beyond that"), "{spent}");
        assert_eq!(second.count(1, 1), Ok(()));
        assert_eq!(allowance.meter().count(1, 16), Ok(()));
        assert!(allowance.meter().count(1, 17).is_err());
    }

    #[test]
    fn what_is_read_comes_to_an_end() {
        let allowance = Allowance::new("images", 3 << 20, 0, 0);
        assert_eq!(allowance.read(3 << 20), Ok(()));
        let spent = allowance.read(1).unwrap_err();
        assert_eq!(spent.to_string(), "in one run isctpl reads no more than 3 MiB of images");
        assert_eq!(Allowance::unlimited().read(usize::MAX), Ok(()));
    }
}
