//! What each manager does to a SAN NIC that its configuration is for.

use super::disruption::{Disruption, networkd, profile, reconfigured};
use super::identity::SanIdentity;
use super::ifupdown;
use super::managers::renderer;
use super::port::port;
use crate::Analysis;
use crate::facts::{InterfaceConfig, Manager};

/// What a configuration does to the address and the routes that the initramfs left.
pub(super) fn disruptions(facts: &Analysis<'_>, config: &InterfaceConfig, san: &SanIdentity) -> Vec<Disruption> {
    if let Some(port) = port(facts, config, san) {
        let mut disruption = reconfigured(config, port.what, "Remove the SAN NIC from bonds, bridges and VRFs");
        disruption.at.extend(port.at);
        // What is built on the bond or bridge is not known.
        return vec![Disruption { dormant: port.dormant, need: None, ..disruption }];
    }
    match renderer(config) {
        Manager::Ifupdown => ifupdown::disruptions(facts, config),
        Manager::Networkd => networkd(facts, config),
        Manager::NetworkManager | Manager::Ifcfg | Manager::Dhcpcd | Manager::Netplan => profile(facts, config),
        // wicked adds to what the NIC has; what it does at shutdown is service-takes-san-nic-down. The others have no
        // configuration of their own; see unread_manager().
        Manager::Wicked | Manager::CloudInit | Manager::Unread => Vec::new(),
    }
}
