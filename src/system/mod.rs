//! The only rooms that touch the kernel.

pub mod cancel;
pub mod command;
pub mod disk;
mod filesystem;
pub mod holders;
mod meta;
pub mod mount;
pub mod mounted;
pub mod netlink;
pub mod reach;
pub mod replace;
pub mod root;
pub mod terminal;

pub use meta::{FileKind, Meta};
pub use root::Root;
