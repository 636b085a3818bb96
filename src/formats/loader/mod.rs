//! The boot loader: GRUB's configuration and environment, and Boot Loader Specification entries.

pub mod bls;
pub mod grub_cfg;
pub(crate) mod grub_defaults;
pub(crate) mod grubenv;
