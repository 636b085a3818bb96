//! Which features a filesystem uses, from its superblock (`XFS_SB_VERSION_*`, `XFS_SB_VERSION2_*` and
//! `XFS_SB_FEAT_INCOMPAT_*` in `fs/xfs/libxfs/xfs_format.h`).

use super::view::View;
use crate::formats::disk::{DiskError, Result};

/// Bits of `sb_versionnum` above the version itself that are understood: ATTR, NLINK, QUOTA, ALIGN, DALIGN, LOGV2,
/// SECTOR, EXTFLG, DIRV2 and MOREBITS.
const KNOWN: u16 = 0x10 | 0x20 | 0x40 | 0x80 | 0x100 | 0x400 | 0x800 | EXTENT_FLAG | DIRECTORY_2 | MORE_BITS;
const EXTENT_FLAG: u16 = 0x1000;
const DIRECTORY_2: u16 = 0x2000;
const MORE_BITS: u16 = 0x8000;
const VERSION: u16 = 0xF;
/// Further bits of `sb_versionnum`, which are refused.
const NAMED: [(u16, &str); 2] = [(0x200, "SHARED"), (0x4000, "BORG (case-insensitive names, ascii-ci)")];

/// Bits of `sb_features2` that are understood in version 4: LAZYSBCOUNT, ATTR2, PROJID32, FTYPE, and two that mean
/// nothing any more.
const KNOWN_2: u32 = 0x1 | 0x2 | 0x4 | 0x8 | 0x80 | FTYPE_2;
const FTYPE_2: u32 = 0x200;

/// Bits of `sb_features_incompat`, in their order, with the names that the kernel and mkfs.xfs give them.
const INCOMPAT: [&str; 11] = [
    "FTYPE",
    "SPINODES",
    "META_UUID",
    "BIGTIME",
    "NEEDSREPAIR",
    "NREXT64",
    "EXCHRANGE",
    "PARENT",
    "METADIR",
    "ZONED",
    "ZONE_GAPS",
];
/// Those of them that are read: FTYPE to BIGTIME and NREXT64 to METADIR. METADIR moves quota and realtime inodes into
/// a directory of their own, EXCHRANGE is about the log alone, and PARENT about extended attributes.
const KNOWN_INCOMPAT: u32 = 0b001_1110_1111;
const FTYPE: u32 = 1;
const META_UUID: u32 = 1 << 2;
const NEEDS_REPAIR: u32 = 1 << 4;

/// How a filesystem is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Features {
    /// Version 5: metadata carries checksums and tells where it belongs. Version 4 otherwise.
    pub(super) version5: bool,
    /// An entry of a directory tells what it is.
    pub(super) ftype: bool,
    /// Metadata carries another UUID than the user sees.
    pub(super) metadata_uuid: bool,
    /// `sb_versionnum`.
    bits: u16,
    /// `sb_features2`, of version 4.
    more: u32,
    /// `sb_features_incompat`, of version 5: without these nothing can be read.
    incompat: u32,
}

impl Features {
    /// The features that a superblock tells of.
    ///
    /// # Errors
    /// When it is of a version that is not read.
    pub(super) fn read(superblock: View<'_>) -> Result<Self> {
        let bits = superblock.u16(100)?;
        match bits & VERSION {
            5 => {
                let incompat = superblock.u32(216)?;
                let (ftype, metadata_uuid) = (incompat & FTYPE != 0, incompat & META_UUID != 0);
                Ok(Self { version5: true, ftype, metadata_uuid, bits, more: 0, incompat })
            }
            4 => {
                // A compiler's padding once had 64-bit kernels write it four bytes further on (`sb_bad_features2`).
                let more = if bits & MORE_BITS != 0 { superblock.u32(200)? | superblock.u32(204)? } else { 0 };
                let ftype = more & FTYPE_2 != 0;
                Ok(Self { version5: false, ftype, metadata_uuid: false, bits, more, incompat: 0 })
            }
            version => Err(DiskError::Unsupported(format!("an XFS of version {version}"))),
        }
    }

    /// Refuses what is not understood. To be asked when the superblock's checksum is known to fit, so that a flipped
    /// bit is no feature.
    ///
    /// # Errors
    /// When the filesystem has a feature that is not read, by its name.
    pub(super) fn refuse_unsupported(self) -> Result<()> {
        let refused = |what: &str| Err(DiskError::Unsupported(format!("an XFS {what}")));
        if self.incompat & NEEDS_REPAIR != 0 {
            return refused("that is marked as in need of repair (NEEDSREPAIR; the kernel does not mount it either)");
        }
        if let Some((_, name)) = NAMED.iter().find(|(bit, _)| self.bits & bit != 0) {
            return refused(&format!("with the feature {name}"));
        }
        if self.bits & DIRECTORY_2 == 0 || self.bits & EXTENT_FLAG == 0 {
            return refused("without DIRV2 or EXTFLG, as before 2002");
        }
        let unknown = self.bits & !(KNOWN | VERSION);
        if unknown != 0 || self.more & !KNOWN_2 != 0 {
            return refused(&format!("with the bits {unknown:#x} of sb_versionnum, {:#x} of sb_features2", self.more));
        }
        let unknown = self.incompat & !KNOWN_INCOMPAT;
        let names = (0..u32::BITS).filter(|bit| unknown & (1 << bit) != 0).map(|bit| {
            let name = usize::try_from(bit).ok().and_then(|bit| INCOMPAT.get(bit));
            name.map_or_else(|| format!("bit {bit}"), |name| (*name).to_owned())
        });
        let names: Vec<_> = names.collect();
        if names.is_empty() { Ok(()) } else { refused(&format!("with the incompatible feature {}", names.join(", "))) }
    }
}
