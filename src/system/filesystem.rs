//! Which filesystems the files of a root may be on.
//!
//! A file of a server is on a disk, in memory, or on a network filesystem. What the kernel makes up when it is
//! asked (proc, sysfs, debugfs, tracefs, cgroup and the like) holds the state of the machine that isctpl runs
//! on, and reading it may change that state: a file that leads there is refused.

use nix::errno::Errno;
use nix::sys::stat::{fstat, major};
use nix::sys::statfs::fstatfs;
use std::os::fd::AsFd;

/// The number by which statfs(2) tells the kind of a filesystem.
pub(super) type Magic = u64;

pub(super) const AUTOFS: Magic = 0x0187;
const BTRFS: Magic = 0x9123_683e;
const BCACHEFS: Magic = 0xca45_1a4e;
const ZFS: Magic = 0x2fc1_2fc1;
const PROC: Magic = 0x9fa0;
pub(super) const SYSFS: Magic = 0x6265_6572;

/// Filesystems that hold files without lying on a block device of their own number. One that is on neither this
/// list nor a block device is refused: a new pseudo filesystem must not be readable because it is new.
const HOLD_FILES: [Magic; 38] = [
    AUTOFS,
    0x0102_1994, // tmpfs, devtmpfs
    0x8584_58f6, // ramfs
    BTRFS,
    BCACHEFS,
    ZFS,
    0x794c_7630, // overlayfs
    0x6175_6673, // aufs
    0xf15f,      // ecryptfs
    0x6a65_6a62, // shiftfs
    0x2405_1905, // ubifs
    0x72b6,      // jffs2
    0xe0f5_e1e2, // erofs, from a file
    0x7371_7368, // squashfs
    0x6969,      // nfs
    0x517b,      // smbfs
    0xff53_4d42, // cifs
    0xfe53_4d42, // smb2
    0x6573_5546, // fuse, virtiofs
    0x0102_1997, // 9p; by its protocol 9P2000.L it tells the kind of the server's own, mostly one of these:
    0xef53,      // ext2, ext3, ext4
    0x5846_5342, // xfs
    0xf2f5_2010, // f2fs
    0x4d44,      // vfat
    0x2011_bab0, // exfat
    0x7366_746e, // ntfs3
    0x9660,      // iso9660
    0x00c3_6400, // ceph
    0x5346_414f, // afs
    0x6b41_4653, // kafs
    0x7375_7245, // coda
    0x786f_4256, // vboxsf
    0xbacb_acbc, // vmhgfs
    0x0bd0_0bd0, // lustre
    0x4750_4653, // gpfs
    0x2003_0528, // orangefs
    0x00c0_ffee, // hostfs
    0xaad7_aaea, // panfs
];

/// Names of what is refused, for messages.
const KERNELS_OWN: [(Magic, &str); 19] = [
    (PROC, "proc"),
    (SYSFS, "sysfs"),
    (0x6462_6720, "debugfs"),
    (0x7472_6163, "tracefs"),
    (0x7363_6673, "securityfs"),
    (0x6265_6570, "configfs"),
    (0x0027_e0eb, "cgroup"),
    (0x6367_7270, "cgroup2"),
    (0xcafe_4a11, "bpf"),
    (0x1cd1, "devpts"),
    (0xde5e_81e4, "efivarfs"),
    (0x6165_676c, "pstore"),
    (0xf97c_ff8c, "selinuxfs"),
    (0x4341_5d53, "smackfs"),
    (0x6e73_6673, "nsfs"),
    (0x1980_0202, "mqueue"),
    (0x9584_58f6, "hugetlbfs"),
    (0x4249_4e4d, "binfmt_misc"),
    (0x0765_5821, "resctrl"),
];

/// The kind of the filesystem that an open file or directory is on.
pub(super) fn magic(fd: &impl AsFd) -> Result<Magic, Errno> {
    // The type of the number differs between architectures; the number has 32 bits in all of them.
    #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast, clippy::cast_possible_truncation)]
    fstatfs(fd).map(|stat| Magic::from(stat.filesystem_type().0 as u32))
}

/// Whether an open file or directory is on a disk of this machine: neither in memory nor on a server. Three kinds of
/// filesystems on disks have numbers of their own in place of the disk's.
pub(super) fn is_on_disk(fd: &impl AsFd) -> Result<bool, Errno> {
    Ok([BTRFS, BCACHEFS, ZFS].contains(&magic(fd)?) || major(fstat(fd)?.st_dev) != 0)
}

/// What the kernel calls a filesystem that it makes up; `None` of any other one.
fn kernels_name(magic: Magic) -> Option<&'static str> {
    KERNELS_OWN.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

/// Whether an open file or directory is known to be on a filesystem that the kernel makes up.
pub(super) fn is_kernels(fd: &impl AsFd) -> bool {
    magic(fd).is_ok_and(|magic| kernels_name(magic).is_some())
}

/// Why a file may not be read as a file of a root: the name of the kernel's filesystem that it is on.
/// `own` is the kind of the root directory itself, which was chosen by whoever opened it.
pub(super) fn refused(fd: &impl AsFd, own: Magic, kernel_asked: bool) -> Result<Option<String>, Errno> {
    let magic = magic(fd)?;
    if magic == own || HOLD_FILES.contains(&magic) || (kernel_asked && [PROC, SYSFS].contains(&magic)) {
        return Ok(None);
    }
    let named = kernels_name(magic);
    if named.is_none() && major(fstat(fd)?.st_dev) != 0 {
        return Ok(None);
    }
    Ok(Some(named.map_or_else(|| format!("an unknown filesystem (type {magic:#x})"), str::to_owned)))
}
