//! One a source: a root or the kernel in, facts out. A probe that fails records why; the run goes on.

mod beforehand;
pub(crate) mod boot_files;
pub(crate) mod cmdline;
pub(crate) mod dhcp;
mod disk;
mod fenced;
mod files;
pub(crate) mod firmware;
mod gather;
pub(crate) mod initramfs;
pub(crate) mod iscsi;
pub(crate) mod kernel;
pub(crate) mod loader;
pub mod lun;
pub(crate) mod netconfig;
pub mod network;
pub(crate) mod nics;
mod os_release;
mod reader;
mod request;
mod same_machine;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod services;
pub(crate) mod storage;
pub(crate) mod template;
mod timeline;
mod unified;
mod units;
mod watched;
mod words;

pub use beforehand::Beforehand;
pub use gather::{described_unread, gather, gather_kernel};
pub use reader::{Gather, answer_watcher, answer_watcher_by};
pub use request::{GatherRequest, Stage, is_running_root};
pub use watched::{Listener, gather_watched};
