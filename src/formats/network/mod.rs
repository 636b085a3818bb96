//! Network configuration: the files of each network manager, leases of DHCP clients, and DHCP option 121.

pub mod classless_routes;
mod condition;
pub mod dhclient_conf;
pub(crate) mod dhcpcd_conf;
pub mod ifupdown;
pub mod keyfile;
pub mod leases;
pub mod link;
pub mod netplan;
pub mod networkd;
