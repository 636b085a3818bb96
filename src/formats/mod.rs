//! Bytes in, values out: no I/O, and no panic on any input. One family for each floor of the boot, named as its
//! probes are.

pub mod cmdline;
pub(crate) mod disk;
pub(crate) mod firewall;
#[cfg(test)]
mod growth;
pub(crate) mod image;
pub(crate) mod iscsi;
pub(crate) mod isctpl_toml;
pub(crate) mod kernel;
pub mod loader;
pub mod network;
pub(crate) mod pool;
pub mod shell;
pub(crate) mod snmp;
pub(crate) mod storage;
pub(crate) mod systemd;
pub mod text;
pub(crate) mod timeline;
