//! Whether a root is where a filesystem is mounted, and on which device that filesystem lies.

use super::Root;
use super::errno::in_words;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};

/// The device number of the filesystem mounted at the root; `None` when the root is a plain directory,
/// whose filesystem is the host's and says nothing of the instance. Major 0 means a filesystem without a
/// device of its own number: btrfs, overlay, tmpfs.
///
/// # Errors
/// When the kernel does not say: STATX_ATTR_MOUNT_ROOT came with Linux 5.8.
pub(crate) fn device_of_mount(root: &Root) -> Result<Option<(u32, u32)>, Problem> {
    let place = || root.path().display().to_string();
    let stat = statx(CWD, root.path(), AtFlags::NO_AUTOMOUNT, StatxFlags::BASIC_STATS)
        .map_err(|errno| Problem::new(place(), in_words(Errno::from_raw(errno.raw_os_error()))))?;
    if !stat.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) {
        return Err(Problem::new(place(), "the kernel does not report whether something is mounted there"));
    }
    let mounted = stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
    Ok(mounted.then_some((stat.stx_dev_major, stat.stx_dev_minor)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_plain_directory_is_no_mount() {
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        assert_eq!(device_of_mount(&root).unwrap(), None);
    }

    #[test]
    fn proc_is_a_mount_without_a_device() {
        let root = Root::open(Path::new("/proc")).unwrap();
        assert!(matches!(device_of_mount(&root), Ok(Some((0, _)))));
    }
}
