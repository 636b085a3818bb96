//! LVM2's text files: lvm.conf(5) and lvmlocal.conf, the devices file, and the metadata of a volume group.

mod config;
mod devices_file;
pub(crate) mod edit;
mod metadata;
mod segments;
mod tree;

pub(crate) use config::{Settings, settings};
pub(crate) use devices_file::devices_file;
pub(crate) use metadata::{VolumeGroup, volume_group};
pub(crate) use segments::{Layout, layout};
