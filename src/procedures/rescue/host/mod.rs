//! What this machine's programs and kernel are asked to do: open-iscsi, LVM and mounts.

pub(super) mod lvm;
pub(super) mod mount_point;
pub(super) mod mounts;
pub(super) mod open_iscsi;
