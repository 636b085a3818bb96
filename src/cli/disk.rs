//! A disk in place of a root directory.

use clap::Args;
use std::path::PathBuf;

/// A disk in place of a root directory.
#[derive(Debug, Clone, Default, Args)]
pub struct DiskArgs {
    /// Check the system on this disk, which is mounted nowhere: an image, raw or qcow2, or a block device. It is only
    /// read, and nothing is mounted
    #[arg(long, value_name = "FILE", conflicts_with_all = ["root", "same_machine"])]
    pub disk: Option<PathBuf>,

    /// With --disk: the root is on this filesystem, by UUID=..., VG/LV or a partition's name such as sda3
    #[arg(long, value_name = "DEVICE", requires = "disk")]
    pub root_device: Option<String>,

    /// With --root-device: the root is this subvolume of a btrfs
    #[arg(long, value_name = "PATH", requires = "root_device")]
    pub subvolume: Option<String>,
}
