//! The superblock (`struct xfs_dsb` in `fs/xfs/libxfs/xfs_format.h`; what is held to what: `xfs_sb.c`).

use super::checksum;
use super::features::Features;
use super::view::{Place, View};
use crate::formats::disk::{Disk, DiskError, Result};

/// The most that a superblock's sector takes, in bytes.
const LARGEST_SECTOR: u64 = 32768;
/// What the fields that are read take.
const LENGTH: usize = 264;
const MAGIC: &[u8] = b"XFSB";

/// What of the superblock the rest needs.
#[derive(Debug, Clone)]
pub(super) struct Superblock {
    /// Bytes of a filesystem block, a power of two from 512 to 65536.
    pub(super) block_size: u32,
    /// Its logarithm to base 2.
    pub(super) block_log: u32,
    /// Filesystem blocks.
    pub(super) blocks: u64,
    /// Blocks of each allocation group but the last one, which may be shorter.
    pub(super) group_blocks: u32,
    /// Bits of a block's number within its group, in a number of the whole filesystem.
    pub(super) group_log: u32,
    /// Allocation groups.
    pub(super) groups: u32,
    /// Bytes of an inode.
    pub(super) inode_size: usize,
    /// Bits of an inode's number within its block.
    pub(super) inodes_log: u32,
    /// Filesystem blocks of a directory block, a power of two.
    pub(super) dir_blocks: u64,
    /// Inode of the top directory.
    pub(super) root: u64,
    /// First filesystem block of the log; 0 when it lies on another device.
    pub(super) log_start: u64,
    /// Filesystem blocks of the log.
    pub(super) log_blocks: u32,
    /// What the user sees; the log's records carry it.
    pub(super) uuid: [u8; 16],
    /// What metadata blocks carry.
    pub(super) metadata_uuid: [u8; 16],
    /// How it is laid out.
    pub(super) features: Features,
}

impl Superblock {
    /// Reads and judges the primary superblock.
    ///
    /// # Errors
    /// When it is damaged, or the filesystem is of a kind that is not read.
    pub(super) fn read(disk: &Disk) -> Result<Self> {
        let head = disk.metadata(0, LENGTH)?;
        let head = View::new(&head, Place::Superblock);
        if head.part(0, 4)? != MAGIC {
            return Err(head.damaged("it does not begin with XFSB"));
        }
        let features = Features::read(head)?;
        if features.version5 {
            let sector = u64::from(head.u16(102)?);
            if !sector.is_power_of_two() || !(512..=LARGEST_SECTOR).contains(&sector) {
                return Err(head.damaged(format!("it tells of sectors of {sector} bytes")));
            }
            let sector = disk.metadata(0, usize::try_from(sector).unwrap_or(LENGTH))?;
            checksum::check(View::new(&sector, Place::Superblock), 224)?;
        }
        features.refuse_unsupported()?;
        if head.u8(126)? != 0 {
            return Err(head.damaged("the mkfs.xfs or xfs_growfs that wrote it has not finished"));
        }
        let superblock = Self::fields(head, features)?;
        superblock.check(head)?;
        superblock.check_device(disk.metadata.size())?;
        Ok(superblock)
    }

    fn fields(head: View<'_>, features: Features) -> Result<Self> {
        let uuid = head.array(32)?;
        let block_log = u32::from(head.u8(120)?);
        let directory_log = u32::from(head.u8(192)?);
        if block_log.saturating_add(directory_log) > 16 {
            return Err(head.damaged("it tells of directory blocks of more than 64 KiB"));
        }
        Ok(Self {
            block_size: head.u32(4)?,
            block_log,
            blocks: head.u64(8)?,
            group_blocks: head.u32(84)?,
            group_log: u32::from(head.u8(124)?),
            groups: head.u32(88)?,
            inode_size: head.count16(104)?,
            inodes_log: u32::from(head.u8(123)?),
            dir_blocks: 1 << directory_log,
            root: head.u64(56)?,
            log_start: head.u64(48)?,
            log_blocks: head.u32(96)?,
            uuid,
            metadata_uuid: if features.metadata_uuid { head.array(248)? } else { uuid },
            features,
        })
    }

    /// That the sizes fit each other, so that no place computed from them is another structure's.
    fn check(&self, head: View<'_>) -> Result<()> {
        let smallest_inode = if self.features.version5 { 512 } else { 256 };
        let group_log = self.group_blocks.checked_next_power_of_two().map(u32::trailing_zeros);
        let before_last = u64::from(self.groups.saturating_sub(1)).saturating_mul(u64::from(self.group_blocks));
        let rules = [
            (self.block_log >= 9 && self.block_log <= 16, "block sizes"),
            (1_u32.checked_shl(self.block_log) == Some(self.block_size), "block sizes"),
            (self.inode_size.is_power_of_two(), "inode sizes"),
            ((smallest_inode..=2048).contains(&self.inode_size), "inode sizes"),
            ((self.inode_size as u64).checked_shl(self.inodes_log) == Some(u64::from(self.block_size)), "inode sizes"),
            (self.groups > 0 && self.group_blocks >= 64, "allocation groups"),
            (group_log == Some(self.group_log), "allocation groups"),
            (self.blocks > before_last, "allocation groups"),
            (self.blocks <= before_last.saturating_add(u64::from(self.group_blocks)), "allocation groups"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, what)) => Err(head.damaged(format!("its fields contradict each other over {what}"))),
            None => Ok(()),
        }
    }

    /// That all of the filesystem is there: the kernel reads its last block before it mounts it.
    fn check_device(&self, device: u64) -> Result<()> {
        match self.blocks.checked_mul(u64::from(self.block_size)) {
            Some(bytes) if bytes <= device => Ok(()),
            _ => Err(DiskError::damaged(
                Place::Superblock.to_string(),
                format!("it has {} blocks of {} bytes, the device {device} bytes", self.blocks, self.block_size),
            )),
        }
    }

    /// Bytes of a directory block.
    pub(super) fn dir_size(&self) -> usize {
        usize::try_from(self.dir_blocks << self.block_log).unwrap_or(usize::MAX)
    }

    /// Where a run of `count` blocks lies that begins at the block of this number (`xfs_fsblock_t`: the group in the
    /// upper bits, the block within it in the lower ones), in bytes. `None` when not all of it lies in one group.
    pub(super) fn place(&self, block: u64, count: u64) -> Option<u64> {
        let group = block >> self.group_log;
        let within = block & ((1 << self.group_log) - 1);
        let start = group.checked_mul(u64::from(self.group_blocks))?;
        let length = self.blocks.checked_sub(start)?.min(u64::from(self.group_blocks));
        let fits = group < u64::from(self.groups) && within.checked_add(count)? <= length;
        fits.then_some(start.checked_add(within)?).and_then(|block| block.checked_mul(u64::from(self.block_size)))
    }

    /// Where an inode lies, in bytes. `None` when its number is none of this filesystem.
    pub(super) fn inode_place(&self, number: u64) -> Option<u64> {
        let block = self.place(number >> self.inodes_log, 1)?;
        let within = number & ((1 << self.inodes_log) - 1);
        block.checked_add(within.checked_mul(self.inode_size as u64)?)
    }
}
