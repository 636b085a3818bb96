//! An entry of a directory: 32 bytes, of a file or of a part of a long name.

use super::boot::{Layout, Width};
use super::names;
use crate::formats::disk::{Inode, InodeKind, fields};

/// Attributes (Microsoft's specification, `DIR_Attr`).
const READ_ONLY: u8 = 0x01;
const VOLUME: u8 = 0x08;
const DIRECTORY: u8 = 0x10;
const LONG_NAME: u8 = 0x0f;

/// Bits of `DIR_NTRes` that Windows NT and Linux keep the case of a short name in.
const LOWER_BASE: u8 = 0x08;
const LOWER_EXTENSION: u8 = 0x10;

/// First byte of an entry that was deleted.
const DELETED: u8 = 0xe5;

/// UTF-16 units in one part of a long name.
pub(super) const UNITS: usize = 13;

/// 32 bytes of a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'a>(pub(super) &'a [u8]);

impl<'a> Slot<'a> {
    /// Whether it is not in use. The kernel reads on behind one that was never used (fs/fat/dir.c), and so does isctpl.
    pub(super) fn is_free(self) -> bool {
        matches!(self.first(), 0 | DELETED)
    }

    /// Whether it is a part of a long name.
    pub(super) fn is_long(self) -> bool {
        self.attributes() == LONG_NAME
    }

    /// Whether it is the volume's label.
    pub(super) fn is_label(self) -> bool {
        self.attributes() & VOLUME != 0
    }

    /// Whether it is a directory's.
    pub(super) fn is_directory(self) -> bool {
        self.attributes() & DIRECTORY != 0
    }

    /// Whether it is the directory itself or the one above it.
    pub(super) fn is_dots(self) -> bool {
        matches!(self.raw_name(), b".          " | b"..         ")
    }

    /// Of a part of a long name: its number from 1 on, with 0x40 added in the one that ends the name.
    pub(super) fn ordinal(self) -> u8 {
        self.first()
    }

    /// Of a part of a long name: the checksum of the short name that it belongs to.
    pub(super) fn long_checksum(self) -> u8 {
        fields::byte(self.0, 13)
    }

    /// Of a part of a long name: its UTF-16 units.
    pub(super) fn units(self) -> [u16; UNITS] {
        let mut units = [0; UNITS];
        let places = (1..11).step_by(2).chain((14..26).step_by(2)).chain((28..32).step_by(2));
        for (unit, place) in units.iter_mut().zip(places) {
            *unit = fields::le16(self.0, place);
        }
        units
    }

    /// The checksum of its short name by which the parts of its long name know it.
    pub(super) fn checksum(self) -> u8 {
        self.raw_name().iter().fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
    }

    /// Its short name as Linux shows it; nothing when it has none.
    pub(super) fn short_name(self) -> impl Iterator<Item = char> + 'a {
        let (base, extension) = self.raw_name().split_at_checked(8).unwrap_or_default();
        let case = fields::byte(self.0, 12);
        let shown = |part: &'a [u8], lower: bool| {
            let end = part.iter().position(|byte| *byte == 0).unwrap_or(part.len());
            let part = part.get(..end).unwrap_or_default();
            let length = part.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
            part.iter().take(length).map(move |byte| names::shown(*byte, lower))
        };
        let extension = shown(extension, case & LOWER_EXTENSION != 0);
        let dot = (extension.len() > 0).then_some('.');
        // 0xe5 is a character of some code pages; at the beginning 0x05 stands for it.
        let first = (self.first() == 0x05).then(|| names::shown(DELETED, case & LOWER_BASE != 0));
        let rest = shown(base, case & LOWER_BASE != 0).skip(usize::from(first.is_some()));
        first.into_iter().chain(rest).chain(dot).chain(extension)
    }

    /// Number of the first cluster; 0 when it has none.
    pub(super) fn cluster(self, layout: &Layout) -> u32 {
        let high = if layout.width == Width::Fat32 { fields::le16(self.0, 20) } else { 0 };
        (u32::from(high) << 16) | u32::from(fields::le16(self.0, 26))
    }

    /// Bytes of a file; means nothing for a directory.
    pub(super) fn size(self) -> u32 {
        fields::le32(self.0, 28)
    }

    /// What stat(2) says of it on a filesystem that is mounted without options, its size aside for a directory.
    pub(super) fn inode(self) -> Inode {
        let (kind, size) =
            if self.is_directory() { (InodeKind::Directory, 0) } else { (InodeKind::File, u64::from(self.size())) };
        let locked = kind == InodeKind::File && self.attributes() & READ_ONLY != 0;
        let mode = if locked { 0o555 } else { 0o755 };
        Inode { kind, size, mtime: self.mtime(), mode, uid: 0, rdev: 0 }
    }

    /// Last change. FAT keeps local time and does not say of which zone: it is taken as UTC, as Linux does where the
    /// clock runs in UTC. Days and months out of range are taken as `fat_time_fat2unix` takes them (fs/fat/misc.c).
    fn mtime(self) -> i64 {
        let (time, date) = (i64::from(fields::le16(self.0, 22)), i64::from(fields::le16(self.0, 24)));
        let (year, month, day) = (date >> 9, (date >> 5 & 0xf).max(1), (date & 0x1f).max(1));
        // Days before each month of a year without a leap day; the kernel has 0 for the months 13 to 15.
        const BEFORE: [i64; 16] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 0, 0, 0];
        let before = usize::try_from(month).ok().and_then(|month| BEFORE.get(month)).copied().unwrap_or(0);
        // Years count from 1980, a leap year; 2100 (120) is none.
        let leap_days = (year + 3) / 4 - i64::from(year > 120) + i64::from(year % 4 == 0 && year != 120 && month > 2);
        const FROM_1970_TO_1980: i64 = 3652;
        let days = FROM_1970_TO_1980 + year * 365 + leap_days + before + day - 1;
        days * 86_400 + (time >> 11) * 3600 + (time >> 5 & 0x3f) * 60 + (time & 0x1f) * 2
    }

    fn first(self) -> u8 {
        fields::byte(self.0, 0)
    }

    fn attributes(self) -> u8 {
        fields::byte(self.0, 11)
    }

    fn raw_name(self) -> &'a [u8] {
        self.0.get(..11).unwrap_or_default()
    }
}
