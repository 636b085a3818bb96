//! One of what the fuzzer feeds, and what they share.

use super::bounds;
use crate::formats::text::names;

/// Something that reads bytes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, which that of its corpus is.
    pub name: &'static str,
    /// The files and folders below `src/formats` that it reaches.
    pub covers: &'static [&'static str],
    /// The most bytes that the fuzzer gives it.
    pub most: usize,
    /// Inputs of a short run.
    pub short: usize,
    /// From how many bytes on an input is timed: for fewer it is not worth looking at a clock.
    timed: usize,
    /// Bytes that it may allocate, and how many more for each byte of its input.
    allocates: (usize, usize),
    read: fn(&[u8]),
}

impl Target {
    pub(super) const fn new(name: &'static str, covers: &'static [&'static str], read: fn(&[u8])) -> Self {
        Self { name, covers, most: TEXT, short: SHORT, timed: TIMED, allocates: ALLOCATES, read }
    }

    /// The same with another longest input.
    pub(super) const fn most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// The same with fewer inputs in a short run, as each takes longer.
    pub(super) const fn short(self, short: usize) -> Self {
        Self { short, ..self }
    }

    /// The same where the shortest input may be much work.
    pub(super) const fn timed(self) -> Self {
        Self { timed: 0, ..self }
    }

    /// The same where it may allocate so much, and so much more for each byte of its input.
    pub(super) const fn allocates(self, fixed: usize, growth: usize) -> Self {
        Self { allocates: (fixed, growth), ..self }
    }

    /// Reads an input.
    ///
    /// # Panics
    /// When the reader does, when what it answers contradicts itself, or when it takes more than its input is worth.
    pub fn read(&self, input: &[u8]) {
        bounds::keep(self.name, input.len(), self.timed, self.allocates, || (self.read)(input));
    }
}

/// The most bytes of a text: enough for what is quadratic to show.
const TEXT: usize = 64 << 10;

/// Inputs of a short run: a second or two.
const SHORT: usize = 2_000;

/// Inputs that are shorter have a reader of text do little.
const TIMED: usize = 2 << 10;

/// What a reader may allocate, freed or not, whatever its input, and for each byte of it.
const ALLOCATES: (usize, usize) = (8 << 20, 4 << 10);

/// A text as a file's bytes become one.
pub(super) fn text(input: &[u8]) -> String {
    names::decode(input)
}

/// Two texts of one input, at its first NUL.
pub(super) fn two(input: &[u8]) -> (String, String) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    (text(parts.next().unwrap_or_default()), text(parts.next().unwrap_or_default()))
}

/// An edit of a text that is well-defined when made twice: the second time it changes nothing.
#[track_caller]
pub(super) fn edits_once<E>(before: &str, edit: impl Fn(&str) -> Result<String, E>) {
    if let Ok(once) = edit(before) {
        match edit(&once) {
            Ok(twice) => assert_eq!(twice, once, "edited once more"),
            Err(_) => panic!("what it made of the text it refuses"),
        }
    }
}
