//! isctpl: network and boot diagnostics for servers whose root disk is an iSCSI LUN.
//!
//! Facts flow one way, down four floors: `main` starts; [`commands`] knows what was asked;
//! [`report`] says it, [`probes`] read it and [`procedures`] change it; [`formats`], [`system`] and the crate
//! `isctpl_checks` parse, touch the kernel, and judge.

pub mod cli;
pub mod commands;
pub mod formats;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub(crate) mod names;
pub mod probes;
pub mod procedures;
pub mod report;
pub mod system;
pub mod watch;
