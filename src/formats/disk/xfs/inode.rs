//! Inodes (`struct xfs_dinode` in `fs/xfs/libxfs/xfs_format.h`; what is held to what: `xfs_inode_buf.c`).

use super::checksum;
use super::fork::Fork;
use super::superblock::Superblock;
use super::view::{Place, View};
use crate::formats::disk::{Disk, DiskError, Inode, InodeKind, Result};

const MAGIC: &[u8] = b"IN";
/// Where the forks begin, in versions 1 and 2, and in version 3.
const CORE: usize = 100;
const CORE_3: usize = 176;
/// `XFS_DIFLAG_REALTIME`: what the file holds lies on the realtime device.
const REALTIME: u16 = 1;
/// `XFS_DIFLAG2_BIGTIME`: times count nanoseconds.
const BIG_TIME: u64 = 1 << 3;
/// `XFS_DIFLAG2_NREXT64`: the wide count of extents is the one that is used.
const WIDE_COUNT: u64 = 1 << 4;
/// The second at which a count of nanoseconds begins: 1901-12-13 20:45:52 UTC (`XFS_BIGTIME_EPOCH_OFFSET`).
const BIG_TIME_START: i64 = -(1 << 31);
const NANOSECONDS: u64 = 1_000_000_000;

/// How a fork holds what it holds (`enum xfs_dinode_fmt`).
mod format {
    pub(super) const DEVICE: u8 = 0;
    pub(super) const LOCAL: u8 = 1;
    pub(super) const EXTENTS: u8 = 2;
    pub(super) const TREE: u8 = 3;
}

/// An inode, and where what it holds lies.
#[derive(Debug)]
pub(super) struct Node {
    /// Its number.
    pub(super) number: u64,
    /// What stat(2) tells.
    pub(super) stat: Inode,
    /// What it holds lies on the realtime device.
    pub(super) realtime: bool,
    /// Where what it holds lies; a device holds nothing.
    pub(super) fork: Option<Fork>,
}

impl Node {
    /// Reads an inode.
    ///
    /// # Errors
    /// When there is none of this number, it is not in use, or damaged.
    pub(super) fn read(disk: &Disk, superblock: &Superblock, number: u64) -> Result<Self> {
        let place = Place::Inode(number);
        let outside = || DiskError::damaged(place.to_string(), "its number lies outside of the filesystem");
        let at = superblock.inode_place(number).ok_or_else(outside)?;
        let bytes = disk.metadata(at, superblock.inode_size)?;
        Self::parse(View::new(&bytes, place), superblock, number)
    }

    fn parse(inode: View<'_>, superblock: &Superblock, number: u64) -> Result<Self> {
        if inode.part(0, 2)? != MAGIC {
            return Err(inode.damaged("no inode lies there"));
        }
        let version3 = match (inode.u8(4)?, superblock.features.version5) {
            (3, true) => true,
            (1 | 2, false) => false,
            (version, _) => return Err(inode.damaged(format!("it is of version {version}"))),
        };
        if version3 {
            checksum::check(inode, 100)?;
            if inode.u64(152)? != number || inode.array(160)? != superblock.metadata_uuid {
                return Err(inode.damaged("it belongs elsewhere"));
            }
        }
        let kind = kind(inode)?;
        let size = inode.u64(56)?;
        if size > i64::MAX as u64 {
            return Err(inode.damaged("its size is negative"));
        }
        let flags = if version3 { inode.u64(120)? } else { 0 };
        let data = data_fork(inode, if version3 { CORE_3 } else { CORE })?;
        let (fork, rdev) = fork(inode, data, kind, size, flags & WIDE_COUNT != 0)?;
        let stat = Inode {
            kind,
            size,
            mtime: time(inode, flags & BIG_TIME != 0)?,
            mode: u32::from(inode.u16(2)? & 0o7777),
            uid: inode.u32(8)?,
            rdev,
        };
        Ok(Self { number, stat, realtime: inode.u16(90)? & REALTIME != 0, fork })
    }

    /// That something is wrong with it.
    pub(super) fn damaged(&self, what: impl Into<String>) -> DiskError {
        DiskError::damaged(Place::Inode(self.number).to_string(), what)
    }
}

fn kind(inode: View<'_>) -> Result<InodeKind> {
    match inode.u16(2)? >> 12 {
        0o10 => Ok(InodeKind::File),
        0o04 => Ok(InodeKind::Directory),
        0o12 => Ok(InodeKind::Link),
        0o01 | 0o02 | 0o06 | 0o14 => Ok(InodeKind::Special),
        0 if inode.u16(2)? == 0 => Err(inode.damaged("it is not in use")),
        other => Err(inode.damaged(format!("its kind {other:#o} is none"))),
    }
}

/// Where the data fork lies: up to the attribute fork, where there is one.
fn data_fork(inode: View<'_>, core: usize) -> Result<&[u8]> {
    let all = inode.bytes().len().saturating_sub(core);
    match usize::from(inode.u8(82)?) * 8 {
        0 => inode.part(core, all),
        length if length < all => inode.part(core, length),
        _ => Err(inode.damaged("its attribute fork begins behind its end")),
    }
}

/// The data fork, and the device number.
fn fork(inode: View<'_>, data: &[u8], kind: InodeKind, size: u64, wide: bool) -> Result<(Option<Fork>, u64)> {
    let records = if wide { inode.u64(24)? } else { u64::from(inode.u32(76)?) };
    match (inode.u8(5)?, kind) {
        (format::DEVICE, InodeKind::Special) => Ok((None, device(View::new(data, inode.place()).u32(0)?))),
        (format::LOCAL, InodeKind::Directory | InodeKind::Link) => {
            let length = usize::try_from(size).ok();
            let held = length.and_then(|length| data.get(..length));
            let held = held.ok_or_else(|| inode.damaged("it holds more than there is room for"))?;
            Ok((Some(Fork::Local(held.to_vec())), 0))
        }
        (format::EXTENTS, InodeKind::File | InodeKind::Directory | InodeKind::Link) => {
            let length = usize::try_from(records).ok().and_then(|records| records.checked_mul(16));
            let held = length.and_then(|length| data.get(..length));
            let held = held.ok_or_else(|| inode.damaged("it has more extents than there is room for"))?;
            Ok((Some(Fork::extents(View::new(held, inode.place()))?), 0))
        }
        (format::TREE, InodeKind::File | InodeKind::Directory) => {
            Ok((Some(Fork::tree(View::new(data, inode.place()), records)?), 0))
        }
        (format, _) => Err(inode.damaged(format!("format {format} does not go with its kind"))),
    }
}

/// A device number as XFS has it (`sysv_major`, `sysv_minor`), as glibc's `makedev` has it.
fn device(stored: u32) -> u64 {
    let (major, minor) = (u64::from(stored >> 18) & 0x1FF, u64::from(stored & 0x3_FFFF));
    (major << 8) | (minor & 0xFF) | ((minor & !0xFF) << 12)
}

/// The time of the last change of content, in seconds.
fn time(inode: View<'_>, big: bool) -> Result<i64> {
    if big {
        let seconds = inode.u64(40)? / NANOSECONDS;
        Ok(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_add(BIG_TIME_START))
    } else {
        Ok(i64::from(i32::from_be_bytes(inode.array(40)?)))
    }
}
