//! ext2, ext3 and ext4.
//!
//! The format is told in the kernel's Documentation/filesystems/ext4, and where that is silent in fs/ext4 and fs/jbd2.
//! A filesystem whose journal must be replayed is read as it will be after that: see [`journal`].

mod bytes;
mod checksum;
mod directory;
mod extents;
mod features;
mod group;
mod hash;
mod indirect;
mod inline;
mod inode;
mod journal;
mod map;
mod overlay;
mod runs;
mod superblock;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
mod tests;

use crate::formats::disk::{Content, DirEntry, Disk, DiskError, Filesystem, Inode, InodeKind, Mapped, Result};
use directory::Directory;
use inode::RawInode;
use std::ops::ControlFlow;
use superblock::Superblock;

/// The longest target of a symbolic link (`PATH_MAX`).
const LONGEST_LINK: u64 = 4096;

/// A filesystem.
#[derive(Debug)]
pub(crate) struct Ext {
    disk: Disk,
    superblock: Superblock,
}

/// Opens a filesystem.
///
/// # Errors
/// When it is none, is damaged, has features that are not known, or has a journal that must be replayed and cannot be.
pub(crate) fn open(disk: Disk) -> Result<Ext> {
    let superblock = Superblock::read(&disk)?;
    // The kernel does not look into a journal that the superblock does not tell to replay.
    if !superblock.features.compat(features::HAS_JOURNAL) || !superblock.features.incompat(features::RECOVER) {
        return Ok(Ext { disk, superblock });
    }
    let disk = journal::replayed(&disk, &superblock)?;
    let superblock = Superblock::read(&disk)?;
    Ok(Ext { disk, superblock })
}

impl Ext {
    /// An inode that may stand in a directory.
    fn read(&self, number: u64) -> Result<RawInode> {
        let usable = |number: &u32| *number == inode::TOP || *number >= self.superblock.first_inode;
        let number = u32::try_from(number).ok().filter(usable);
        let number = number.ok_or_else(|| DiskError::damaged("a directory of ext4", "it names a reserved inode"))?;
        RawInode::read(&self.disk, &self.superblock, number)
    }

    fn mapped(&self, inode: &RawInode) -> Result<Mapped> {
        inode.must_be_plain()?;
        let extents = map::extents(&self.disk, &self.superblock, inode)?;
        Mapped::new(self.disk.content.clone(), inode.size, extents)
    }
}

impl Filesystem for Ext {
    fn top(&self) -> u64 {
        inode::TOP.into()
    }

    fn inode(&self, number: u64) -> Result<Inode> {
        self.read(number)?.stat()
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<u64>> {
        let inode = self.read(directory)?;
        let found = Directory::open(&self.disk, &self.superblock, &inode)?.lookup(name)?;
        Ok(found.map(u64::from))
    }

    fn list(&self, directory: u64, each: &mut dyn FnMut(DirEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let inode = self.read(directory)?;
        Directory::open(&self.disk, &self.superblock, &inode)?.each(&mut |entry| {
            Ok(match entry.name {
                b"." | b".." => ControlFlow::Continue(()),
                name => each(DirEntry { name, inode: entry.inode.into(), kind: entry.kind }),
            })
        })
    }

    fn read_link(&self, link: u64) -> Result<Vec<u8>> {
        let inode = self.read(link)?;
        let damaged = |what: &str| DiskError::damaged(inode.name(), what);
        if inode.kind != InodeKind::Link {
            return Err(damaged("it is no symbolic link"));
        }
        inode.must_be_plain()?;
        if inode.size == 0 || inode.size > LONGEST_LINK {
            return Err(damaged(&format!("it is a symbolic link of {} bytes", inode.size)));
        }
        let length = inode.size as usize;
        let target = match !inode.has(inode::INLINE_DATA) && inode.is_fast_link(&self.superblock)? {
            true => inode.map()?.get(..length).map(<[u8]>::to_vec),
            false => {
                let mut target = vec![0; length];
                (self.mapped(&inode)?.read_at(0, &mut target)? == length).then_some(target)
            }
        };
        match target.filter(|target| !target.contains(&0)) {
            Some(target) => Ok(target),
            None => Err(damaged("its target is shorter than it says")),
        }
    }

    fn open(&self, file: u64) -> Result<Box<dyn Content>> {
        let inode = self.read(file)?;
        match inode.kind {
            InodeKind::File => Ok(Box::new(self.mapped(&inode)?)),
            _ => Err(DiskError::damaged(inode.name(), "it is no regular file")),
        }
    }
}
