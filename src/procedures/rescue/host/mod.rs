//! What this machine's programs and kernel are asked to do: open-iscsi, LVM, mounts, and what holds a disk.

pub(super) mod holders;
pub(super) mod lvm;
pub(super) mod mount_point;
pub(super) mod mounts;
pub(super) mod open_iscsi;
pub(super) mod session;
