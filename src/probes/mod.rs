//! One a source: a root or the kernel in, facts out. A probe that fails records why; the run goes on.

pub mod boot_files;
pub mod cmdline;
pub mod dhcp;
mod files;
pub mod firmware;
mod gather;
pub mod initramfs;
pub mod iscsi;
pub mod kernel;
pub mod loader;
pub mod lun;
pub mod netconfig;
pub mod network;
pub mod nics;
mod request;
mod same_machine;
#[cfg(test)]
pub(crate) mod sample;
pub mod services;
pub mod storage;
pub mod template;
mod units;
mod watched;

pub use gather::{described_unread, gather, is_running_root};
pub use request::{GatherRequest, Stage};
pub use watched::{answer_watcher, gather_watched};
