//! Rules of packet filters, as their programs save and load them, and what these do with a packet.

pub mod iptables;
pub mod nftables;
pub mod rules;
