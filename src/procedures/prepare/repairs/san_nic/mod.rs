//! The SAN NIC keeps its address and its route to the target in the real root, in the words of the manager whose
//! configuration takes it over.

mod ifupdown;
mod netplan;
mod networkd;
mod profiles;
#[cfg(test)]
mod tests;

use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::SanNicNeed;
use isctpl_checks::facts::{Facts, InterfaceConfig, Location, Manager, Method};

/// Gives a configuration what it lacks for the SAN NIC. What is not edited in place is a file of isctpl's own, which
/// programs that write configuration, such as cloud-init, leave alone.
pub(crate) fn san_nic(
    draft: &mut Draft<'_>,
    facts: &Facts,
    config: &InterfaceConfig,
    need: &SanNicNeed,
) -> Result<(), Refusal> {
    if config.vlan.is_none() && !config.lower.is_empty() {
        let what = "configures a bond or bridge, and what is built on that is not known";
        return Err(refusal(config, what, "Remove the SAN NIC from bonds and bridges"));
    }
    match config.manager {
        Manager::Ifupdown => ifupdown::repair(draft, facts, config, need),
        Manager::Networkd => networkd::repair(draft, config, need),
        Manager::Netplan => netplan::repair(draft, config, need),
        Manager::NetworkManager => profiles::network_manager(draft, config, need),
        Manager::Ifcfg => profiles::ifcfg(draft, config, need),
        Manager::Dhcpcd => profiles::dhcpcd(draft, config, need),
    }
}

fn refusal(config: &InterfaceConfig, what: impl Into<String>, by_hand: impl Into<String>) -> Refusal {
    Refusal::new(config.at.to_string(), what, by_hand)
}

/// Whether a configuration is for one NIC alone, so that a static route in it is not for others too.
fn is_for_one_nic(config: &InterfaceConfig) -> bool {
    let plain = |list: &[String]| matches!(list, [only] if !only.contains(['*', '?', '[', '!', '/']));
    plain(&config.matches.names) || plain(&config.matches.macs)
}

/// Whether the configuration gives the NIC a static address, and so is bound to one network anyway. A static route
/// beside DHCP would fail on a clone whose lease is from another network.
fn is_static(config: &InterfaceConfig) -> bool {
    config.method != Method::Dhcp && !config.addresses.is_empty()
}

/// What a later file than isctpl's says of a setting holds, whatever isctpl writes.
fn is_decided_later(own: &str, setting: Option<&Location>) -> bool {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    setting.is_some_and(|at| name(&at.path) > name(own))
}
