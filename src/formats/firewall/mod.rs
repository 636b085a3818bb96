//! Rules of packet filters, as their programs save and load them, and what these do with a packet.

pub(crate) mod iptables;
pub(crate) mod iptables_edit;
pub(crate) mod nftables;
pub(crate) mod rules;
