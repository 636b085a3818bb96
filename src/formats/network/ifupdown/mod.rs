//! interfaces(5) of ifupdown, with what ifupdown2 and ifupdown-ng add.

mod convert;
pub(crate) mod edit;
mod ports;
mod refusals;
pub(crate) mod routes;
mod stanzas;
#[cfg(test)]
mod tests;

pub(crate) use convert::interfaces;
pub(crate) use stanzas::{Iface, Include, Item, Stanza, parse};
