//! What a regular file or a symbolic link holds.

use super::super::{Content, DiskError, Result};
use super::file_extent::{Body, FileExtent};
use super::key::{EXTENT_DATA, Key};
use super::shared::Shared;
use super::tree::{Cursor, Tree};
use std::sync::{Arc, Mutex, PoisonError};

/// A file. Its extents are looked up as it is read, so that one of many extents takes no more memory than others.
#[derive(Debug)]
pub(super) struct File {
    shared: Arc<Shared>,
    tree: Tree,
    objectid: u64,
    size: u64,
    /// Whether what it holds has checksums.
    summed: bool,
    /// The compressed extent that was read last, by its logical address, decompressed.
    last: Mutex<Option<(u64, Arc<Vec<u8>>)>>,
}

impl File {
    /// An inode of a subvolume, of whatever kind.
    ///
    /// # Errors
    /// As [`Shared::inode`].
    pub(super) fn new(shared: &Arc<Shared>, tree: Tree, objectid: u64) -> Result<Self> {
        let item = shared.inode(&tree, objectid)?;
        let (size, summed) = (item.inode.size, item.summed);
        Ok(Self { shared: Arc::clone(shared), tree, objectid, size, summed, last: Mutex::new(None) })
    }

    /// The piece that a byte lies in. One that lies plainly is told with all those behind it that go on where it ends,
    /// up to the one that holds `until`.
    fn piece(&self, at: u64, until: u64) -> Result<FileExtent> {
        let key = |offset| Key::new(self.objectid, EXTENT_DATA, offset);
        let mut cursor = self.tree.floor(&self.shared.store, key(at))?;
        match self.extent(&cursor)? {
            Some(mut extent) if at < extent.end => {
                while let Body::Plain(logical) = extent.body
                    && extent.end < until
                {
                    cursor.advance()?;
                    let follows = logical.saturating_add(extent.end - extent.start);
                    match self.extent(&cursor)? {
                        Some(next) if next.start == extent.end && next.body == Body::Plain(follows) => {
                            extent.end = next.end;
                        }
                        _ => break,
                    }
                }
                Ok(extent)
            }
            before => {
                let next = self.tree.seek(&self.shared.store, key(at.saturating_add(1)))?;
                let next = next.item().filter(|(key, _)| key.is(self.objectid, EXTENT_DATA));
                let end = next.map_or(u64::MAX, |(key, _)| key.offset);
                Ok(FileExtent { start: before.map_or(0, |before| before.end), end, body: Body::Zeros })
            }
        }
    }

    fn extent(&self, cursor: &Cursor<'_>) -> Result<Option<FileExtent>> {
        let Some((key, item)) = cursor.item().filter(|(key, _)| key.is(self.objectid, EXTENT_DATA)) else {
            return Ok(None);
        };
        let extent = FileExtent::parse(self.objectid, key.offset, item, self.shared.store.superblock.sector)?;
        let next = cursor.next_key().filter(|next| next.is(self.objectid, EXTENT_DATA));
        if next.is_some_and(|next| next.offset < extent.end) {
            let place = format!("the extent of inode {} at {}", self.objectid, key.offset);
            return Err(DiskError::damaged(place, "the next one begins in it"));
        }
        Ok(Some(extent))
    }

    /// Fills the buffer with what a piece holds from a byte of the file on, which lies in it with all that is wanted.
    fn fill(&self, piece: &FileExtent, at: u64, buffer: &mut [u8]) -> Result<()> {
        let skipped = at.saturating_sub(piece.start);
        match &piece.body {
            Body::Zeros => buffer.fill(0),
            Body::Inline(bytes) => copy(bytes, skipped, buffer),
            Body::Plain(logical) => self.shared.data(logical.saturating_add(skipped), buffer, self.summed)?,
            Body::Compressed { logical, offset, .. } => {
                let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                let kept = last.as_ref().filter(|(kept, _)| kept == logical).map(|(_, plain)| Arc::clone(plain));
                let plain = match kept {
                    Some(plain) => plain,
                    None => {
                        let plain = Arc::new(self.decompress(piece)?);
                        *last = Some((*logical, Arc::clone(&plain)));
                        plain
                    }
                };
                drop(last);
                copy(&plain, offset.saturating_add(skipped), buffer);
            }
        }
        Ok(())
    }

    fn decompress(&self, piece: &FileExtent) -> Result<Vec<u8>> {
        let Body::Compressed { compression, logical, stored, plain, .. } = piece.body else { return Ok(Vec::new()) };
        let mut bytes = vec![0; stored];
        self.shared.data(logical, &mut bytes, self.summed)?;
        let place = || format!("the extent of inode {} at {}", self.objectid, piece.start);
        let sector = self.shared.store.superblock.sector as usize;
        compression.decompress(&bytes, plain, sector).map_err(|what| DiskError::damaged(place(), what))
    }
}

/// Copies from a place on; what is behind the end is zeros.
fn copy(bytes: &[u8], from: u64, buffer: &mut [u8]) {
    let rest = usize::try_from(from).ok().and_then(|from| bytes.get(from..)).unwrap_or_default();
    let (part, behind) = buffer.split_at_mut(rest.len().min(buffer.len()));
    part.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    behind.fill(0);
}

impl Content for File {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let until = offset.saturating_add(length as u64);
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..length).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(done as u64);
            let piece = self.piece(at, until)?;
            let count = usize::try_from(piece.end.saturating_sub(at)).unwrap_or(usize::MAX).clamp(1, rest.len());
            let (part, _) = rest.split_at_mut(count);
            self.fill(&piece, at, part)?;
            done += count;
        }
        Ok(done)
    }
}
