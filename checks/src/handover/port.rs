//! The SAN NIC as a port of a bond, bridge, team, virtual switch or VRF.

use super::identity::SanIdentity;
use super::managers::{activated_by_hand, manager_starts, renderer};
use super::nic_match::any_pattern;
use crate::facts::{Facts, InterfaceConfig, Location, Manager};

/// What makes the SAN NIC a port.
pub(super) struct Port {
    /// What happens to the NIC, as a sentence.
    pub(super) what: String,
    /// The line that says so, where it is not the configuration's own place.
    pub(super) at: Option<(Location, String)>,
    /// It happens only when somebody activates the configuration.
    pub(super) dormant: bool,
}

/// Whether a configuration of what lies above the SAN NIC names it as a port, by its name or its MAC address. A VLAN
/// leaves it as it is.
pub(super) fn is_port(config: &InterfaceConfig, san: &SanIdentity) -> bool {
    let is_named = |known: &String| any_pattern(&config.lower, known);
    config.vlan.is_none() && !config.lower.is_empty() && san.name.iter().chain(&san.mac).any(is_named)
}

/// What makes the SAN NIC a port, seen from above or from the NIC's own configuration.
///
/// The kernel hands what arrives at a port of a bond or a bridge to that (`rx_handler`), and moves the routes of a VRF's
/// port to the VRF's table (`do_vrf_add_slave()`): in either way the session, which is bound to no interface, is cut.
pub(super) fn port(facts: &Facts, config: &InterfaceConfig, san: &SanIdentity) -> Option<Port> {
    let dormant = activated_by_hand(facts, config) && !brings_ports_up(facts);
    if is_port(config, san) {
        let name = config.matches.names.first().map_or("another interface", String::as_str);
        let what = format!("{name} takes this NIC as a port, and the session loses its address or its route");
        return Some(Port { what, at: None, dormant });
    }
    let upper = config.port_of.as_ref()?;
    let manager = renderer(config).name();
    let what =
        format!("{manager} makes this NIC a port of {}, and the session loses its address or its route", upper.value);
    Some(Port { what, at: Some((upper.at.clone(), format!("a port of {}", upper.value))), dormant })
}

/// Whether a profile of NetworkManager brings up the ports of what it makes, whatever they do meanwhile
/// (autoconnect_slaves() in nm-manager.c). Otherwise a NIC that is up already gets no profile
/// (schedule_activate_check() in nm-policy.c).
fn brings_ports_up(facts: &Facts) -> bool {
    let profiles = |config: &&InterfaceConfig| matches!(config.manager, Manager::NetworkManager | Manager::Ifcfg);
    manager_starts(facts, Manager::NetworkManager)
        && facts.netconfig.interfaces.iter().filter(profiles).any(|config| config.at_boot && config.brings_ports_up)
}
