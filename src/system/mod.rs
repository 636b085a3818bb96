//! The only rooms that touch the kernel.

pub mod command;
pub mod disk;
pub mod holders;
pub mod mount;
pub mod mounted;
pub mod netlink;
pub mod reach;
pub mod replace;
pub mod root;
pub mod stop;
pub mod terminal;

pub use root::{FileKind, Meta, Root};
