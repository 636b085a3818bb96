//! What belongs to the device that was asked for.

use super::mounts::Table;
use super::place::{Place, place};
use crate::formats::text::names;
use std::collections::BTreeSet;

/// Numbers of devices and ids of mounts that belong to the device that was asked for.
#[derive(Debug, Default)]
pub(super) struct Ours {
    /// Devices, and the numbers that filesystems on them have.
    pub(super) numbers: BTreeSet<(u32, u32)>,
    pub(super) mounts: BTreeSet<u64>,
}

impl Ours {
    pub(super) fn holds(&self, place: &Place) -> bool {
        place.mount.is_some_and(|id| self.mounts.contains(&id)) || self.numbers.contains(&place.device)
    }

    pub(super) fn is_device(&self, place: &Place) -> bool {
        place.block.is_some_and(|number| self.numbers.contains(&number))
    }

    /// Whether a path of this process's namespace is one of the devices, or a file on one of the mounts. What a
    /// server has to be asked for is judged by its text.
    pub(super) fn lies(&self, table: &Table, path: &str) -> bool {
        match table.touchable(path).then(|| place(&names::path(path))) {
            Some(Ok(place)) => self.is_device(&place) || (place.block.is_none() && self.holds(&place)),
            _ => table.covering(path).is_some_and(|mount| self.mounts.contains(&mount.id)),
        }
    }
}
