//! Storage: what a block device holds, LVM's configuration and metadata, fstab(5), and SCSI identification.

pub mod fstab;
pub mod lvm;
pub mod signature;
pub mod vpd;
