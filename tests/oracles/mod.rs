//! Oracles: what isctpl makes of a language, side by side with the program that owns it.
//!
//! Inputs are generated from fixed seeds. A disagreement fails the test with the smallest input that still shows it.
//! Each oracle prints how many cases there were and what became of them; with `ISCTPL_UPDATE=1` it writes that into
//! `tests/oracles/results.md`.
//!
//! Programs that would change a machine by being installed are unpacked below `target/oracles` by
//! `scripts/unpack-oracles`, and run from there.

mod compare;
mod cpio;
mod dhclient;
mod files;
mod grub;
mod ifupdown;
mod lvm;
mod netplan;
mod nft;
pub(crate) mod packages;
pub(crate) mod random;
mod results;
mod shell;
mod sourced;
mod udev;
mod words;
