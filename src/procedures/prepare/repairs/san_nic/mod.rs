//! The SAN NIC keeps its address and its route to the target in the real root, in the words of the manager whose
//! configuration takes it over.

mod configuration;
mod ifupdown;
mod netplan;
mod networkd;
mod profiles;
#[cfg(test)]
mod tests;

use crate::formats::shell::edit::with_value;
use crate::procedures::prepare::draft::{Draft, Refusal};
use configuration::refusal;
use isctpl_checks::SanNicNeed;
use isctpl_checks::facts::{Facts, InterfaceConfig, Manager};

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
        Manager::Wicked => draft.edit(&config.at.path, "Set STARTMODE=nfsroot for the SAN NIC", |text| {
            with_value(text, "STARTMODE", "nfsroot")
        }),
        Manager::CloudInit | Manager::Unread => {
            Err(refusal(config, "is of a manager that isctpl does not read", "Configure the SAN NIC by hand"))
        }
    }
}
