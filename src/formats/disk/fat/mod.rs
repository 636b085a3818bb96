//! FAT12, FAT16 and FAT32 with the long names of VFAT, as Linux reads them when they are mounted without options
//! but `utf8`. Microsoft's "FAT: General Overview of On-Disk Format" (1.03, 2000), and the kernel's fs/fat.
//!
//! The number of an inode is the byte of the device at which its directory entry lies; 0 is the top directory.
//! The mark of an unclean unmount is not looked at: there is no journal, and the kernel but warns.

mod boot;
mod chain;
mod directory;
mod names;
mod slot;

#[cfg(test)]
mod tests;

use super::recent::Recent;
use super::{Content, DirEntry, Disk, DiskError, Extent, Filesystem, Inode, InodeKind, Mapped, Result};
use boot::{FIRST_CLUSTER, Layout, SLOT, Top};
use chain::{Piece, Wanted};
use directory::{Entries, Index};
use slot::Slot;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The number of the top directory.
const TOP: u64 = 0;

/// Most bytes of a directory: 65,536 entries (include/uapi/linux/msdos_fs.h, `FAT_MAX_DIR_SIZE`).
const DIRECTORY: u64 = 65_536 * SLOT;

/// How many directories are kept for the next look-up, and how many bytes of them.
const KEPT: (usize, usize) = (32, 4 << 20);

/// A FAT filesystem.
#[derive(Debug)]
pub(crate) struct Fat {
    disk: Disk,
    layout: Layout,
    directories: Recent<Directory>,
}

/// Opens a FAT12, FAT16 or FAT32 filesystem.
///
/// # Errors
/// [`DiskError::Unsupported`] for exFAT; [`DiskError::Damaged`] when the kernel would not mount it; as reading.
pub(crate) fn open(disk: Disk) -> Result<Fat> {
    let layout = Layout::parse(&disk.metadata(0, boot::LENGTH)?)?;
    let fat = Fat { disk, layout, directories: Recent::new(KEPT.0, KEPT.1) };
    fat.directory(TOP)?;
    Ok(fat)
}

/// A directory as it was read.
#[derive(Debug)]
struct Directory {
    bytes: Vec<u8>,
    index: Index,
    /// Where on the device its bytes lie: beginning and length of each piece.
    pieces: Vec<(u64, u64)>,
}

impl Directory {
    /// Where on the device a byte of it lies.
    fn place(&self, offset: u64) -> Option<u64> {
        let mut left = offset;
        for (start, length) in &self.pieces {
            if left < *length {
                return Some(start + left);
            }
            left -= length;
        }
        None
    }
}

impl Fat {
    /// The directory entry of an inode. What it was may be forgotten: it is judged anew.
    fn slot(&self, number: u64) -> Result<[u8; 32]> {
        if !self.layout.may_be_slot(number) {
            return Err(DiskError::Read(format!("{} lies outside of the directories", entry_at(number))));
        }
        let mut bytes = [0; 32];
        self.disk.metadata.read_at(number, &mut bytes)?;
        let slot = Slot(&bytes);
        if slot.is_long() || slot.is_free() || slot.is_label() || slot.is_dots() {
            return Err(DiskError::Read(format!("{} is of no file", entry_at(number))));
        }
        Ok(bytes)
    }

    /// Where a directory lies: pieces of the device, in bytes.
    fn pieces(&self, number: u64) -> Result<Vec<(u64, u64)>> {
        let first = match self.layout.top {
            Top::Area { start, length } if number == TOP => return Ok(vec![(start, length)]),
            Top::Cluster(first) if number == TOP => first,
            top => {
                let bytes = self.slot(number)?;
                let slot = Slot(&bytes);
                if !slot.is_directory() {
                    return Err(DiskError::Read(format!("{} is of no directory", entry_at(number))));
                }
                let first = slot.cluster(&self.layout);
                if first < FIRST_CLUSTER || top == Top::Cluster(first) {
                    let what = format!("it begins at cluster {first}");
                    return Err(DiskError::damaged(named(number, "directory"), what));
                }
                first
            }
        };
        let most = u32::try_from(DIRECTORY / self.layout.cluster).unwrap_or(1).max(1);
        self.chain(first, Wanted::AtMost(most), &|| named(number, "directory"))
    }

    /// Follows a chain to the pieces of the device that it is.
    fn chain(&self, first: u32, wanted: Wanted, of: &dyn Fn() -> String) -> Result<Vec<(u64, u64)>> {
        let pieces = chain::follow(&*self.disk.metadata, &self.layout, first, wanted, of)?;
        let place =
            |piece: &Piece| Some((self.layout.place(piece.first)?, u64::from(piece.count) * self.layout.cluster));
        Ok(pieces.iter().filter_map(place).collect())
    }

    /// What a directory holds.
    fn directory(&self, number: u64) -> Result<Arc<Directory>> {
        self.directories.get(number, || {
            let directory = self.read(number)?;
            let bytes = directory.bytes.len() + directory.index.size();
            Ok((directory, bytes))
        })
    }

    fn read(&self, number: u64) -> Result<Directory> {
        let pieces = self.pieces(number)?;
        let length: u64 = pieces.iter().map(|(_, length)| length).sum();
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        let mut rest = bytes.as_mut_slice();
        for (start, length) in &pieces {
            let length = usize::try_from(*length).unwrap_or(usize::MAX);
            let Some((piece, behind)) = rest.split_at_mut_checked(length) else { break };
            self.disk.metadata.read_at(*start, piece)?;
            rest = behind;
        }
        // fat_validate_dir() in fs/fat/inode.c: without them it is none.
        if number != TOP && Entries::new(&bytes).filter(|entry| entry.slot.is_directory()).take(2).count() < 2 {
            let what = "its entries '.' and '..' are missing";
            return Err(DiskError::damaged(named(number, "directory"), what));
        }
        Ok(Directory { index: Index::new(&bytes), bytes, pieces })
    }
}

/// A directory entry, for people.
fn entry_at(number: u64) -> String {
    format!("the directory entry at byte {number}")
}

/// What an inode is of, for people.
fn named(number: u64, what: &str) -> String {
    match number {
        TOP => "the top directory".to_owned(),
        _ => format!("the {what} of {}", entry_at(number)),
    }
}

impl Filesystem for Fat {
    fn top(&self) -> u64 {
        TOP
    }

    fn inode(&self, number: u64) -> Result<Inode> {
        if number == TOP {
            let size = self.directory(TOP)?.bytes.len() as u64;
            return Ok(Inode { kind: InodeKind::Directory, size, mtime: 0, mode: 0o755, uid: 0, rdev: 0 });
        }
        let mut inode = Slot(&self.slot(number)?).inode();
        if inode.kind == InodeKind::Directory {
            inode.size = self.directory(number)?.bytes.len() as u64;
        }
        Ok(inode)
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<u64>> {
        let directory = self.directory(directory)?;
        // A name that is no UTF-8 is the one of no entry. Dots at its end do not count (`vfat_striptail_len`).
        let name = std::str::from_utf8(name).unwrap_or_default().trim_end_matches('.');
        if name.is_empty() {
            return Ok(None);
        }
        let found = directory.index.find(&directory.bytes, name);
        Ok(found.and_then(|offset| directory.place(offset)))
    }

    fn list(&self, number: u64, each: &mut dyn FnMut(DirEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let directory = self.directory(number)?;
        for entry in Entries::new(&directory.bytes).filter(|entry| !entry.slot.is_dots()) {
            let Some(inode) = directory.place(entry.offset) else { break };
            let name = entry.name();
            if matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\0']) {
                let what = format!("the entry at byte {inode} has the name {name:?}");
                return Err(DiskError::damaged(named(number, "directory"), what));
            }
            let kind = if entry.slot.is_directory() { InodeKind::Directory } else { InodeKind::File };
            if each(DirEntry { name: name.as_bytes(), inode, kind: Some(kind) }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read_link(&self, link: u64) -> Result<Vec<u8>> {
        Err(DiskError::Read(format!("{} is of no symbolic link: FAT has none", entry_at(link))))
    }

    fn open(&self, file: u64) -> Result<Box<dyn Content>> {
        let bytes = self.slot(file)?;
        let slot = Slot(&bytes);
        if slot.is_directory() {
            return Err(DiskError::Read(format!("{} is of a directory", entry_at(file))));
        }
        let size = u64::from(slot.size());
        let clusters = u32::try_from(size.div_ceil(self.layout.cluster)).unwrap_or(u32::MAX);
        if clusters > self.layout.end - FIRST_CLUSTER {
            let what = format!("it is {size} bytes long, more than all clusters");
            return Err(DiskError::damaged(named(file, "file"), what));
        }
        let mut extents = Vec::new();
        if clusters > 0 {
            let first = slot.cluster(&self.layout);
            let mut logical = 0;
            for (start, length) in self.chain(first, Wanted::Exactly(clusters), &|| named(file, "file"))? {
                extents.push(Extent { logical, length, physical: Some(start) });
                logical += length;
            }
        }
        Ok(Box::new(Mapped::new(Arc::clone(&self.disk.content), size, extents)?))
    }
}
