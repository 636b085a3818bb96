//! The boot loader: GRUB's configuration and environment, Boot Loader Specification entries, unified kernel images.

pub mod bls;
pub mod grub_cfg;
pub(crate) mod grub_defaults;
pub(crate) mod grubenv;
pub(crate) mod uki;
