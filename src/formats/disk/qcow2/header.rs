//! The header: version, features, sizes and the place of the first table. The names of fields are those of QEMU's
//! docs/interop/qcow2.rst.

use super::extension;
use crate::formats::disk::{Blocks, DiskError, Result, fields};

/// `QFI` and 0xfb.
pub(super) const MAGIC: [u8; 4] = *b"QFI\xfb";

/// Length of the header that is looked at, `compression_type` with its padding included.
const LENGTH: usize = 112;
const LENGTH_OF_VERSION_3: u32 = 104;

/// Incompatible features (block/qcow2.h, `QCOW2_INCOMPAT_`). The dirty bit tells of reference counts that are not up to
/// date, and the corrupt bit forbids to write: reading needs neither of them.
const DIRTY: u64 = 1;
const CORRUPT: u64 = 1 << 1;
const DATA_FILE: u64 = 1 << 2;
const COMPRESSION: u64 = 1 << 3;
const EXTENDED_L2: u64 = 1 << 4;

/// Most bytes of a table of the first level, and of the one of reference counts (`QCOW_MAX_L1_SIZE`,
/// `QCOW_MAX_REFTABLE_SIZE`).
const MOST_L1: u64 = 32 << 20;
const MOST_REFCOUNT_TABLE: u64 = 8 << 20;

/// Most snapshots (`QCOW_MAX_SNAPSHOTS`), and the least bytes that one takes in their table.
const MOST_SNAPSHOTS: u64 = 65_536;
const SNAPSHOT: u64 = 40;

/// Smallest size of a cluster, or of what one is divided into, as a power of two, and largest size of a cluster.
const LEAST_BITS: u32 = 9;
const MOST_BITS: u32 = 21;

/// QEMU counts in sectors of this many bytes, and leaves out what does not fill one.
const SECTOR: u64 = 512;

/// How compressed clusters are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// Deflate without a header.
    Deflate,
    /// Zstandard.
    Zstd,
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// 2 or 3.
    pub(super) version: u32,
    /// Size of the guest's disk in bytes.
    pub(super) size: u64,
    /// Size of a cluster, as a power of two.
    pub(super) cluster_bits: u32,
    /// Whether entries of the second level are 16 bytes, and tell of the 32 parts of a cluster.
    pub(super) extended: bool,
    /// How compressed clusters are packed.
    pub(super) compression: Compression,
    /// Where the table of the first level begins.
    pub(super) l1_offset: u64,
}

impl Header {
    /// Reads and checks it as QEMU does (block/qcow2.c, `qcow2_do_open`).
    ///
    /// # Errors
    /// [`DiskError::Unsupported`] for what isctpl does not read: an encrypted image, one with a backing file or an
    /// external data file, unknown features; [`DiskError::Damaged`] for what QEMU refuses; as reading.
    pub(super) fn read(file: &dyn Blocks) -> Result<Self> {
        let mut bytes = [0; LENGTH];
        super::padded::read_padded(file, 0, &mut bytes)?;
        if !bytes.starts_with(&MAGIC) {
            return Err(damaged("it does not begin with QFI\\xfb"));
        }
        let version = fields::be32(&bytes, 4);
        if !(2..=3).contains(&version) {
            return Err(DiskError::Unsupported(format!("a qcow image of version {version}")));
        }
        let cluster_bits = fields::be32(&bytes, 20);
        if !(LEAST_BITS..=MOST_BITS).contains(&cluster_bits) {
            return Err(damaged(format!("cluster_bits is {cluster_bits}")));
        }
        let cluster = 1_u64 << cluster_bits;
        let length = if version == 2 { 72 } else { fields::be32(&bytes, 100) };
        if version == 3 && !(u64::from(LENGTH_OF_VERSION_3)..=cluster).contains(&u64::from(length)) {
            return Err(damaged(format!("header_length is {length}")));
        }
        let features = if version == 2 { 0 } else { fields::be64(&bytes, 72) };
        let packing = if length > LENGTH_OF_VERSION_3 { fields::byte(&bytes, 104) } else { 0 };
        let backing = fields::be64(&bytes, 8);
        if backing > cluster {
            return Err(damaged(format!("backing_file_offset is {backing}")));
        }
        let extensions = (u64::from(length), if backing == 0 { cluster } else { backing });
        let unknown = features & !(DIRTY | CORRUPT | DATA_FILE | COMPRESSION | EXTENDED_L2);
        if unknown != 0 {
            let names = extension::feature_names(file, extensions, unknown);
            return Err(DiskError::Unsupported(format!("a qcow2 image with {names}")));
        }
        let compression = match (packing, features & COMPRESSION != 0) {
            (0, false) => Compression::Deflate,
            (1, true) => Compression::Zstd,
            (0 | 1, _) => return Err(damaged(format!("compression_type is {packing}, and its feature bit is not so"))),
            _ => return Err(DiskError::Unsupported(format!("a qcow2 image of the compression type {packing}"))),
        };
        let extended = features & EXTENDED_L2 != 0;
        if extended && cluster_bits - 5 < LEAST_BITS {
            return Err(damaged(format!("clusters of {cluster} bytes are too small for extended L2 entries")));
        }
        match fields::be32(&bytes, 32) {
            0 => {}
            1 => return Err(DiskError::Unsupported("a qcow2 image that is encrypted with AES".to_owned())),
            2 => return Err(DiskError::Unsupported("a qcow2 image that is encrypted with LUKS".to_owned())),
            other => return Err(DiskError::Unsupported(format!("a qcow2 image of the encryption method {other}"))),
        }
        if features & DATA_FILE != 0 {
            let name = extension::data_file(file, extensions).map_or(String::new(), |name| format!(" {name}"));
            return Err(DiskError::Unsupported(format!("a qcow2 image with the external data file{name}")));
        }
        if let Some(name) = backing_file(file, &bytes, cluster)? {
            return Err(DiskError::Unsupported(format!("a qcow2 image with the backing file {name}")));
        }
        let header = Self {
            version,
            size: fields::be64(&bytes, 24) / SECTOR * SECTOR,
            cluster_bits,
            extended,
            compression,
            l1_offset: fields::be64(&bytes, 40),
        };
        header.check_tables(&bytes, length, file.size())?;
        Ok(header)
    }

    /// How many entries a table of the second level has, as a power of two: one cluster of them.
    pub(super) fn l2_bits(&self) -> u32 {
        self.cluster_bits - if self.extended { 4 } else { 3 }
    }

    /// Holds the places and sizes of the tables against the file.
    fn check_tables(&self, bytes: &[u8], length: u32, file: u64) -> Result<()> {
        let cluster = 1_u64 << self.cluster_bits;
        let refcount_order = if length < LENGTH_OF_VERSION_3 { 4 } else { fields::be32(bytes, 96) };
        if refcount_order > 6 {
            return Err(damaged(format!("refcount_order is {refcount_order}")));
        }
        let refcount_clusters = u64::from(fields::be32(bytes, 56));
        if refcount_clusters == 0 {
            return Err(damaged("refcount_table_clusters is 0"));
        }
        let refcounts = refcount_clusters * cluster;
        self.check("the refcount table", fields::be64(bytes, 48), refcounts, MOST_REFCOUNT_TABLE)?;
        let snapshots = u64::from(fields::be32(bytes, 60)) * SNAPSHOT;
        self.check("the snapshot table", fields::be64(bytes, 64), snapshots, MOST_SNAPSHOTS * SNAPSHOT)?;

        let entries = u64::from(fields::be32(bytes, 36));
        let end = self.check("the L1 table", self.l1_offset, entries * 8, MOST_L1)?;
        let needed = fields::be64(bytes, 24).div_ceil(1 << (self.cluster_bits + self.l2_bits()));
        if entries < needed {
            let what = format!("it has {entries} entries, and size asks for {needed}");
            return Err(DiskError::damaged("the L1 table", what));
        }
        if entries > 0 && end > file {
            return Err(DiskError::damaged("the L1 table", "it lies behind the end of the file"));
        }
        Ok(())
    }

    /// Where a table ends that a field of the header places (`qcow2_validate_table`).
    fn check(&self, table: &str, offset: u64, length: u64, most: u64) -> Result<u64> {
        let end = offset.checked_add(length).filter(|end| i64::try_from(*end).is_ok());
        match end {
            _ if length > most => Err(DiskError::damaged(table, format!("it is {length} bytes, more than {most}"))),
            Some(end) if offset.is_multiple_of(1 << self.cluster_bits) => Ok(end),
            _ => Err(DiskError::damaged(table, format!("it begins at {offset}"))),
        }
    }
}

/// The name of the backing file, as it stands there; `None` when there is none.
fn backing_file(file: &dyn Blocks, header: &[u8], cluster: u64) -> Result<Option<String>> {
    let (offset, length) = (fields::be64(header, 8), fields::be32(header, 16));
    if offset == 0 {
        return Ok(None);
    }
    if u64::from(length) > cluster.saturating_sub(offset).min(1023) {
        return Err(damaged(format!("backing_file_size is {length}")));
    }
    let mut name = vec![0; usize::try_from(length).unwrap_or(0)];
    super::padded::read_padded(file, offset, &mut name)?;
    Ok(Some(extension::text(&name)).filter(|name| !name.is_empty()))
}

fn damaged(what: impl Into<String>) -> DiskError {
    DiskError::damaged("the qcow2 header", what)
}
