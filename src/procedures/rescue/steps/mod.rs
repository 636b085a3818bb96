//! The steps, each in a file named for what it does.

pub(super) mod activate_volumes;
pub(super) mod bind_kernel_filesystems;
pub(super) mod chap;
pub(super) mod find_lun;
pub(super) mod initiator_name;
pub(super) mod interface_record;
pub(super) mod iscsid;
pub(super) mod login;
pub(super) mod mount_fstab;
pub(super) mod mount_root;
pub(super) mod network;
pub(super) mod node_record;
pub(super) mod requirements;
pub(super) mod resolv_conf;
