//! The only rooms that touch the kernel.

pub mod disk;
pub mod holders;
pub mod mounted;
pub mod netlink;
pub mod reach;
pub mod root;

pub use root::{FileKind, Meta, Root};
