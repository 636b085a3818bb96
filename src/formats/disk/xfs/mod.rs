//! XFS, versions 4 and 5, read from its bytes (`fs/xfs/libxfs` of Linux 6.18; *XFS Algorithms & Data Structures*).
//!
//! What is read is what the kernel reads: the inode by its number, what it holds by its extents, a name by the index of
//! its directory. Every structure of version 5 is held against its checksum and against who points at it. The log is
//! not replayed: a filesystem of which parts are still in it is refused.

mod block;
mod checksum;
mod directory;
mod features;
mod fork;
mod inode;
mod link;
mod log;
mod superblock;
mod view;

#[cfg(test)]
mod tests;

use self::directory::Directory;
use self::fork::Record;
use self::inode::Node;
use self::superblock::Superblock;
use super::{Content, DirEntry, Disk, DiskError, Extent, Filesystem, Inode, InodeKind, Mapped, Result};
use std::ops::ControlFlow;
use std::sync::Arc;

/// An XFS.
#[derive(Debug)]
pub(crate) struct Xfs {
    disk: Disk,
    superblock: Superblock,
}

/// Opens the XFS of a device.
///
/// # Errors
/// When it is none, it is damaged, it is of a kind that is not read, or its log has changes that were not written back.
pub(crate) fn open(disk: Disk) -> Result<Xfs> {
    let superblock = Superblock::read(&disk)?;
    log::refuse_changes(&disk, &superblock)?;
    Ok(Xfs { disk, superblock })
}

impl Xfs {
    fn node(&self, number: u64) -> Result<Node> {
        Node::read(&self.disk, &self.superblock, number)
    }

    /// Where a run of a file lies.
    fn extent(&self, node: &Node, record: Record) -> Result<Extent> {
        let outside = || node.damaged(format!("its extent at block {} lies nowhere", record.offset));
        let bytes = |blocks: u64| blocks.checked_mul(u64::from(self.superblock.block_size));
        let physical = self.superblock.place(record.block, record.count).ok_or_else(outside)?;
        let logical = bytes(record.offset).filter(|logical| *logical <= i64::MAX as u64).ok_or_else(outside)?;
        let length = bytes(record.count).ok_or_else(outside)?;
        Ok(Extent { logical, length, physical: Some(physical) })
    }
}

impl Filesystem for Xfs {
    fn top(&self) -> u64 {
        self.superblock.root
    }

    fn inode(&self, number: u64) -> Result<Inode> {
        Ok(self.node(number)?.stat)
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<u64>> {
        let node = self.node(directory)?;
        Directory::new(&self.disk, &self.superblock, &node)?.lookup(name)
    }

    fn list(&self, directory: u64, each: &mut dyn FnMut(DirEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let node = self.node(directory)?;
        Directory::new(&self.disk, &self.superblock, &node)?.list(each)
    }

    fn read_link(&self, link: u64) -> Result<Vec<u8>> {
        link::target(&self.disk, &self.superblock, &self.node(link)?)
    }

    fn open(&self, file: u64) -> Result<Box<dyn Content>> {
        let node = self.node(file)?;
        let fork = match &node.fork {
            Some(fork) if node.stat.kind == InodeKind::File => fork,
            _ => return Err(node.damaged("it is no regular file")),
        };
        let records = fork.records(&self.disk, &self.superblock)?;
        if node.realtime && !records.is_empty() {
            return Err(DiskError::Unsupported("a file on the realtime device of an XFS".to_owned()));
        }
        let mut extents: Vec<Extent> = Vec::new();
        for record in records.into_iter().filter(|record| !record.unwritten) {
            let extent = self.extent(&node, record)?;
            match extents.last_mut() {
                Some(last) if follows(last, &extent) => last.length += extent.length,
                _ => extents.push(extent),
            }
        }
        Ok(Box::new(Mapped::new(Arc::clone(&self.disk.content), node.stat.size, extents)?))
    }
}

/// Whether a run lies right behind another one, in the file and on the device.
fn follows(last: &Extent, next: &Extent) -> bool {
    let behind = |start: u64| start.checked_add(last.length);
    behind(last.logical) == Some(next.logical) && last.physical.and_then(behind) == next.physical
}
