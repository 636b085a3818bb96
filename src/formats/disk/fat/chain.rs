//! Chains of clusters in the file allocation table.

use super::boot::{FIRST_CLUSTER, Layout, Width};
use crate::formats::disk::{Blocks, DiskError, Result, fields};

/// The most pieces that one chain may lie in; a file of them is fragmented beyond use.
const PIECES: usize = 1 << 20;

/// How much of the table is read at a place that a chain jumps to, and where it goes on, in bytes.
const JUMP: u64 = 512;
const AHEAD: u64 = 4096;

/// Clusters that lie one behind another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// The first cluster.
    pub(super) first: u32,
    /// How many.
    pub(super) count: u32,
}

/// How long a chain is to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// So many clusters; what follows them is nobody's business.
    Exactly(u32),
    /// As long as it is, up to so many clusters.
    AtMost(u32),
}

/// Follows a chain from its first cluster on. `of` names whose it is.
///
/// # Errors
/// [`DiskError::Damaged`] when it leaves the clusters, comes back to one, ends early or is too long.
pub(super) fn follow(
    table: &dyn Blocks,
    layout: &Layout,
    first: u32,
    wanted: Wanted,
    of: &dyn Fn() -> String,
) -> Result<Vec<Piece>> {
    let damaged = |what: String| Err(DiskError::damaged(of(), what));
    let mut window = Window { table, layout, start: 0, bytes: Vec::new() };
    let mut pieces: Vec<Piece> = Vec::new();
    let mut cluster = first;
    let mut length = 0_u32;
    loop {
        if layout.place(cluster).is_none() {
            let from = pieces.last().map_or(String::new(), |last| format!(" behind {}", last.first + (last.count - 1)));
            return damaged(format!("its chain goes to cluster {cluster}{from}, which is no data cluster"));
        }
        match pieces.last_mut() {
            Some(last) if last.first.checked_add(last.count) == Some(cluster) => last.count += 1,
            _ => pieces.push(Piece { first: cluster, count: 1 }),
        }
        if pieces.len() > PIECES {
            return damaged(format!("its chain is in more than {PIECES} pieces"));
        }
        length += 1;
        if matches!(wanted, Wanted::Exactly(count) if length == count) {
            break;
        }
        let next = window.entry(cluster)?;
        if next >= layout.width.end() {
            match wanted {
                Wanted::Exactly(count) => {
                    return damaged(format!("its chain ends after {length} of {count} clusters"));
                }
                Wanted::AtMost(_) => break,
            }
        }
        if matches!(wanted, Wanted::AtMost(most) if length >= most) {
            without_loop(&pieces, of)?;
            return damaged(format!("its chain is longer than {length} clusters"));
        }
        cluster = next;
    }
    without_loop(&pieces, of)?;
    Ok(pieces)
}

/// Refuses a chain that comes to one cluster twice.
fn without_loop(pieces: &[Piece], of: &dyn Fn() -> String) -> Result<()> {
    let mut sorted: Vec<Piece> = pieces.to_vec();
    sorted.sort_unstable_by_key(|piece| piece.first);
    let twice = sorted.windows(2).find_map(|pair| match pair {
        [one, next] if one.first.saturating_add(one.count) > next.first => Some(next.first),
        _ => None,
    });
    match twice {
        Some(cluster) => Err(DiskError::damaged(of(), format!("its chain comes to cluster {cluster} twice"))),
        None => Ok(()),
    }
}

/// A part of the table, so that a chain does not ask for each of its entries.
struct Window<'a> {
    table: &'a dyn Blocks,
    layout: &'a Layout,
    /// Where in the table it begins, in bytes.
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// The entry of a cluster that exists.
    fn entry(&mut self, cluster: u32) -> Result<u32> {
        let width = self.layout.width;
        let at = u64::from(cluster) * width.bits() / 8;
        Ok(match width {
            Width::Fat12 => {
                let pair = fields::le16(self.at(at, 2)?, 0);
                u32::from(if cluster.is_multiple_of(2) { pair & 0xfff } else { pair >> 4 })
            }
            Width::Fat16 => u32::from(fields::le16(self.at(at, 2)?, 0)),
            Width::Fat32 => fields::le32(self.at(at, 4)?, 0) & 0x0fff_ffff,
        })
    }

    /// What lies at `at`, at least `length` bytes.
    fn at(&mut self, at: u64, length: u64) -> Result<&[u8]> {
        let end = self.start + self.bytes.len() as u64;
        if at < self.start || at + length > end {
            let ahead = if at >= self.start && at <= end && end > 0 { AHEAD } else { JUMP };
            let bits = u64::from(self.layout.end.max(FIRST_CLUSTER)) * self.layout.width.bits();
            let left = bits.div_ceil(8).saturating_sub(at);
            let mut bytes = vec![0; usize::try_from(ahead.min(left).max(length)).unwrap_or(0)];
            self.table.read_at(self.layout.table + at, &mut bytes)?;
            (self.start, self.bytes) = (at, bytes);
        }
        let skipped = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(skipped..).unwrap_or_default())
    }
}
