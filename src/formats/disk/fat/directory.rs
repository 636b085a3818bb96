//! What a directory holds.

use super::boot::SLOT;
use super::names;
use super::slot::{Slot, UNITS};

/// The most parts that a long name may have: 20 of 13 units hold the 255 that it may be long.
const PARTS: u8 = 20;

/// In the part that ends a long name, and comes first.
const LAST_PART: u8 = 0x40;

/// An entry of a directory that is in use and no label.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// Where in the directory it lies, in bytes.
    pub(super) offset: u64,
    /// The entry with the short name.
    pub(super) slot: Slot<'a>,
    long: Option<Vec<u16>>,
}

impl Entry<'_> {
    /// Whether this name finds it: its short or its long one, without regard to case.
    pub(super) fn is_named(&self, name: &str) -> bool {
        names::same(self.slot.short_name(), name)
            || self.long.as_ref().is_some_and(|units| names::same(names::long(units), name))
    }

    /// Its name: the long one where it has one.
    pub(super) fn name(&self) -> String {
        match &self.long {
            Some(units) => names::long(units).collect(),
            None => self.slot.short_name().collect(),
        }
    }
}

/// Where in a directory the entries of a name may be: FAT has no index, and thousands of look-ups go to few directories.
#[derive(Debug)]
pub(super) struct Index {
    /// Numbers of names, and where what belongs to their entries begins, in bytes; sorted.
    names: Vec<(u64, u32)>,
}

impl Index {
    /// Of all the bytes of a directory.
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut names = Vec::new();
        for entry in Entries::new(bytes).filter(|entry| !entry.slot.is_dots()) {
            let parts = entry.long.as_ref().map_or(0, |units| units.len() / UNITS);
            let begin = entry.offset.saturating_sub(parts as u64 * SLOT);
            let begin = u32::try_from(begin).unwrap_or(u32::MAX);
            names.push((names::hash(entry.slot.short_name()), begin));
            names.extend(entry.long.iter().map(|units| (names::hash(names::long(units)), begin)));
        }
        names.sort_unstable();
        Self { names }
    }

    /// Where in the directory, of which these are the bytes, the first entry of a name lies.
    pub(super) fn find(&self, bytes: &[u8], name: &str) -> Option<u64> {
        let wanted = names::hash(name.chars());
        let from = self.names.partition_point(|(number, _)| *number < wanted);
        let candidates = self.names.get(from..)?.iter().take_while(|(number, _)| *number == wanted);
        candidates.map(|(_, begin)| *begin).find_map(|begin| {
            let rest = bytes.get(usize::try_from(begin).ok()?..)?;
            let entry = Entries::new(rest).next().filter(|entry| entry.is_named(name))?;
            Some(u64::from(begin) + entry.offset)
        })
    }

    /// Bytes that it takes.
    pub(super) fn size(&self) -> usize {
        self.names.len() * size_of::<(u64, u32)>()
    }
}

/// Goes through the bytes of a directory, as fs/fat/dir.c does: a long name counts when its parts lie one behind
/// another and carry the checksum of the short name behind them; parts that do not are passed over.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    bytes: &'a [u8],
    offset: u64,
}

impl<'a> Entries<'a> {
    /// Over all the bytes of a directory.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let mut parts = Parts::default();
        loop {
            let (slot, rest) = self.bytes.split_at_checked(usize::try_from(SLOT).ok()?)?;
            let (slot, offset) = (Slot(slot), self.offset);
            self.bytes = rest;
            self.offset += SLOT;
            if slot.is_long() {
                parts.take(slot);
            } else if slot.is_free() || slot.is_label() || slot.short_name().next().is_none() {
                parts = Parts::default();
            } else {
                return Some(Entry { offset, slot, long: parts.whole(slot) });
            }
        }
    }
}

/// The parts of a long name that were found so far.
#[derive(Debug, Default)]
struct Parts {
    units: Vec<u16>,
    /// Number of the part that was found last; 0 when none is wanted any more, or none was found.
    last: u8,
    checksum: u8,
}

impl Parts {
    fn take(&mut self, slot: Slot<'_>) {
        let goes_on = self.last > 1 && slot.ordinal() == self.last - 1 && slot.long_checksum() == self.checksum;
        if !goes_on {
            *self = Self::default();
            let number = slot.ordinal() & !LAST_PART;
            if slot.ordinal() & LAST_PART == 0 || !(1..=PARTS).contains(&number) {
                return;
            }
            self.units = vec![0; usize::from(number) * UNITS];
            self.checksum = slot.long_checksum();
        }
        self.last = slot.ordinal() & !LAST_PART;
        let start = usize::from(self.last.saturating_sub(1)) * UNITS;
        for (to, from) in self.units.iter_mut().skip(start).zip(slot.units()) {
            *to = from;
        }
    }

    /// The whole name, when it is the one of this entry.
    fn whole(self, slot: Slot<'_>) -> Option<Vec<u16>> {
        (self.last == 1 && self.checksum == slot.checksum()).then_some(self.units)
    }
}
