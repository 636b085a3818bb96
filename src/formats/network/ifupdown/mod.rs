//! interfaces(5) of ifupdown, with what ifupdown2 and ifupdown-ng add.

mod convert;
pub(crate) mod edit;
mod file;
mod ports;
mod refusals;
pub(crate) mod routes;
mod stanzas;
#[cfg(test)]
mod tests;

pub(crate) use convert::interfaces;
pub(crate) use file::{Iface, Include, Item, Stanza};
pub(crate) use stanzas::parse;
