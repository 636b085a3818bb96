//! isctpl: network and boot diagnostics for servers whose root disk is an iSCSI LUN.
//!
//! Facts flow one way, down four floors: `main` starts; [`commands`] knows what was asked;
//! [`report`] says it, [`probes`] read it and [`procedures`] change it; [`formats`], [`system`] and the crate
//! `isctpl_checks` parse, touch the kernel, and judge.

#![cfg_attr(
    fuzzing,
    allow(dead_code, unreachable_pub, unused_imports, reason = "the fuzzer reaches the readers alone")
)]

#[cfg(not(fuzzing))]
pub mod cli;
#[cfg(fuzzing)]
mod cli;
#[cfg(not(fuzzing))]
pub mod commands;
#[cfg(fuzzing)]
mod commands;
#[cfg(not(fuzzing))]
pub mod formats;
#[cfg(fuzzing)]
mod formats;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub(crate) mod names;
#[cfg(not(fuzzing))]
pub mod probes;
#[cfg(fuzzing)]
mod probes;
#[cfg(not(fuzzing))]
pub mod procedures;
#[cfg(fuzzing)]
mod procedures;
#[cfg(not(fuzzing))]
pub mod report;
#[cfg(fuzzing)]
mod report;
#[cfg(not(fuzzing))]
pub mod system;
#[cfg(fuzzing)]
mod system;
#[cfg(not(fuzzing))]
pub mod watch;
#[cfg(fuzzing)]
mod watch;
