//! Group descriptors: where each group keeps its inodes (`struct ext4_group_desc`).

use super::bytes::{le16, le32, le64_of, part};
use super::checksum::crc16;
use super::features;
use super::superblock::Superblock;
use crate::formats::disk::checksum::crc32c;
use crate::formats::disk::{Disk, DiskError, Result};

/// Where its checksum lies in a descriptor.
const CHECKSUM: usize = 0x1E;

/// The first block of a group's table of inodes.
///
/// # Errors
/// When there is no such group, or its descriptor is damaged.
pub(super) fn inode_table(disk: &Disk, superblock: &Superblock, group: u32) -> Result<u64> {
    let name = || format!("the descriptor of group {group}");
    if group >= superblock.group_count {
        return Err(DiskError::damaged(name(), format!("there are {} groups", superblock.group_count)));
    }
    let size = u32::from(superblock.descriptor_size);
    let in_block = superblock.block_size / size;
    let block = descriptor_block(superblock, group / in_block, in_block);
    let place = superblock.place(block, name)? + u64::from(group % in_block * size);
    let raw = disk.metadata(place, superblock.descriptor_size.into())?;
    if !checksum_holds(&raw, superblock, group)? {
        return Err(DiskError::damaged(name(), "its checksum is wrong"));
    }
    if size >= 64 { le64_of(&raw, 0x08, 0x28) } else { le32(&raw, 0x08).map(u64::from) }
}

/// Which block of the filesystem is the `number`-th one with descriptors.
fn descriptor_block(superblock: &Superblock, number: u32, in_block: u32) -> u64 {
    // Blocks of 1 KiB leave the first one to the boot loader, also where group 0 begins with it (bigalloc).
    let own_block = u64::from(superblock.block_size == 1024);
    if !superblock.features.incompat(features::META_BG) || number < superblock.first_meta_block {
        return own_block + 1 + u64::from(number);
    }
    let group = u64::from(number) * u64::from(in_block);
    let start = group * u64::from(superblock.blocks_per_group) + u64::from(superblock.first_data_block);
    let first_is_shifted = number == 0 && superblock.first_data_block == 0;
    start + u64::from(has_superblock(superblock, group)) + if first_is_shifted { own_block } else { 0 }
}

/// Whether a group begins with a superblock, or a backup of it.
fn has_superblock(superblock: &Superblock, group: u64) -> bool {
    if group == 0 {
        return true;
    }
    if superblock.features.compat(features::SPARSE_SUPER2) {
        return superblock.backup_groups.iter().any(|backup| u64::from(*backup) == group);
    }
    if group == 1 || !superblock.features.ro_compat(features::SPARSE_SUPER) {
        return true;
    }
    let is_power_of = |base: u64| {
        std::iter::successors(Some(base), |power| power.checked_mul(base))
            .take_while(|power| *power <= group)
            .any(|power| power == group)
    };
    [3, 5, 7].into_iter().any(is_power_of)
}

fn checksum_holds(raw: &[u8], superblock: &Superblock, group: u32) -> Result<bool> {
    let stored = le16(raw, CHECKSUM)?;
    let before = part(raw, 0, CHECKSUM)?;
    let after = raw.get(CHECKSUM + 2..).unwrap_or_default();
    if let Some(seed) = superblock.checksum_seed {
        let number = group.to_le_bytes();
        let parts = [number.as_slice(), before, &[0, 0], after];
        return Ok(parts.into_iter().fold(seed, crc32c) as u16 == stored);
    }
    if superblock.features.ro_compat(features::GDT_CSUM) {
        let number = group.to_le_bytes();
        let parts = [superblock.uuid.as_slice(), &number, before, after];
        return Ok(parts.into_iter().fold(!0, crc16) == stored);
    }
    Ok(true)
}
