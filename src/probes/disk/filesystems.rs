//! The filesystems on the devices of a disk, opened for reading.

use super::devices::Device;
use crate::formats::disk::btrfs::{self, Btrfs};
use crate::formats::disk::{Disk, DiskError, Filesystem, Patience, Result, Structures, ext, fat, xfs};
use crate::formats::text::names;
use crate::probes::lun::contents;
use std::sync::Arc;

/// A filesystem that is open.
#[derive(Debug)]
pub(super) enum Opened {
    /// One tree of files.
    Plain(Arc<dyn Filesystem>),
    /// Several, its subvolumes.
    Btrfs(Btrfs),
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
        "btrfs" => Opened::Btrfs(btrfs::open(disk)?),
        kind => return Err(DiskError::Unsupported(format!("the filesystem is {kind}"))),
    })
}

impl Opened {
    /// The tree that a mount shows: without a subvolume the default one.
    pub(super) fn at(&self, subvolume: Option<&str>) -> Result<Arc<dyn Filesystem>> {
        match (self, subvolume) {
            (Self::Plain(filesystem), _) => Ok(Arc::clone(filesystem)),
            (Self::Btrfs(btrfs), None) => Ok(Arc::new(btrfs.at(btrfs.default_subvolume()?)?)),
            (Self::Btrfs(btrfs), Some(path)) => {
                let wanted = names::encode(path);
                let all = btrfs.subvolumes()?;
                let found = all.iter().find(|one| one.path == wanted[..]);
                let absent = || DiskError::Read(format!("there is no subvolume {path}"));
                Ok(Arc::new(btrfs.at(found.ok_or_else(absent)?.id)?))
            }
        }
    }

    /// The tree that is mounted with the options of a line of fstab (btrfs(5): `subvol=`, `subvolid=`).
    pub(super) fn mounted_by(&self, options: &[String]) -> Result<Arc<dyn Filesystem>> {
        let option = |name: &str| options.iter().rev().find_map(|option| option.strip_prefix(name));
        match (self, option("subvol="), option("subvolid=")) {
            (Self::Btrfs(btrfs), None, Some(id)) => {
                let id = id.parse().map_err(|_| DiskError::Read(format!("there is no subvolume with the id {id}")))?;
                Ok(Arc::new(btrfs.at(id)?))
            }
            (_, path, _) => self.at(path.map(|path| path.trim_start_matches('/'))),
        }
    }

    /// Paths of the subvolumes below the top; none where there is one tree.
    pub(super) fn subvolumes(&self) -> Result<Vec<String>> {
        match self {
            Self::Plain(_) => Ok(Vec::new()),
            Self::Btrfs(btrfs) => Ok(btrfs.subvolumes()?.iter().map(|one| names::decode(&one.path)).collect()),
        }
    }
}
