//! The image of an initramfs: archives one after another, compressed, and the programs and modules in them.

pub(crate) mod allowance;
pub(crate) mod compression;
pub(crate) mod cpio;
pub(crate) mod elf;
