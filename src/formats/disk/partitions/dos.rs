//! DOS partition tables, with their extended partitions (`block/partitions/msdos.c`).

use super::partition::Partition;
use crate::formats::disk::{Blocks, DiskError, Result};

/// Bytes of a sector: the table counts in those.
const SECTOR: u64 = 512;

/// Types of partitions that hold others: `DOS_EXTENDED_PARTITION`, `WIN98_EXTENDED_PARTITION`,
/// `LINUX_EXTENDED_PARTITION`.
const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];

/// The most tables that are followed: the kernel stops at 100.
const TABLES: usize = 100;

/// The number of the first partition in an extended one.
const FIRST_LOGICAL: u32 = 5;

/// An entry of a table, in sectors.
#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: u8,
    start: u64,
    length: u64,
}

impl Entry {
    fn is_extended(self) -> bool {
        EXTENDED.contains(&self.kind)
    }
}

/// The partitions; `None` where the disk has no such table.
pub(super) fn partitions(disk: &dyn Blocks) -> Result<Option<Vec<Partition>>> {
    let mut first = [0; SECTOR as usize];
    if disk.size() < SECTOR {
        return Ok(None);
    }
    disk.read_at(0, &mut first)?;
    let Some(entries) = entries(&first) else { return Ok(None) };
    let serial = first.get(440..444).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let partition = |number: u32, entry: Entry| Partition {
        number,
        start: entry.start.saturating_mul(SECTOR),
        // Of an extended partition the kernel shows its first table alone.
        size: if entry.is_extended() { entry.length.min(2) } else { entry.length }.saturating_mul(SECTOR),
        uuid: format!("{serial:08x}-{number:02x}"),
        label: None,
    };
    let mut found = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        if entry.length == 0 {
            continue;
        }
        found.push(partition(number, entry));
        if entry.is_extended() {
            for entry in logical(disk, entry)? {
                let number = found.iter().map(|known| known.number + 1).max().unwrap_or_default().max(FIRST_LOGICAL);
                found.push(partition(number, entry));
            }
        }
    }
    found.sort_by_key(|partition| partition.number);
    Ok(Some(found))
}

/// The entries of a table; `None` where the sector is none.
fn entries(sector: &[u8]) -> Option<Vec<Entry>> {
    if sector.get(510..512)? != [0x55, 0xaa] {
        return None;
    }
    let word = |entry: &[u8], at: usize| Some(u64::from(u32::from_le_bytes(*entry.get(at..)?.first_chunk()?)));
    let read = |entry: &[u8]| {
        // A boot sector that is no table ends in the same two bytes.
        matches!(entry.first()?, 0 | 0x80).then_some(())?;
        Some(Entry { kind: *entry.get(4)?, start: word(entry, 8)?, length: word(entry, 12)? })
    };
    sector.get(446..510)?.chunks_exact(16).map(read).collect()
}

/// The partitions in an extended one: a chain of tables, each with one partition and the place of the next table.
fn logical(disk: &dyn Blocks, extended: Entry) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut table = extended.start;
    for _ in 0..TABLES {
        let mut sector = [0; SECTOR as usize];
        disk.read_at(table.saturating_mul(SECTOR), &mut sector)?;
        let damaged = || DiskError::damaged("the extended partition", format!("its table in sector {table} is none"));
        let entries = entries(&sector).ok_or_else(damaged)?;
        let data = entries.iter().filter(|entry| entry.length > 0 && !entry.is_extended());
        found.extend(data.map(|entry| Entry { start: entry.start.saturating_add(table), ..*entry }));
        let next = entries.iter().find(|entry| entry.length > 0 && entry.is_extended());
        let Some(next) = next else { return Ok(found) };
        table = extended.start.saturating_add(next.start);
    }
    Err(DiskError::damaged("the extended partition", format!("it has more than {TABLES} tables")))
}
