//! What an entry of the second level says of a cluster.

use super::header::Header;

const COMPRESSED: u64 = 1 << 62;
const ZERO: u64 = 1;

/// Where a table or cluster lies, in an entry of either level.
pub(super) const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;

/// The parts of a cluster of which an extended entry tells.
const PARTS: u32 = 32;

/// Compressed data is counted in sectors of this many bytes.
const SECTOR: u64 = 512;

/// Where a part of a cluster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: zeros.
    Zeros,
    /// In the file as it is, from this byte on.
    Data(u64),
    /// In the file, packed: the whole cluster.
    Packed {
        /// Where it begins.
        offset: u64,
        /// How many bytes it takes at most.
        length: u64,
    },
}

/// What is where from a byte of a cluster on, and for how many bytes the same holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it is.
    pub(super) place: Place,
    /// Bytes, within the cluster.
    pub(super) length: u64,
}

/// Reads an entry, and its bitmap where entries are extended, for what lies `skipped` bytes behind the cluster's
/// beginning (block/qcow2.h, `qcow2_get_subcluster_type`).
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(header: &Header, entry: u64, bitmap: u64, skipped: u64) -> Result<Part, String> {
    let cluster = 1_u64 << header.cluster_bits;
    let left = cluster.saturating_sub(skipped);
    if entry & COMPRESSED != 0 {
        return Ok(Part { place: packed(header.cluster_bits, entry), length: left });
    }
    let offset = entry & OFFSET;
    if offset & (cluster - 1) != 0 {
        return Err(format!("it places a cluster at byte {offset}"));
    }
    let data = Place::Data(offset.saturating_add(skipped));
    if header.extended {
        let (allocated, zeros) = (bitmap & 0xffff_ffff, bitmap >> 32);
        if allocated & if offset == 0 { allocated } else { zeros } != 0 {
            return Err(format!("its bitmap {bitmap:#018x} contradicts itself"));
        }
        // What is neither allocated nor zeros is the backing file's, and there is none.
        let part = cluster / u64::from(PARTS);
        let index = u32::try_from(skipped / part).unwrap_or(0);
        let here = (allocated >> index) & 1;
        let same = if here == 1 { (allocated >> index).trailing_ones() } else { (allocated >> index).trailing_zeros() };
        let parts = same.min(PARTS.saturating_sub(index));
        let length = u64::from(parts) * part - skipped % part;
        return Ok(Part { place: if here == 1 { data } else { Place::Zeros }, length });
    }
    let zeros = entry & ZERO != 0;
    if zeros && header.version < 3 {
        return Err("it tells of zeros, which version 2 does not know".to_owned());
    }
    Ok(Part { place: if zeros || offset == 0 { Place::Zeros } else { data }, length: left })
}

/// Where a compressed cluster lies (`qcow2_parse_compressed_l2_entry`): the number of sectors that it touches behind
/// the one in which it begins stands above its offset.
fn packed(cluster_bits: u32, entry: u64) -> Place {
    let shift = 62 - (cluster_bits - 8);
    let offset = entry & ((1 << shift) - 1);
    let sectors = ((entry >> shift) & ((1 << (cluster_bits - 8)) - 1)) + 1;
    Place::Packed { offset, length: sectors * SECTOR - offset % SECTOR }
}
