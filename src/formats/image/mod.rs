//! The image of an initramfs: archives one after another, compressed, and the programs and modules in them.

pub mod compression;
pub mod cpio;
pub mod elf;
