//! The only rooms that touch the kernel.

#[cfg(any(test, fuzzing))]
pub(crate) mod allocations;
pub(crate) mod attention;
mod boot;
mod budget;
pub mod cancel;
mod capabilities;
pub(crate) mod command;
mod descriptors;
pub(crate) mod disk;
pub(crate) mod errno;
pub mod fence;
mod filesystem;
pub mod holders;
pub(crate) mod image;
pub(crate) mod inside;
pub(crate) mod iscsi_events;
pub(crate) mod lock;
mod meta;
pub(crate) mod mount;
pub(crate) mod mounted;
pub mod netlink;
pub mod reach;
pub(crate) mod removal;
pub(crate) mod replace;
pub(crate) mod resolv_conf;
pub mod root;
pub(crate) mod steady;
pub(crate) mod terminal;
pub(crate) mod unit_starts;

pub(crate) use boot::{awake, boot_id, processor_time, since_boot};
pub use budget::Budget;
pub use meta::{FileKind, Meta};
pub use root::{Root, RootFile};
