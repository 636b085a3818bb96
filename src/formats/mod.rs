//! Bytes in, values out: no I/O, and no panic on any input. One family for each floor of the boot, named as its
//! probes are.

pub mod cmdline;
pub mod firewall;
pub mod image;
pub mod iscsi;
pub mod isctpl_toml;
pub mod kernel;
pub mod loader;
pub mod network;
pub mod shell;
pub mod storage;
pub mod systemd;
pub mod text;
