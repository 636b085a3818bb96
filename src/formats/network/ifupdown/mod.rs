//! interfaces(5) of ifupdown, with what ifupdown2 and ifupdown-ng add.

mod convert;
pub(crate) mod routes;
mod stanzas;
#[cfg(test)]
mod tests;

pub use convert::interfaces;
pub use stanzas::{Iface, IfaceOption, Include, InterfacesFile, Item, Stanza, parse};
