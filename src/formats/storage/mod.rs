//! Storage: what a block device holds, LVM's configuration and metadata, fstab(5), crypttab(5), mdadm.conf(5), and SCSI
//! identification.

pub(crate) mod crypttab;
pub(crate) mod fstab;
pub(crate) mod fstab_edit;
mod lines;
pub(crate) mod lvm;
pub(crate) mod mdadm_conf;
pub(crate) mod signature;
pub(crate) mod vpd;
