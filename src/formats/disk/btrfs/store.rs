//! Reads by logical address: tree nodes, and what files hold.

use super::super::{Blocks, Disk, DiskError, Result};
use super::chunks::Chunks;
use super::node::Node;
use super::superblock::Superblock;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of nodes that are kept, so that what lies near together is not read and checked each time.
const KEPT: usize = 4 << 20;

/// The last node, with its address, of all those whose address chooses the same place.
type Kept = Option<(u64, Arc<Node>)>;

/// The device with its map.
#[derive(Debug)]
pub(super) struct Store {
    disk: Disk,
    pub(super) superblock: Superblock,
    chunks: Chunks,
    nodes: Mutex<Vec<Kept>>,
}

impl Store {
    /// A device whose chunks are these.
    pub(super) fn new(disk: Disk, superblock: Superblock, chunks: Chunks) -> Self {
        let places = KEPT / (superblock.node as usize).max(1);
        Self { disk, superblock, chunks, nodes: Mutex::new(vec![None; places.max(1)]) }
    }

    /// The same device with all of its chunks.
    pub(super) fn with_chunks(self, chunks: Chunks) -> Self {
        Self::new(self.disk, self.superblock, chunks)
    }

    /// The node at an address: the first of its copies that is whole.
    ///
    /// # Errors
    /// When none of them is.
    pub(super) fn node(&self, bytenr: u64) -> Result<Arc<Node>> {
        let place = bytenr / u64::from(self.superblock.node.max(1));
        let lock = || self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let index = {
            let nodes = lock();
            let index = usize::try_from(place % (nodes.len() as u64).max(1)).unwrap_or_default();
            match nodes.get(index) {
                Some(Some((kept, node))) if *kept == bytenr => return Ok(Arc::clone(node)),
                _ => index,
            }
        };
        let node = Arc::new(self.read_node(bytenr)?);
        if let Some(place) = lock().get_mut(index) {
            *place = Some((bytenr, Arc::clone(&node)));
        }
        Ok(node)
    }

    fn read_node(&self, bytenr: u64) -> Result<Node> {
        let damaged = |what: String| DiskError::damaged(format!("tree node {bytenr}"), what);
        if !bytenr.is_multiple_of(u64::from(self.superblock.sector)) {
            return Err(damaged("its address is within a sector".to_owned()));
        }
        self.first_copy(bytenr, |copy| {
            let mut bytes = vec![0; self.superblock.node as usize];
            self.read(&*self.disk.metadata, bytenr, copy, &mut bytes)?;
            Node::parse(bytes, bytenr, &self.superblock).map_err(damaged)
        })
    }

    /// Reads one copy of what a file holds, of which nothing is checked.
    ///
    /// # Errors
    /// When it lies in no chunk, on another device, or cannot be read.
    pub(super) fn data(&self, logical: u64, copy: u16, buffer: &mut [u8]) -> Result<()> {
        self.read(&*self.disk.content, logical, copy, buffer)
    }

    /// Does something with each copy of an address until it succeeds.
    ///
    /// # Errors
    /// That of the first copy which is on this device, when none does.
    pub(super) fn first_copy<T>(&self, logical: u64, mut read: impl FnMut(u16) -> Result<T>) -> Result<T> {
        let mut first = None;
        for copy in 0..self.chunks.copies(logical)? {
            match read(copy) {
                Ok(value) => return Ok(value),
                // Another device says nothing of what is here.
                Err(error @ DiskError::Read(_)) => first = first.or(Some(error)),
                Err(error) => match first {
                    None | Some(DiskError::Read(_)) => first = Some(error),
                    _ => {}
                },
            }
        }
        Err(first.unwrap_or_else(|| DiskError::damaged(format!("address {logical}"), "its chunk has no stripes")))
    }

    fn read(&self, blocks: &dyn Blocks, logical: u64, copy: u16, buffer: &mut [u8]) -> Result<()> {
        let (mut rest, mut at) = (buffer, logical);
        while !rest.is_empty() {
            let piece = self.chunks.piece(at, copy)?;
            let length = usize::try_from(piece.length).unwrap_or(usize::MAX).clamp(1, rest.len());
            let (part, behind) = rest.split_at_mut(length);
            let elsewhere = || {
                let Superblock { device, devices, .. } = self.superblock;
                let text = format!("byte {at} of the btrfs lies on another one of its {devices} devices");
                DiskError::Read(format!("{text}, and this is device {device}"))
            };
            blocks.read_at(piece.physical.ok_or_else(elsewhere)?, part)?;
            at = at.saturating_add(length as u64);
            rest = behind;
        }
        Ok(())
    }
}
