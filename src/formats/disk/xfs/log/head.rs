//! Where the log's head is, as the kernel finds it (`xlog_find_head`, `xlog_find_zeroed`).

use super::ring::{BLOCK_LOG, Record, Ring, cycle, damaged};
use crate::formats::disk::Result;

/// Basic blocks that the largest record takes (`XLOG_REC_SHIFT`).
const RECORD: u64 = (256 << 10) >> BLOCK_LOG;
/// Basic blocks that can be on their way to the disk at once, and arrive in any order (`XLOG_TOTAL_REC_SHIFT`).
const UNDERWAY: u64 = 8 * RECORD;

/// The block behind the last record that was written whole, and of which all that came before it was, too; 0 also when
/// the log was never written.
///
/// # Errors
/// When the log cannot be read, or has no record where one must be.
pub(super) fn find(ring: &Ring<'_>) -> Result<u64> {
    let (first, last) = (ring.cycle(0)?, ring.cycle(ring.length - 1)?);
    if first == 0 {
        return Ok(0);
    }
    if last == 0 {
        let head = step(ring, 0)?;
        let start = head.saturating_sub(UNDERWAY);
        let head = first_of_cycle(ring, start, head, 0)?.unwrap_or(head);
        return match whole(ring, start, head, 0)? {
            Some(head) => Ok(head),
            None => Err(damaged("it begins without a record")),
        };
    }
    let (head, stale) = if first == last { (ring.length, last.wrapping_sub(1)) } else { (step(ring, last)?, last) };
    let head = behind_holes(ring, head, stale)?;
    let head = behind_whole(ring, head)?;
    Ok(if head == ring.length { 0 } else { head })
}

/// The first block of this cycle, of which all blocks at the end of the log are (`xlog_find_cycle_start`).
fn step(ring: &Ring<'_>, wanted: u32) -> Result<u64> {
    let (mut before, mut found) = (0, ring.length - 1);
    while found - before > 1 {
        let middle = before + (found - before) / 2;
        if ring.cycle(middle)? == wanted { found = middle } else { before = middle }
    }
    Ok(found)
}

/// Moves the head back to the first block that an earlier round left among those that can have been underway.
fn behind_holes(ring: &Ring<'_>, head: u64, stale: u32) -> Result<u64> {
    let span = UNDERWAY.min(ring.length);
    if head >= span {
        return Ok(first_of_cycle(ring, head - span, head, stale)?.unwrap_or(head));
    }
    let end = ring.length - (span - head);
    if let Some(hole) = first_of_cycle(ring, end, ring.length, stale.wrapping_sub(1))? {
        return Ok(hole);
    }
    Ok(first_of_cycle(ring, 0, head, stale)?.unwrap_or(head))
}

/// Moves the head back before a record that was not written whole.
fn behind_whole(ring: &Ring<'_>, head: u64) -> Result<u64> {
    if let Some(head) = whole(ring, head.saturating_sub(RECORD), head, 0)? {
        return Ok(head);
    }
    // The last record begins at the end of the log.
    let start = ring.length.saturating_sub(RECORD.saturating_sub(head));
    match whole(ring, start, ring.length, head)? {
        Some(end) if end != ring.length => Ok(end),
        Some(_) => Ok(head),
        None => Err(damaged("it has no record before its head")),
    }
}

/// The head, or the beginning of the last record before it where that one does not end there, of which `more` blocks
/// lie at the log's beginning; `None` when none begins in this range (`xlog_find_verify_log_record`).
fn whole(ring: &Ring<'_>, start: u64, head: u64, more: u64) -> Result<Option<u64>> {
    let last = last_in(ring, start, head)?;
    Ok(last.map(|(at, record)| if head - at + more == record.header + record.body { head } else { at }))
}

/// The last record that begins before the head, and where.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn last_record(ring: &Ring<'_>, head: u64) -> Result<Option<(u64, Record)>> {
    let span = RECORD + RECORD / 8;
    match last_in(ring, head.saturating_sub(span), head)? {
        Some(found) => Ok(Some(found)),
        None => last_in(ring, ring.length.saturating_sub(span.saturating_sub(head)).max(head), ring.length),
    }
}

fn last_in(ring: &Ring<'_>, start: u64, end: u64) -> Result<Option<(u64, Record)>> {
    let mut last = None;
    ring.scan(start, end, |at, block| {
        if let Some(record) = Record::read(block)? {
            last = Some((at, record));
        }
        Ok(None::<()>)
    })?;
    Ok(last)
}

fn first_of_cycle(ring: &Ring<'_>, start: u64, end: u64, wanted: u32) -> Result<Option<u64>> {
    ring.scan(start, end, |at, block| Ok((cycle(block)? == wanted).then_some(at)))
}
