//! Headers of filesystems, swap, LUKS and RAID.

use super::bytes::{array, has, slice, text, u16_at, u32_at, uuid};
use isctpl_checks::facts::Signature;

/// What stands in the first blocks, partition tables and LVM aside.
pub(super) fn identify(head: &[u8]) -> Option<Signature> {
    luks(head)
        .or_else(|| raid(head))
        .or_else(|| xfs(head))
        .or_else(|| ext(head))
        .or_else(|| btrfs(head))
        .or_else(|| swap(head))
        .or_else(|| vfat(head))
        .or_else(|| other(head))
}

fn filesystem(kind: &str, uuid: Option<String>, label: Option<String>) -> Option<Signature> {
    Some(Signature::Filesystem { kind: kind.to_owned(), uuid, label })
}

fn luks(head: &[u8]) -> Option<Signature> {
    has(head, 0, b"LUKS\xba\xbe").then(|| Signature::Luks { uuid: text(head, 168, 40) })
}

/// What begins a superblock of Linux's software RAID (`MD_SB_MAGIC`).
pub(super) const RAID_MAGIC: u32 = 0xa92b_4efc;

/// A member of Linux's software RAID with its superblock at the start (versions 1.1 and 1.2).
fn raid(head: &[u8]) -> Option<Signature> {
    let member = [0, 4096].into_iter().any(|offset| u32_at(head, offset) == Some(RAID_MAGIC));
    member.then(|| Signature::Other("linux_raid_member".to_owned()))
}

fn xfs(head: &[u8]) -> Option<Signature> {
    has(head, 0, b"XFSB").then(|| filesystem("xfs", uuid(head, 32), text(head, 108, 12))).flatten()
}

fn ext(head: &[u8]) -> Option<Signature> {
    const SUPERBLOCK: usize = 1024;
    const HAS_JOURNAL: u32 = 0x4;
    const JOURNAL_DEVICE: u32 = 0x8;
    // What ext2 and ext3 know: filetype, recover, meta_bg; and sparse_super, large_file, btree_dir.
    const INCOMPAT_EXT3: u32 = 0x16;
    const RO_COMPAT_EXT3: u32 = 0x7;
    if u16_at(head, SUPERBLOCK + 0x38)? != 0xef53 {
        return None;
    }
    let compat = u32_at(head, SUPERBLOCK + 0x5c)?;
    let incompat = u32_at(head, SUPERBLOCK + 0x60)?;
    let ro_compat = u32_at(head, SUPERBLOCK + 0x64)?;
    if incompat & JOURNAL_DEVICE != 0 {
        return Some(Signature::Other("jbd".to_owned()));
    }
    let kind = if incompat & !INCOMPAT_EXT3 != 0 || ro_compat & !RO_COMPAT_EXT3 != 0 {
        "ext4"
    } else if compat & HAS_JOURNAL != 0 {
        "ext3"
    } else {
        "ext2"
    };
    filesystem(kind, uuid(head, SUPERBLOCK + 0x68), text(head, SUPERBLOCK + 0x78, 16))
}

fn btrfs(head: &[u8]) -> Option<Signature> {
    const SUPERBLOCK: usize = 64 << 10;
    has(head, SUPERBLOCK + 0x40, b"_BHRfS_M")
        .then(|| filesystem("btrfs", uuid(head, SUPERBLOCK + 0x20), text(head, SUPERBLOCK + 0x12b, 256)))
        .flatten()
}

/// Swap ends its first page with its magic, and pages are of 4, 8, 16 or 64 KiB.
fn swap(head: &[u8]) -> Option<Signature> {
    [4096usize, 8192, 16384, 65536]
        .into_iter()
        .any(|page| has(head, page - 10, b"SWAPSPACE2"))
        .then(|| filesystem("swap", uuid(head, 1036), text(head, 1052, 16)))
        .flatten()
}

fn vfat(head: &[u8]) -> Option<Signature> {
    if !has(head, 510, &[0x55, 0xaa]) {
        return None;
    }
    let (id, label) = if has(head, 0x52, b"FAT32   ") {
        (0x43, 0x47)
    } else if has(head, 0x36, b"FAT16   ") || has(head, 0x36, b"FAT12   ") {
        (0x27, 0x2b)
    } else {
        return None;
    };
    let id = array::<4>(head, id).map(|raw| format!("{:02X}{:02X}-{:02X}{:02X}", raw[3], raw[2], raw[1], raw[0]));
    filesystem("vfat", id, text(head, label, 11).filter(|label| label != "NO NAME"))
}

fn other(head: &[u8]) -> Option<Signature> {
    let name = if has(head, 0, b"hsqs") {
        "squashfs"
    } else if has(head, 3, b"NTFS    ") {
        "ntfs"
    } else if has(head, 0x8001, b"CD001") {
        "iso9660"
    } else {
        return None;
    };
    Some(Signature::Other(name.to_owned()))
}

/// A DOS partition table: its mark, and entries that can be entries, at least one of them in use.
pub(super) fn is_dos_table(head: &[u8]) -> bool {
    if !has(head, 510, &[0x55, 0xaa]) {
        return false;
    }
    let mut used = 0;
    for index in 0..4 {
        let Some(entry) = slice(head, 446 + 16 * index, 16) else { return false };
        let (Some(active), Some(kind)) = (entry.first(), entry.get(4)) else { return false };
        if *active & 0x7f != 0 {
            return false;
        }
        used += usize::from(*kind != 0);
    }
    used > 0
}
