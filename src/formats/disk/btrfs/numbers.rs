//! The numbers by which inodes are asked for. Each subvolume counts its inodes by itself, so a number is made of the
//! subvolume's place in a table, in the upper bits, and the inode's number in it.

use super::super::{DiskError, Inode, Result};
use super::roots::Root;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bits of an inode's number in its subvolume. They are given out one by one from 256 on.
const BITS: u32 = 48;
/// The most places.
const MOST: usize = 1 << (u64::BITS - BITS);
/// The number of a directory that stands where a subvolume was when a snapshot was made of the one around it
/// (`BTRFS_EMPTY_SUBVOL_DIR_OBJECTID`).
const EMPTY: u64 = 2;

/// What a number leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// An inode of a subvolume.
    Inode(Root, u64),
    /// A directory that has no entries.
    Empty(Inode),
}

/// What a place of the table is for.
#[derive(Debug, Clone, Copy)]
enum Place {
    Subvolume(Root),
    Empty(Inode),
}

/// The table. A place that was given out stays.
#[derive(Debug, Default)]
pub(super) struct Numbers(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    places: Vec<Place>,
    /// Subvolumes by their number.
    subvolumes: BTreeMap<u64, usize>,
    /// Empty directories, by the number of the one around them.
    empty: BTreeMap<u64, usize>,
}

impl Table {
    fn add(&mut self, place: Place) -> Result<usize> {
        if self.places.len() >= MOST {
            return Err(DiskError::Unsupported(format!("the btrfs has more than {MOST} subvolumes")));
        }
        self.places.push(place);
        Ok(self.places.len() - 1)
    }
}

fn number(place: usize, objectid: u64) -> Result<u64> {
    if objectid >> BITS != 0 {
        return Err(DiskError::Unsupported(format!("the btrfs has the inode number {objectid}")));
    }
    Ok((place as u64) << BITS | objectid)
}

impl Numbers {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of an inode of a subvolume.
    ///
    /// # Errors
    /// When there are too many of either.
    pub(super) fn of(&self, root: &Root, objectid: u64) -> Result<u64> {
        let mut table = self.table();
        let place = match table.subvolumes.get(&root.tree.id) {
            Some(place) => *place,
            None => {
                let place = table.add(Place::Subvolume(*root))?;
                table.subvolumes.insert(root.tree.id, place);
                place
            }
        };
        number(place, objectid)
    }

    /// The number of an empty directory in the one of number `around`, whose owner and time it has.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn empty(&self, around: u64, inode: Inode) -> Result<u64> {
        let mut table = self.table();
        let place = match table.empty.get(&around) {
            Some(place) => *place,
            None => {
                // `new_simple_dir`.
                let place = table.add(Place::Empty(Inode { mode: 0o755, size: 0, rdev: 0, ..inode }))?;
                table.empty.insert(around, place);
                place
            }
        };
        number(place, EMPTY)
    }

    /// What a number leads to.
    ///
    /// # Errors
    /// When it was never given out.
    pub(super) fn target(&self, number: u64) -> Result<Target> {
        let (place, objectid) = (number >> BITS, number & ((1 << BITS) - 1));
        let table = self.table();
        let place = usize::try_from(place).ok().and_then(|place| table.places.get(place).copied());
        match place {
            Some(Place::Subvolume(root)) => Ok(Target::Inode(root, objectid)),
            Some(Place::Empty(inode)) => Ok(Target::Empty(inode)),
            None => Err(DiskError::Read(format!("inode {number} was never told of"))),
        }
    }
}
