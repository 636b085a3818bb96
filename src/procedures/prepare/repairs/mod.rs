//! What makes each repair's change to the files of a root.

pub(crate) mod dhcp;
pub(crate) mod fallback_loader;
pub(crate) mod firewall;
pub(crate) mod image;
#[cfg(test)]
mod sample;
pub(crate) mod san_nic;
pub(crate) mod services;
mod settings;
pub(crate) mod storage;
pub(crate) mod words;
