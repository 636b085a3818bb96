//! What a filesystem needs of its reader (`incompat_flags`), by the kernel's names without `BTRFS_FEATURE_INCOMPAT_`,
//! and what is under way on it (`flags`).

use super::super::{DiskError, Result};

/// Metadata nodes carry `metadata_uuid`, not the fsid.
pub(super) const METADATA_UUID: u64 = 1 << 10;

/// Features by their bit, with whether they are read. Those that change neither names, inodes, file extents nor where
/// they lie are.
const INCOMPAT: [(u64, &str, bool); 17] = [
    (1 << 0, "MIXED_BACKREF", true),
    (1 << 1, "DEFAULT_SUBVOL", true),
    (1 << 2, "MIXED_GROUPS", true),
    (1 << 3, "COMPRESS_LZO", true),
    (1 << 4, "COMPRESS_ZSTD", true),
    (1 << 5, "BIG_METADATA", true),
    (1 << 6, "EXTENDED_IREF", true),
    // Which chunks are of these profiles is told by each: `chunks` refuses those.
    (1 << 7, "RAID56", true),
    (1 << 8, "SKINNY_METADATA", true),
    (1 << 9, "NO_HOLES", true),
    (METADATA_UUID, "METADATA_UUID", true),
    (1 << 11, "RAID1C34", true),
    (1 << 12, "ZONED", false),
    (1 << 13, "EXTENT_TREE_V2", false),
    (1 << 14, "RAID_STRIPE_TREE", false),
    (1 << 16, "SIMPLE_QUOTA", true),
    (1 << 17, "REMAP_TREE", false),
];

/// Flags of the superblock (`BTRFS_SUPER_FLAG_*`) with which the kernel mounts and everything is there: `WRITTEN` and
/// `RELOC` (those of tree headers), `ERROR`, and `SEEDING`, which makes it read-only.
const HARMLESS: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 32;

/// The others by their bit.
const FLAGS: [(u64, &str); 7] = [
    (1 << 33, "METADUMP"),
    (1 << 34, "METADUMP_V2"),
    (1 << 35, "CHANGING_FSID"),
    (1 << 36, "CHANGING_FSID_V2"),
    (1 << 38, "CHANGING_BG_TREE"),
    (1 << 39, "CHANGING_DATA_CSUM"),
    (1 << 40, "CHANGING_META_CSUM"),
];

/// Refuses what is not read.
///
/// # Errors
/// [`DiskError::Unsupported`], with the names of the features and flags.
pub(super) fn check(incompat: u64, flags: u64) -> Result<()> {
    let read = INCOMPAT.iter().filter(|(_, _, read)| *read).fold(0, |bits, (bit, ..)| bits | bit);
    refuse(incompat & !read, "feature", |bit| INCOMPAT.iter().find(|known| known.0 == bit).map(|known| known.1))?;
    refuse(flags & !HARMLESS, "superblock flag", |bit| FLAGS.iter().find(|known| known.0 == bit).map(|known| known.1))
}

fn refuse(bits: u64, what: &str, name: impl Fn(u64) -> Option<&'static str>) -> Result<()> {
    let named = |bit: u64| name(bit).map_or_else(|| format!("{bit:#x}"), str::to_owned);
    let names: Vec<String> = (0..64).map(|shift| 1 << shift).filter(|bit| bits & bit != 0).map(named).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(DiskError::Unsupported(format!("the btrfs has the {what} {}", names.join(", "))))
}
