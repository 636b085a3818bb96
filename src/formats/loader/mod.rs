//! The boot loader: GRUB's configuration and environment, and Boot Loader Specification entries.

pub(crate) mod bls;
pub(crate) mod grub_cfg;
pub(crate) mod grub_defaults;
pub(crate) mod grubenv;
