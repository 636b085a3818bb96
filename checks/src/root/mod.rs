//! The checks of the link `root`.

mod lvm_filtered;
mod mount_not_netdev;
mod resume_device_missing;
mod subvolume_other;
mod volume_missing;

use crate::Check;

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &volume_missing::CHECK,
    &lvm_filtered::CHECK,
    &subvolume_other::CHECK,
    &mount_not_netdev::CHECK,
    &resume_device_missing::CHECK,
];
