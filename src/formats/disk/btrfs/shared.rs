//! What all views of one btrfs share.

use super::super::{DiskError, Result};
use super::inode_item::InodeItem;
use super::key::{EXTENT_CSUM, EXTENT_CSUM_OBJECT, INODE_ITEM, Key};
use super::numbers::Numbers;
use super::store::Store;
use super::tree::Tree;

/// The most that is read at once of what a file holds, in bytes.
const READ_AT_ONCE: usize = 1 << 20;

/// The device, and its trees that are not subvolumes.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) roots: Tree,
    /// The checksums of what files hold.
    pub(super) sums: Option<Tree>,
    pub(super) numbers: Numbers,
}

impl Shared {
    /// An inode of a subvolume.
    ///
    /// # Errors
    /// When there is none of this number, or it is damaged or cannot be read.
    pub(super) fn inode(&self, tree: &Tree, objectid: u64) -> Result<InodeItem> {
        let damaged = |what: String| DiskError::damaged(format!("inode {objectid} of tree {}", tree.id), what);
        let parse = |item: &[u8]| InodeItem::parse(item).map_err(damaged);
        let found = tree.find(&self.store, Key::new(objectid, INODE_ITEM, 0), parse)?;
        found.ok_or_else(|| damaged("there is none".to_owned()))
    }

    /// Reads what a file holds from a logical address on. Where it has checksums, each sector is the first of its
    /// copies that has the right one.
    ///
    /// # Errors
    /// When no copy has, or none can be read.
    pub(super) fn data(&self, logical: u64, buffer: &mut [u8], summed: bool) -> Result<()> {
        if !summed {
            return self.store.first_copy(logical, |copy| self.store.data(logical, copy, buffer));
        }
        let sector = self.store.superblock.sector as usize;
        let (mut at, mut rest) = (logical, buffer);
        while !rest.is_empty() {
            let skipped = usize::try_from(at % sector as u64).unwrap_or_default();
            let whole = rest.len().min(READ_AT_ONCE) / sector * sector;
            let length = if skipped == 0 && whole > 0 { whole } else { rest.len().min(sector - skipped) };
            let (part, behind) = rest.split_at_mut(length);
            if length == whole {
                self.sectors(at, part)?;
            } else {
                let mut bytes = vec![0; sector];
                self.sectors(at - skipped as u64, &mut bytes)?;
                part.iter_mut().zip(bytes.iter().skip(skipped)).for_each(|(to, from)| *to = *from);
            }
            at = at.saturating_add(length as u64);
            rest = behind;
        }
        Ok(())
    }

    /// Reads whole sectors with their checksums.
    fn sectors(&self, logical: u64, buffer: &mut [u8]) -> Result<()> {
        let Store { superblock, .. } = &self.store;
        let (sector, checksum) = (superblock.sector as usize, superblock.checksum);
        let sums = self.stored_sums(logical, buffer.len() / sector)?;
        self.store.first_copy(logical, |copy| self.store.data(logical, copy, buffer))?;
        for (index, (bytes, sum)) in buffer.chunks_mut(sector).zip(sums.chunks(checksum.size())).enumerate() {
            if checksum.matches(bytes, sum) {
                continue;
            }
            let at = logical.saturating_add((index * sector) as u64);
            self.store.first_copy(at, |copy| {
                self.store.data(at, copy, bytes)?;
                let wrong =
                    || DiskError::damaged(format!("what a file holds at address {at}"), "its checksum is wrong");
                if checksum.matches(bytes, sum) { Ok(()) } else { Err(wrong()) }
            })?;
        }
        Ok(())
    }

    /// The checksums of so many sectors, one behind the other.
    fn stored_sums(&self, logical: u64, sectors: usize) -> Result<Vec<u8>> {
        let missing = |at: u64| DiskError::damaged(format!("what a file holds at address {at}"), "it has no checksum");
        let (size, sector) = (self.store.superblock.checksum.size(), u64::from(self.store.superblock.sector));
        let tree = self.sums.ok_or_else(|| missing(logical))?;
        let wanted = sectors.saturating_mul(size);
        let mut sums = Vec::with_capacity(wanted);
        let mut cursor = tree.floor(&self.store, Key::new(EXTENT_CSUM_OBJECT, EXTENT_CSUM, logical))?;
        while sums.len() < wanted {
            let at = logical.saturating_add((sums.len() / size) as u64 * sector);
            let item = cursor.item().filter(|(key, _)| key.is(EXTENT_CSUM_OBJECT, EXTENT_CSUM));
            let (key, data) = item.ok_or_else(|| missing(at))?;
            let skipped = at.checked_sub(key.offset).ok_or_else(|| missing(at))? / sector;
            let skipped = usize::try_from(skipped).ok().and_then(|sectors| sectors.checked_mul(size));
            let rest = skipped.and_then(|skipped| data.get(skipped..)).filter(|rest| rest.len() >= size);
            let rest = rest.ok_or_else(|| missing(at))?;
            let taken = (rest.len() / size * size).min(wanted - sums.len());
            sums.extend(rest.iter().take(taken));
            cursor.advance()?;
        }
        Ok(sums)
    }
}
