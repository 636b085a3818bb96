//! What a filesystem says of its own format.

use crate::formats::disk::{DiskError, Result};

/// It has a journal.
pub(super) const HAS_JOURNAL: u32 = 0x4;
/// Directories may have an index.
pub(super) const DIR_INDEX: u32 = 0x20;
/// Backups of the superblock lie in two groups, which the superblock names.
pub(super) const SPARSE_SUPER2: u32 = 0x200;

/// Entries of directories tell the kind of their inode.
pub(super) const FILETYPE: u32 = 0x2;
/// The journal must be replayed.
pub(super) const RECOVER: u32 = 0x4;
/// Group descriptors lie in the groups that they tell of.
pub(super) const META_BG: u32 = 0x10;
/// Blocks have numbers of 64 bits.
pub(super) const SIXTY_FOUR_BIT: u32 = 0x80;
/// Values of extended attributes may have inodes of their own.
pub(super) const EA_INODE: u32 = 0x400;
/// What checksums start from stands in the superblock.
pub(super) const CSUM_SEED: u32 = 0x2000;
/// Directories may be larger than 2 GiB, and their index three levels high.
pub(super) const LARGEDIR: u32 = 0x4000;

/// Backups of the superblock lie in groups 0 and 1 and the powers of 3, 5 and 7.
pub(super) const SPARSE_SUPER: u32 = 0x1;
/// A file's number of sectors has 48 bits.
pub(super) const HUGE_FILE: u32 = 0x8;
/// Group descriptors have a CRC-16.
pub(super) const GDT_CSUM: u32 = 0x10;
/// Clusters of blocks are given to files.
pub(super) const BIGALLOC: u32 = 0x200;
/// All metadata has a CRC-32C.
pub(super) const METADATA_CSUM: u32 = 0x400;

/// The incompatible features that change nothing here, or that are read: filetype, needs_recovery, meta_bg, extent,
/// 64bit, mmp, flex_bg, ea_inode, metadata_csum_seed, large_dir, inline_data, encrypt (the inodes say which are) and
/// casefold (the directories say which are).
const READ: u32 = FILETYPE
    | RECOVER
    | META_BG
    | 0x40
    | SIXTY_FOUR_BIT
    | 0x100
    | 0x200
    | EA_INODE
    | CSUM_SEED
    | LARGEDIR
    | 0x8000
    | 0x1_0000
    | 0x2_0000;

/// The names that `e2fsprogs` has for the others.
const NAMES: [(u32, &str); 3] = [(0x1, "compression"), (0x8, "journal_dev"), (0x1000, "dirdata")];

/// The three sets of features of the superblock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Features {
    /// What whoever does not know it may leave alone.
    pub(super) compat: u32,
    /// What whoever does not know it must not even read.
    pub(super) incompat: u32,
    /// What whoever does not know it may read.
    pub(super) ro_compat: u32,
}

impl Features {
    /// Whether there is none that is needed and not known.
    ///
    /// # Errors
    /// `Unsupported`, with the name of the first one; those without a name are `FEATURE_I` and their bit, as
    /// dumpe2fs(8) has it.
    pub(super) fn must_be_known(self) -> Result<()> {
        let unknown = self.incompat & !READ;
        if unknown == 0 {
            return Ok(());
        }
        let lowest = 1 << unknown.trailing_zeros();
        let name = NAMES.iter().find(|(bit, _)| *bit == lowest).map(|(_, name)| (*name).to_owned());
        let name = name.unwrap_or_else(|| format!("FEATURE_I{}", unknown.trailing_zeros()));
        Err(DiskError::Unsupported(format!("an ext4 with the feature {name}")))
    }

    pub(super) fn compat(self, feature: u32) -> bool {
        self.compat & feature != 0
    }

    pub(super) fn incompat(self, feature: u32) -> bool {
        self.incompat & feature != 0
    }

    pub(super) fn ro_compat(self, feature: u32) -> bool {
        self.ro_compat & feature != 0
    }
}
