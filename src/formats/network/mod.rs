//! Network configuration: the files of each network manager, leases of DHCP clients, and DHCP option 121.

pub(crate) mod classless_routes;
pub(crate) mod cloud_init;
mod condition;
pub(crate) mod dhclient_conf;
pub(crate) mod dhcpcd_conf;
pub(crate) mod ifupdown;
pub(crate) mod keyfile;
pub mod leases;
pub(crate) mod link;
pub(crate) mod netplan;
pub(crate) mod network_generator;
pub(crate) mod networkd;
pub(crate) mod networkd_edit;
pub(crate) mod wicked;
