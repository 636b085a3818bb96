//! What an input does to a machine's files.

use nix::sys::stat::Mode;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::{fs, io};

/// One of them.
#[derive(Debug)]
pub(super) struct Change<'a> {
    /// Which of the places.
    pub(super) place: u16,
    /// What happens there.
    pub(super) kind: Kind,
    /// With these bytes.
    pub(super) bytes: &'a [u8],
}

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The bytes are all that it holds.
    Replaced,
    /// The bytes stand at a place of what it held, told by the first two.
    Inserted,
    /// The bytes stand behind what it held.
    Appended,
    /// It is not there.
    Gone,
    /// It is a link to the path that the bytes are.
    Link,
    /// It is a pipe with a name, which nobody writes to.
    Pipe,
    /// It is an empty directory.
    Directory,
}

impl Kind {
    /// Puts it there, where nothing is.
    pub(super) fn put(self, at: &Path, before: &[u8], bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Replaced => fs::write(at, bytes),
            Self::Appended => fs::write(at, [before, bytes].concat()),
            Self::Inserted => {
                let (place, bytes) = bytes.split_first_chunk::<2>().unwrap_or((&[0; 2], bytes));
                let place = usize::from(u16::from_le_bytes(*place)) % (before.len() + 1);
                let (first, last) = before.split_at(place);
                fs::write(at, [first, bytes, last].concat())
            }
            Self::Gone => Ok(()),
            Self::Link => symlink(OsStr::from_bytes(bytes), at),
            Self::Pipe => Ok(nix::unistd::mkfifo(at, Mode::S_IRWXU)?),
            Self::Directory => fs::create_dir(at),
        }
    }
}

/// The changes of an input. Each is: place (two bytes), kind (one byte), length (two bytes), and so many bytes.
#[derive(Debug)]
pub(super) struct Changes<'a>(&'a [u8]);

impl<'a> Changes<'a> {
    /// Of an input.
    pub(super) fn of(input: &'a [u8]) -> Self {
        Self(input)
    }
}

impl<'a> Iterator for Changes<'a> {
    type Item = Change<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let [place_low, place_high, kind, length_low, length_high, rest @ ..] = self.0 else { return None };
        let length = usize::from(u16::from_le_bytes([*length_low, *length_high])).min(rest.len());
        let (bytes, rest) = rest.split_at(length);
        self.0 = rest;
        let kind = match kind % 16 {
            0..=4 => Kind::Inserted,
            5..=7 => Kind::Appended,
            8 => Kind::Gone,
            9 => Kind::Link,
            10 => Kind::Pipe,
            11 => Kind::Directory,
            _ => Kind::Replaced,
        };
        Some(Change { place: u16::from_le_bytes([*place_low, *place_high]), kind, bytes })
    }
}
