//! The boot sector with the BIOS parameter block: where everything lies. The names of fields are those of Microsoft's
//! "FAT: General Overview of On-Disk Format" (1.03, 2000).

use crate::formats::disk::{DiskError, Result, fields};

/// How much of the device [`Layout::parse`] wants to see.
pub(super) const LENGTH: usize = 512;

/// Bytes of a directory entry.
pub(super) const SLOT: u64 = 32;

/// Number of the first cluster: entries 0 and 1 of the file allocation table belong to none.
pub(super) const FIRST_CLUSTER: u32 = 2;

/// How wide an entry of the file allocation table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// 12 bits.
    Fat12,
    /// 16 bits.
    Fat16,
    /// 32 bits, of which the upper four are reserved.
    Fat32,
}

impl Width {
    /// Bits of an entry in the table.
    pub(super) fn bits(self) -> u64 {
        match self {
            Self::Fat12 => 12,
            Self::Fat16 => 16,
            Self::Fat32 => 32,
        }
    }

    /// The lowest value that ends a chain. The mark of a bad cluster is one of them for the kernel
    /// (fs/fat/fatent.c, `BAD_FAT12` and the like).
    pub(super) fn end(self) -> u32 {
        match self {
            Self::Fat12 => 0xff7,
            Self::Fat16 => 0xfff7,
            Self::Fat32 => 0x0fff_fff7,
        }
    }

    /// The most clusters that can be numbered (include/uapi/linux/msdos_fs.h, `MAX_FAT12` and the like).
    fn most_clusters(self) -> u64 {
        match self {
            Self::Fat12 => 0xff4,
            Self::Fat16 => 0xfff4,
            Self::Fat32 => 0x0fff_fff6,
        }
    }
}

/// Where the top directory lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Top {
    /// In a place of its own behind the file allocation tables (FAT12 and FAT16).
    Area {
        /// Where it begins, in bytes.
        start: u64,
        /// Bytes.
        length: u64,
    },
    /// In clusters, as every other directory (FAT32): the first one of them.
    Cluster(u32),
}

/// Where everything lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Width of the entries of the file allocation table.
    pub(super) width: Width,
    /// Bytes of a cluster, a power of two.
    pub(super) cluster: u64,
    /// Where the first file allocation table begins, in bytes: the one that the kernel reads.
    pub(super) table: u64,
    /// Where cluster 2 begins, in bytes.
    pub(super) data: u64,
    /// Number behind the last cluster's.
    pub(super) end: u32,
    /// The top directory.
    pub(super) top: Top,
}

impl Layout {
    /// Reads the first [`LENGTH`] bytes of a device, with the checks of fs/fat/inode.c (`fat_read_bpb`,
    /// `fat_fill_super`).
    ///
    /// # Errors
    /// [`DiskError::Unsupported`] for exFAT, [`DiskError::Damaged`] for what the kernel would not mount.
    pub(super) fn parse(sector: &[u8]) -> Result<Self> {
        if fields::bytes(sector, 3) == *b"EXFAT   " {
            return Err(DiskError::Unsupported("an exFAT filesystem".to_owned()));
        }
        let bytes_per_sector = u64::from(fields::le16(sector, 11));
        let sectors_per_cluster = u64::from(fields::byte(sector, 13));
        let reserved = u64::from(fields::le16(sector, 14));
        let tables = u64::from(fields::byte(sector, 16));
        let top_entries = u64::from(fields::le16(sector, 17));
        let media = fields::byte(sector, 21);
        hold(reserved != 0, || "BPB_RsvdSecCnt is 0".to_owned())?;
        hold(tables != 0, || "BPB_NumFATs is 0".to_owned())?;
        hold(media >= 0xf8 || media == 0xf0, || format!("BPB_Media is {media:#04x}"))?;
        hold(bytes_per_sector.is_power_of_two() && (512..=4096).contains(&bytes_per_sector), || {
            format!("BPB_BytsPerSec is {bytes_per_sector}")
        })?;
        hold(sectors_per_cluster.is_power_of_two(), || format!("BPB_SecPerClus is {sectors_per_cluster}"))?;
        let short_table = u64::from(fields::le16(sector, 22));
        let table_sectors = if short_table == 0 { u64::from(fields::le32(sector, 36)) } else { short_table };
        hold(table_sectors != 0, || "BPB_FATSz16 and BPB_FATSz32 are 0".to_owned())?;
        hold((top_entries * SLOT).is_multiple_of(bytes_per_sector), || {
            format!("BPB_RootEntCnt is {top_entries}, which is not a whole number of sectors")
        })?;

        let top_start = reserved + tables * table_sectors;
        let data_start = top_start + top_entries * SLOT / bytes_per_sector;
        let short_total = u64::from(fields::le16(sector, 19));
        let total = if short_total == 0 { u64::from(fields::le32(sector, 32)) } else { short_total };
        let clusters = total.checked_sub(data_start).map(|sectors| sectors / sectors_per_cluster);
        let clusters =
            clusters.ok_or_else(|| damaged(format!("it tells of {total} sectors, and data begins at {data_start}")))?;

        // The count of clusters alone tells FAT12 from FAT16. FAT32 has its own layout, which a length of the table in
        // its own field tells: many a small one, such as an ESP, has fewer clusters than Microsoft asks for.
        let width = match short_table {
            0 => Width::Fat32,
            _ if clusters > Width::Fat12.most_clusters() => Width::Fat16,
            _ => Width::Fat12,
        };
        let in_table = (table_sectors * bytes_per_sector * 8 / width.bits()).saturating_sub(u64::from(FIRST_CLUSTER));
        let clusters = clusters.min(in_table);
        hold(clusters <= width.most_clusters(), || format!("it tells of {clusters} clusters, too many"))?;
        let end = u32::try_from(clusters).unwrap_or(u32::MAX).saturating_add(FIRST_CLUSTER);
        let top = match width {
            Width::Fat32 => Top::Cluster(fields::le32(sector, 44)),
            _ => Top::Area { start: top_start * bytes_per_sector, length: top_entries * SLOT },
        };
        Ok(Self {
            width,
            cluster: bytes_per_sector * sectors_per_cluster,
            table: reserved * bytes_per_sector,
            data: data_start * bytes_per_sector,
            end,
            top,
        })
    }

    /// Where a cluster begins, in bytes; `None` when there is none of that number.
    pub(super) fn place(&self, cluster: u32) -> Option<u64> {
        let index = cluster.checked_sub(FIRST_CLUSTER).filter(|_| cluster < self.end)?;
        Some(self.data + u64::from(index) * self.cluster)
    }

    /// Whether a directory entry may begin at this byte of the device.
    pub(super) fn may_be_slot(&self, place: u64) -> bool {
        let clusters = u64::from(self.end.saturating_sub(FIRST_CLUSTER));
        let in_data = place >= self.data && place - self.data < clusters * self.cluster;
        let in_top = match self.top {
            Top::Area { start, length } => place >= start && place - start < length,
            Top::Cluster(_) => false,
        };
        place.is_multiple_of(SLOT) && (in_data || in_top)
    }
}

fn damaged(what: String) -> DiskError {
    DiskError::damaged("the boot sector", what)
}

fn hold(holds: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(damaged(otherwise())) }
}
