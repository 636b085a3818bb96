//! The filesystems on the devices of a disk, opened for reading.

use super::devices::Device;
use crate::formats::disk::btrfs::{self, Btrfs, Subvolume};
use crate::formats::disk::{Disk, DiskError, Filesystem, Patience, Result, Structures, ext, fat, xfs};
use crate::formats::text::names;
use crate::probes::lun::contents;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A filesystem that is open.
#[derive(Debug)]
pub(super) enum Opened {
    /// One tree of files.
    Plain(Arc<dyn Filesystem>),
    /// Several, its subvolumes.
    Btrfs(Subvolumes),
}

/// A btrfs, and the list of its subvolumes once somebody has asked for it: many trees are read to make it.
#[derive(Debug)]
pub(super) struct Subvolumes {
    btrfs: Btrfs,
    list: OnceCell<Result<Vec<Subvolume>>>,
}

/// Opens what stands on a device.
pub(super) fn open(devices: &[Device], filesystem: &contents::Filesystem, patience: &Arc<Patience>) -> Result<Opened> {
    let device = devices.iter().find(|device| device.facts.name == filesystem.device.name);
    let blocks = device.and_then(|device| device.blocks.clone());
    let blocks = blocks.ok_or_else(|| DiskError::Read("its device is not there".to_owned()))?;
    let structures = Structures::new(Arc::clone(&blocks), Arc::clone(patience));
    let disk = Disk { metadata: Arc::new(structures), content: blocks };
    Ok(match filesystem.kind.as_str() {
        "ext2" | "ext3" | "ext4" => Opened::Plain(Arc::new(ext::open(disk)?)),
        "xfs" => Opened::Plain(Arc::new(xfs::open(disk)?)),
        "vfat" => Opened::Plain(Arc::new(fat::open(disk)?)),
        "btrfs" => Opened::Btrfs(Subvolumes { btrfs: btrfs::open(disk)?, list: OnceCell::new() }),
        kind => return Err(DiskError::Unsupported(format!("the filesystem is {kind}"))),
    })
}

impl Opened {
    /// The tree that a mount shows: without a subvolume the default one. An empty path is the top.
    pub(super) fn at(&self, subvolume: Option<&str>) -> Result<Arc<dyn Filesystem>> {
        match self {
            Self::Plain(filesystem) => Ok(Arc::clone(filesystem)),
            Self::Btrfs(subvolumes) => Ok(Arc::new(subvolumes.btrfs.at(subvolumes.number(subvolume)?)?)),
        }
    }

    /// The tree that is mounted with the options of a line of fstab (btrfs(5): `subvol=`, `subvolid=`).
    pub(super) fn mounted_by(&self, options: &[String]) -> Result<Arc<dyn Filesystem>> {
        let option = |name: &str| options.iter().rev().find_map(|option| option.strip_prefix(name));
        match (self, option("subvol="), option("subvolid=")) {
            (Self::Btrfs(Subvolumes { btrfs, .. }), None, Some(id)) => {
                let id = id.parse().map_err(|_| DiskError::Read(format!("there is no subvolume with the id {id}")))?;
                Ok(Arc::new(btrfs.at(id)?))
            }
            (_, path, _) => self.at(path.map(|path| path.trim_start_matches('/'))),
        }
    }

    /// Where the tree that a mount shows lies in the filesystem, as mountinfo has it: `/@`, and `/` for the top; `None`
    /// where there is one tree.
    pub(super) fn shown(&self, subvolume: Option<&str>) -> Result<Option<String>> {
        let Self::Btrfs(subvolumes) = self else { return Ok(None) };
        let shown = subvolumes.number(subvolume)?;
        let path = subvolumes.list()?.iter().find(|one| one.id == shown);
        let path = path.ok_or_else(|| DiskError::damaged(format!("subvolume {shown}"), "no path leads to it"))?;
        Ok(Some(format!("/{}", names::decode(&path.path))))
    }

    /// Paths of the subvolumes, but for the top and for the one that a mount without `subvol=` shows; none where there
    /// is one tree.
    pub(super) fn other_subvolumes(&self) -> Result<BTreeSet<String>> {
        let Self::Btrfs(subvolumes) = self else { return Ok(BTreeSet::new()) };
        let default = subvolumes.btrfs.default_subvolume()?;
        let others = subvolumes.list()?.iter().filter(|one| one.id != default && !one.path.is_empty());
        Ok(others.map(|one| names::decode(&one.path)).collect())
    }
}

impl Subvolumes {
    fn list(&self) -> Result<&[Subvolume]> {
        self.list.get_or_init(|| self.btrfs.subvolumes()).as_deref().map_err(Clone::clone)
    }

    /// The number of the subvolume at a path, or of the default one.
    fn number(&self, subvolume: Option<&str>) -> Result<u64> {
        let Some(path) = subvolume else { return self.btrfs.default_subvolume() };
        let wanted = names::encode(path);
        let found = self.list()?.iter().find(|one| one.path == wanted[..]);
        found.map(|one| one.id).ok_or_else(|| DiskError::Read(format!("there is no subvolume {path}")))
    }
}
