//! GUID partition tables (UEFI 2.10, section 5.3), held to what the kernel demands of one (`is_gpt_valid` and
//! `is_pmbr_valid` in `block/partitions/efi.c`). Its copy at the end of the disk is not looked at: without `gpt` on
//! the command line the kernel does not look there either where the first one is damaged.

use super::partition::Partition;
use crate::formats::disk::{Blocks, DiskError, Result};
use crate::formats::storage::signature::{GPT_ENTRY, gpt_entries};
use flate2::Crc;

/// Where it begins: behind the protective table, in blocks.
const HEADER_BLOCK: u64 = 1;

/// The smallest header there is, in bytes.
const HEADER_MIN: usize = 92;

/// The most entries that are read; a usual table has 128.
const ENTRIES: u64 = 1024;

/// The type of the protective partition of a DOS table.
const PROTECTIVE: u8 = 0xee;

/// What a broken rule is told as.
fn damaged(what: impl Into<String>) -> DiskError {
    DiskError::damaged("the GUID partition table", what)
}

/// The partitions; `None` where the disk has no such table.
pub(super) fn partitions(disk: &dyn Blocks) -> Result<Option<Vec<Partition>>> {
    if !is_protected(disk) {
        return Ok(None);
    }
    for block in [512, 4096] {
        let mut header = vec![0; 512];
        if disk.read_at(block, &mut header).is_ok() && header.starts_with(b"EFI PART") {
            return table(disk, &header, block).map(Some);
        }
    }
    Err(damaged("its header is not there, although the disk's first block says that it has one"))
}

/// Whether the first block says that the disk has such a table.
fn is_protected(disk: &dyn Blocks) -> bool {
    let mut first = [0; 512];
    if disk.read_at(0, &mut first).is_err() || !first.ends_with(&[0x55, 0xaa]) {
        return false;
    }
    let entries = first.get(446..510).unwrap_or_default();
    entries.chunks_exact(16).any(|entry| entry.get(4) == Some(&PROTECTIVE) && entry.get(8..12) == Some(&[1, 0, 0, 0]))
}

fn u32_at(header: &[u8], at: usize) -> Result<u32> {
    let bytes = header.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map(|bytes| u32::from_le_bytes(*bytes)).ok_or_else(|| damaged("its header is too short"))
}

fn u64_at(header: &[u8], at: usize) -> Result<u64> {
    let bytes = header.get(at..).and_then(|rest| rest.first_chunk());
    bytes.map(|bytes| u64::from_le_bytes(*bytes)).ok_or_else(|| damaged("its header is too short"))
}

fn checksum(pieces: &[&[u8]]) -> u32 {
    let mut crc = Crc::new();
    pieces.iter().for_each(|piece| crc.update(piece));
    crc.sum()
}

fn table(disk: &dyn Blocks, header: &[u8], block: u64) -> Result<Vec<Partition>> {
    let size = usize::try_from(u32_at(header, 12)?).unwrap_or(usize::MAX);
    let whole = header.get(..size).filter(|whole| whole.len() >= HEADER_MIN);
    let whole = whole.ok_or_else(|| damaged(format!("its header has {size} bytes")))?;
    let (before, after) = (whole.get(..16).unwrap_or_default(), whole.get(20..).unwrap_or_default());
    if checksum(&[before, &[0; 4], after]) != u32_at(header, 16)? {
        return Err(damaged("the checksum of its header is wrong"));
    }
    if u64_at(header, 24)? != HEADER_BLOCK {
        return Err(damaged(format!("its header is one of block {}, not of block 1", u64_at(header, 24)?)));
    }
    let last = (disk.size() / block).saturating_sub(1);
    let (first_usable, last_usable) = (u64_at(header, 40)?, u64_at(header, 48)?);
    if last_usable > last || first_usable > last_usable {
        return Err(damaged(format!(
            "partitions may lie in blocks {first_usable} to {last_usable}, but the disk ends with block {last}"
        )));
    }
    let (count, entry) = (u64::from(u32_at(header, 80)?), u32_at(header, 84)?);
    if entry as usize != GPT_ENTRY || count > ENTRIES {
        return Err(damaged(format!("it has {count} entries of {entry} bytes")));
    }
    let start = u64_at(header, 72)?.checked_mul(block).ok_or_else(|| damaged("its entries lie behind the end"))?;
    let mut entries = vec![0; usize::try_from(count).unwrap_or_default() * GPT_ENTRY];
    disk.read_at(start, &mut entries)?;
    if checksum(&[&entries]) != u32_at(header, 88)? {
        return Err(damaged("the checksum of its entries is wrong"));
    }
    let found = gpt_entries(&entries, block).into_iter().filter_map(|entry| {
        // The kernel leaves out what does not lie within (`is_pte_valid`).
        let within = entry.first_lba <= entry.last_lba && entry.last_lba <= last;
        within.then(|| Partition {
            number: entry.number,
            start: entry.first_lba.saturating_mul(block),
            size: (entry.last_lba - entry.first_lba).saturating_add(1).saturating_mul(block),
            uuid: entry.uuid,
            label: Some(entry.name).filter(|name| !name.is_empty()),
        })
    });
    Ok(found.collect())
}
