//! GUID partition tables (UEFI 2.10, section 5.3).

use super::bytes::{guid, has, u32_at, u64_at};

/// The most entries that are looked at; a usual table has 128.
const ENTRY_LIMIT: u32 = 1024;

/// Bytes of an entry.
pub(crate) const GPT_ENTRY: usize = 128;

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GptPartition {
    /// Number, counted from 1, as the kernel counts.
    pub number: u32,
    /// Its own GUID, lower case: what `root=PARTUUID=` names.
    pub uuid: String,
    /// GUID of its type, lower case.
    pub kind: String,
    /// Name; empty when it has none.
    pub name: String,
    /// First block.
    pub first_lba: u64,
    /// Last block, inclusive.
    pub last_lba: u64,
    /// Bytes of a block, as the table's own place shows.
    pub block_size: u64,
}

/// Where the header lies: the size of a block.
pub(super) fn header(head: &[u8]) -> Option<usize> {
    [512usize, 4096].into_iter().find(|block| has(head, *block, b"EFI PART"))
}

/// The partitions of the table in a disk's first blocks; entries beyond them are left out.
pub(crate) fn gpt_partitions(head: &[u8]) -> Vec<GptPartition> {
    let Some(block) = header(head) else { return Vec::new() };
    read(head, block).unwrap_or_default()
}

fn read(head: &[u8], block: usize) -> Option<Vec<GptPartition>> {
    let table = usize::try_from(u64_at(head, block + 72)?).ok()?.checked_mul(block)?;
    let count = usize::try_from(u32_at(head, block + 80)?.min(ENTRY_LIMIT)).ok()?;
    // The kernel takes no table with entries of another size (`is_gpt_valid` in `block/partitions/efi.c`).
    if usize::try_from(u32_at(head, block + 84)?).ok()? != GPT_ENTRY {
        return None;
    }
    let entries = head.get(table..)?;
    let entries = entries.get(..count * GPT_ENTRY).unwrap_or(entries);
    Some(gpt_entries(entries, u64::try_from(block).ok()?))
}

/// The partitions that a table's entries tell of; `block_size` is the disk's, in bytes.
pub(crate) fn gpt_entries(entries: &[u8], block_size: u64) -> Vec<GptPartition> {
    let read = |(number, entry): (u32, &[u8])| {
        Some(GptPartition {
            number,
            kind: guid(entry, 0)?,
            uuid: guid(entry, 16)?,
            name: name(entry.get(56..128)?),
            first_lba: u64_at(entry, 32)?,
            last_lba: u64_at(entry, 40)?,
            block_size,
        })
    };
    (1..).zip(entries.chunks_exact(GPT_ENTRY)).filter_map(read).collect()
}

fn name(raw: &[u8]) -> String {
    let units = raw.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_le_bytes);
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}
