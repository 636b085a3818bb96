//! qcow2 images, versions 2 and 3: the guest's disk, as QEMU shows it. docs/interop/qcow2.rst and block/qcow2*.c of
//! QEMU.
//!
//! What no cluster is allocated for is zeros. An image with a backing file is refused: the name in it is whoever's
//! wrote it, and isctpl opens no file of its choice. What a cluster has behind the end of the file is zeros, as in QEMU;
//! a table behind it is damage, of which QEMU makes zeros as well.

mod entry;
mod extension;
pub(crate) mod foreign;
mod header;
mod padded;
mod unpack;

#[cfg(test)]
mod tests;

use super::recent::Recent;
use super::{Blocks, DiskError, Result, fields};
use entry::{Part, Place};
use header::Header;
use padded::read_padded;
use std::sync::Arc;

/// Tables are read and kept in slices of this many bytes, or of a cluster where that is smaller.
const SLICE: u64 = 4096;

/// How many slices are kept, and how many bytes of them.
const SLICES: (usize, usize) = (256, 1 << 20);

/// How many unpacked clusters are kept, and how many bytes of them: two of the largest.
const CLUSTERS: (usize, usize) = (64, 4 << 20);

/// Whether a file begins as a qcow2 image does; of later versions than are read as well.
pub(crate) fn is_qcow2(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(&header::MAGIC) && fields::be32(first_bytes, 4) >= 2
}

/// Opens an image.
///
/// # Errors
/// [`DiskError::Unsupported`] for encryption, a backing file, an external data file, and features or versions that are
/// not known; [`DiskError::Damaged`] when QEMU would not open it; as reading.
pub(crate) fn open(file: Arc<dyn Blocks>) -> Result<Qcow2> {
    let header = Header::read(&*file)?;
    Ok(Qcow2 { file, header, slices: Recent::new(SLICES.0, SLICES.1), clusters: Recent::new(CLUSTERS.0, CLUSTERS.1) })
}

/// A qcow2 image: the guest's disk.
#[derive(Debug)]
pub(crate) struct Qcow2 {
    file: Arc<dyn Blocks>,
    header: Header,
    /// Slices of tables, by their place in the file.
    slices: Recent<Vec<u8>>,
    /// Unpacked clusters, by their place in the file.
    clusters: Recent<Vec<u8>>,
}

impl Qcow2 {
    fn cluster(&self) -> u64 {
        1 << self.header.cluster_bits
    }

    /// `N` bytes of a table that begins at `table`, from `offset` on; none of them lie in two slices.
    fn table<const N: usize>(&self, name: &str, table: u64, offset: u64) -> Result<[u8; N]> {
        let slice = SLICE.min(self.cluster());
        let skipped = offset % slice;
        let start = table.saturating_add(offset - skipped);
        let damaged = || DiskError::damaged(format!("{name} at byte {table}"), "it lies behind the end of the file");
        let end = start.checked_add(skipped + N as u64).filter(|end| *end <= self.file.size());
        end.ok_or_else(damaged)?;
        let slice = self.slices.get(start, || {
            let mut bytes = vec![0; usize::try_from(slice).unwrap_or(0)];
            read_padded(&*self.file, start, &mut bytes)?;
            Ok((bytes, usize::try_from(slice).unwrap_or(0)))
        })?;
        Ok(fields::bytes(&slice, usize::try_from(skipped).unwrap_or(usize::MAX)))
    }

    /// Where the byte at `offset` of the guest's disk is, and for how many bytes the same holds.
    fn part(&self, offset: u64) -> Result<Part> {
        let (bits, l2_bits) = (self.header.cluster_bits, self.header.l2_bits());
        let l1_index = offset >> (bits + l2_bits);
        let l1_entry = u64::from_be_bytes(self.table("the L1 table", self.header.l1_offset, l1_index * 8)?);
        let l2_table = l1_entry & entry::OFFSET;
        if l2_table == 0 {
            let range = 1_u64 << (bits + l2_bits);
            return Ok(Part { place: Place::Zeros, length: range - offset % range });
        }
        let cluster = self.cluster();
        if !l2_table.is_multiple_of(cluster) {
            let what = format!("its entry {l1_index} places an L2 table at byte {l2_table}");
            return Err(DiskError::damaged("the L1 table", what));
        }
        let l2_index = (offset >> bits) & ((1 << l2_bits) - 1);
        let (l2_entry, bitmap) = if self.header.extended {
            let bytes: [u8; 16] = self.table("the L2 table", l2_table, l2_index * 16)?;
            (fields::be64(&bytes, 0), fields::be64(&bytes, 8))
        } else {
            (u64::from_be_bytes(self.table("the L2 table", l2_table, l2_index * 8)?), 0)
        };
        entry::read(&self.header, l2_entry, bitmap, offset % cluster)
            .map_err(|what| DiskError::damaged(format!("entry {l2_index} of the L2 table at byte {l2_table}"), what))
    }

    /// As [`Self::part`], for up to `most` bytes, over as many clusters as lie one behind another.
    fn run(&self, offset: u64, most: u64) -> Result<Part> {
        let mut run = self.part(offset)?;
        while run.length < most {
            let next = self.part(offset + run.length)?;
            let goes_on = match (run.place, next.place) {
                (Place::Zeros, Place::Zeros) => true,
                (Place::Data(start), Place::Data(next)) => start.checked_add(run.length) == Some(next),
                _ => false,
            };
            if !goes_on {
                break;
            }
            run.length += next.length;
        }
        run.length = run.length.min(most);
        Ok(run)
    }

    /// Unpacks a compressed cluster.
    fn unpacked(&self, offset: u64, length: u64) -> Result<Arc<Vec<u8>>> {
        self.clusters.get(offset, || {
            let damaged = |what: String| DiskError::damaged(format!("the compressed cluster at byte {offset}"), what);
            if offset >= self.file.size() {
                return Err(damaged("it lies behind the end of the file".to_owned()));
            }
            let mut packed = vec![0; usize::try_from(length).unwrap_or(0)];
            read_padded(&*self.file, offset, &mut packed)?;
            let cluster = usize::try_from(self.cluster()).unwrap_or(0);
            let bytes = unpack::unpack(self.header.compression, &packed, cluster).map_err(damaged)?;
            Ok((bytes, cluster))
        })
    }
}

impl Blocks for Qcow2 {
    fn size(&self) -> u64 {
        self.header.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= self.size());
        end.ok_or_else(|| DiskError::Read(format!("byte {offset} lies behind the end of the qcow2 image's disk")))?;
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let run = self.run(at, rest.len() as u64)?;
            let length = usize::try_from(run.length).unwrap_or(usize::MAX);
            let Some((here, behind)) = rest.split_at_mut_checked(length) else { break };
            match run.place {
                Place::Zeros => here.fill(0),
                Place::Data(place) => read_padded(&*self.file, place, here)?,
                Place::Packed { offset: packed, length } => {
                    let cluster = self.unpacked(packed, length)?;
                    let skipped = usize::try_from(at % self.cluster()).unwrap_or(usize::MAX);
                    let bytes = cluster.get(skipped..).and_then(|bytes| bytes.get(..here.len()));
                    let short =
                        || DiskError::damaged(format!("the compressed cluster at byte {packed}"), "it is short");
                    here.copy_from_slice(bytes.ok_or_else(short)?);
                }
            }
            at += run.length;
            rest = behind;
        }
        Ok(())
    }
}
