//! What headers tell of the layers below a filesystem: LUKS (on-disk format 1.2.3 and 2), members of Linux's software
//! RAID (`struct mdp_superblock_1` of `include/uapi/linux/raid/md_p.h`), what a btrfs says
//! (`struct btrfs_super_block`).

use super::bytes::{array, has, slice, text, u32_at, u64_at};
use isctpl_checks::facts::{LuksHeader, MdRaid};

pub(super) fn luks(head: &[u8]) -> Option<LuksHeader> {
    let version = array(head, 6).map(u16::from_be_bytes)?;
    let cipher = match version {
        1 => text(head, 8, 32).zip(text(head, 40, 32)).map(|(cipher, mode)| format!("{cipher}-{mode}")),
        2 => luks2_cipher(head),
        _ => None,
    };
    // It goes into sentences: what no kernel has as a name is none.
    let is_name =
        |name: &String| name.len() <= 64 && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_:,()".contains(&c));
    Some(LuksHeader { version, cipher: cipher.filter(is_name) })
}

/// The encryption of the first segment in LUKS2's JSON area, which follows the binary header.
fn luks2_cipher(head: &[u8]) -> Option<String> {
    const BINARY: usize = 4096;
    let size = usize::try_from(array(head, 8).map(u64::from_be_bytes)?).ok()?;
    let area = slice(head, BINARY, size.checked_sub(BINARY)?.min(head.len().saturating_sub(BINARY)))?;
    let json = area.split(|byte| *byte == 0).next()?;
    let json: serde_json::Value = serde_json::from_slice(json).ok()?;
    json.get("segments")?.get("0")?.get("encryption")?.as_str().map(str::to_owned)
}

/// A superblock at the beginning of a member (versions 1.1 and 1.2).
pub(super) fn raid(head: &[u8]) -> Option<MdRaid> {
    let at = [0usize, 4096].into_iter().find(|at| u32_at(head, *at) == Some(super::filesystem::RAID_MAGIC))?;
    let level = u32_at(head, at + 72)?.cast_signed();
    let uuid: [u8; 16] = array(head, at + 16)?;
    Some(MdRaid {
        level: match level {
            -1 => Some("linear".to_owned()),
            0 | 1 | 4 | 5 | 6 | 10 => Some(format!("raid{level}")),
            _ => None,
        },
        uuid: Some(uuid.iter().map(|byte| format!("{byte:02x}")).collect()),
    })
}

/// Where the first superblock of a btrfs lies.
const BTRFS: usize = 64 << 10;

pub(super) fn btrfs_devices(head: &[u8]) -> Option<u64> {
    has(head, BTRFS + 0x40, b"_BHRfS_M").then(|| u64_at(head, BTRFS + 0x88)).flatten().filter(|count| *count > 0)
}

/// `csum_type`, as the crypto API names the algorithm (`btrfs_csums` of fs/btrfs/ctree.c).
pub(super) fn btrfs_checksum(head: &[u8]) -> Option<&'static str> {
    let kind = has(head, BTRFS + 0x40, b"_BHRfS_M").then(|| array(head, BTRFS + 0xc4)).flatten()?;
    Some(match u16::from_le_bytes(kind) {
        0 => "crc32c",
        1 => "xxhash64",
        2 => "sha256",
        3 => "blake2b-256",
        _ => return None,
    })
}
