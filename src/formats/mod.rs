//! Bytes in, values out: no I/O, and no panic on any input.

pub mod bls;
pub mod bzimage;
pub mod classless_routes;
pub mod cmdline;
pub mod command_secrets;
pub mod compression;
pub mod cpio;
pub mod dhclient_conf;
pub mod elf;
pub mod fstab;
pub mod grub_cfg;
pub mod grub_defaults;
pub mod grubenv;
pub mod ibft_sysfs;
pub mod ibft_table;
pub mod ifupdown;
pub mod keyfile;
pub mod leases;
pub mod lvm;
pub mod module_index;
pub mod netplan;
pub mod open_iscsi;
pub mod script_scan;
pub mod shell;
pub mod signature;
pub mod systemd;
mod yaml;
