//! What the first blocks of a device say: a filesystem, an LVM2 physical volume, a partition table.
//!
//! Offsets are those of the kernel's and the tools' own headers: ext4 `Documentation/filesystems/ext4`,
//! XFS `xfs_dsb`, btrfs `btrfs_super_block`, swap `union swap_header`, LUKS on-disk format,
//! LVM2 `lib/format_text/layout.h`, md `struct mdp_superblock_1`, UEFI 2.10 section 5. A text of LVM's metadata counts
//! where its checksum is right, as it does for LVM; of other headers no checksum is verified: a damaged one is for
//! its own tools to judge.

mod bytes;
mod filesystem;
mod gpt;
mod layers;
mod physical_volume;

pub(crate) use gpt::{GPT_ENTRY, gpt_entries, gpt_partitions};
pub(crate) use physical_volume::{Area, metadata_area, pv_label};

use crate::formats::storage::lvm;
use isctpl_checks::facts::{LuksHeader, MdRaid, Signature, VolumeLayers};
use std::collections::BTreeMap;
use std::io::{Read, Result, Seek, SeekFrom};

/// How much of a device's beginning is looked at: the last header in it is that of btrfs, at 64 KiB.
pub(crate) const HEAD: u64 = 128 << 10;

/// The most metadata text of a volume group that is read.
const METADATA_LIMIT: u64 = 1 << 20;

/// What a device says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// What it is.
    pub signature: Option<Signature>,
    /// Of a physical volume: what the volumes of its group are made of.
    pub volumes: BTreeMap<String, VolumeLayers>,
    /// Of a physical volume: where the volumes of its group lie.
    pub layout: Option<lvm::Layout>,
    /// Of a member of Linux's software RAID.
    pub raid: Option<MdRaid>,
    /// Of a btrfs: on how many devices it lies.
    pub btrfs_devices: Option<u64>,
    /// Of a btrfs: the algorithm of its checksums.
    pub btrfs_checksum: Option<&'static str>,
    /// Of a LUKS device.
    pub luks: Option<LuksHeader>,
}

/// What the first [`HEAD`] bytes of a device say; a physical volume's group is not in them, see [`read`].
pub(crate) fn identify(head: &[u8]) -> Option<Signature> {
    if let Some(label) = pv_label(head) {
        return Some(Signature::LvmPv { uuid: label.uuid, vg: None, lvs: Vec::new(), pv_count: 0 });
    }
    // A filesystem's boot sector ends as a DOS partition table does, so tables are looked for last.
    filesystem::identify(head).or_else(|| {
        if gpt::header(head).is_some() {
            Some(Signature::PartitionTable("gpt".to_owned()))
        } else if filesystem::is_dos_table(head) {
            Some(Signature::PartitionTable("dos".to_owned()))
        } else {
            None
        }
    })
}

/// Reads what a device says of itself, with the volume group's metadata where it is a physical volume.
///
/// # Errors
/// When the first blocks cannot be read. A physical volume whose metadata cannot be read is one
/// without a group.
pub(crate) fn read(device: &mut (impl Read + Seek)) -> Result<Contents> {
    let head = head(device)?;
    let Some(label) = pv_label(&head) else { return Ok(contents(&head, identify(&head))) };
    let group = label.metadata.iter().find_map(|area| group_of(device, area));
    let (group, layout) = group.unwrap_or_default();
    let pv_count = u32::try_from(group.pvs.len()).unwrap_or(u32::MAX);
    let vg = Some(group.name).filter(|name| !name.is_empty());
    let signature = Some(Signature::LvmPv { uuid: label.uuid, vg, lvs: group.lvs, pv_count });
    Ok(Contents { signature, volumes: group.layers, layout, ..Contents::default() })
}

/// Adds to a signature what the same blocks tell besides.
fn contents(head: &[u8], signature: Option<Signature>) -> Contents {
    let mut found = Contents::default();
    match &signature {
        Some(Signature::Luks { .. }) => found.luks = layers::luks(head),
        Some(Signature::Filesystem { kind, .. }) if kind == "btrfs" => {
            found.btrfs_devices = layers::btrfs_devices(head);
            found.btrfs_checksum = layers::btrfs_checksum(head);
        }
        Some(Signature::Other(_)) => found.raid = layers::raid(head),
        _ => {}
    }
    Contents { signature, ..found }
}

/// Reads the first [`HEAD`] bytes, or as many as there are.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn head(device: &mut (impl Read + Seek)) -> Result<Vec<u8>> {
    at(device, 0, HEAD)
}

fn at(device: &mut (impl Read + Seek), offset: u64, length: u64) -> Result<Vec<u8>> {
    device.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    device.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn group_of(device: &mut (impl Read + Seek), area: &Area) -> Option<(lvm::VolumeGroup, Option<lvm::Layout>)> {
    let header = at(device, area.offset, 512).ok()?;
    let found = metadata_area(&header, *area)?;
    let pieces = found.pieces();
    if pieces.iter().map(|piece| piece.size).fold(0u64, u64::saturating_add) > METADATA_LIMIT {
        return None;
    }
    let mut text = Vec::new();
    for piece in pieces {
        text.extend(at(device, piece.offset, piece.size).ok()?);
    }
    let text = found.is_sound(&text).then(|| String::from_utf8_lossy(&text))?;
    Some((lvm::volume_group(&text)?, lvm::layout(&text)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
