//! Who takes the SAN NIC over on the real root.

use super::identity::SanIdentity;
use super::managers::{in_force, is_brought_up_by_iscsistart, manager_starts};
use super::nic_match::{Matches, matches};
use super::port::is_port;
use crate::Analysis;
use crate::facts::{InterfaceConfig, Manager, Method, Problem, Source};

/// A configuration that takes the SAN NIC.
#[derive(Debug)]
pub(crate) struct ConfigMatch<'a> {
    /// The configuration.
    pub(crate) config: &'a InterfaceConfig,
    /// Whether it takes the SAN NIC for certain; otherwise it may.
    pub(crate) certain: bool,
}

/// Every configuration that takes the SAN NIC over at boot, or may.
pub(crate) fn config_matches<'a>(facts: &'a Analysis<'_>, san: &SanIdentity) -> Vec<ConfigMatch<'a>> {
    let netplan = facts.netconfig.interfaces.iter().any(|config| config.manager == Manager::Netplan);
    let mut config_matches: Vec<ConfigMatch<'_>> = Vec::new();
    let mut networkd_has_it = false;
    for config in facts.netconfig.interfaces.iter().filter(|config| in_force(facts, config)) {
        // What netplan wrote for networkd says the same twice.
        if netplan && config.generated_by.as_deref().is_some_and(|by| by.contains("netplan")) {
            continue;
        }
        let fits = if is_port(config, san) { Matches::Yes } else { matches(&config.matches, san) };
        if fits == Matches::No {
            continue;
        }
        // networkd takes the first file that matches and no other.
        if config.manager == Manager::Networkd {
            if networkd_has_it {
                continue;
            }
            networkd_has_it = fits == Matches::Yes;
        }
        if takes_over(config) {
            config_matches.push(ConfigMatch { config, certain: fits == Matches::Yes });
        }
    }
    prefer_profiles_of_its_own(&mut config_matches);
    config_matches
}

/// The configurations of the real root that take the SAN NIC over, or may.
pub(crate) fn san_config_matches<'a>(facts: &'a Analysis<'_>) -> Vec<ConfigMatch<'a>> {
    config_matches(facts, &SanIdentity::of(facts))
}

/// The configurations of the real root that take the SAN NIC over for certain.
pub(crate) fn san_configs<'a>(facts: &'a Analysis<'_>) -> Vec<&'a InterfaceConfig> {
    san_config_matches(facts).into_iter().filter(|found| found.certain).map(|found| found.config).collect()
}

/// A profile of NetworkManager that names the NIC is taken before one for any NIC.
fn prefer_profiles_of_its_own(config_matches: &mut Vec<ConfigMatch<'_>>) {
    let profile = |found: &ConfigMatch<'_>| matches!(found.config.manager, Manager::NetworkManager | Manager::Ifcfg);
    let own = |found: &ConfigMatch<'_>| !found.config.matches.names.is_empty() || !found.config.matches.macs.is_empty();
    if config_matches.iter().any(|found| profile(found) && found.certain && own(found)) {
        config_matches.retain(|found| !profile(found) || own(found));
    }
}

fn takes_over(config: &InterfaceConfig) -> bool {
    if !config.at_boot || config.unmanaged || config.method == Method::Loopback {
        return false;
    }
    match config.manager {
        // ifupdown's script brings the NIC into the bond or bridge, whatever the method.
        Manager::Ifupdown if config.port_of.is_some() || !config.lower.is_empty() => true,
        // ifupdown gives an interface that is `manual` nothing and takes nothing away.
        Manager::Ifupdown => matches!(config.method, Method::Dhcp | Method::Static),
        _ => true,
    }
}

/// The most names and addresses of a configuration that are said.
const SHOWN: usize = 8;

/// The first names of a list, and how many more there are.
fn first_of<T: ToString>(list: &[T]) -> String {
    let mut words: Vec<String> = list.iter().take(SHOWN).map(ToString::to_string).collect();
    words.extend(list.len().checked_sub(SHOWN).filter(|more| *more > 0).map(|more| format!("and {more} more")));
    words.join(" ")
}

/// What a configuration says, in a few words.
pub(crate) fn config_text(config: &InterfaceConfig) -> String {
    let whom = match (config.matches.names.as_slice(), config.matches.macs.as_slice()) {
        ([], []) => "any NIC".to_owned(),
        ([], macs) => first_of(macs),
        (names, _) => first_of(names),
    };
    let how = match config.method {
        Method::Dhcp => "DHCP".to_owned(),
        Method::Static => format!("static {}", first_of(&config.addresses)),
        Method::Manual | Method::Unset => "no address configured".to_owned(),
        Method::Disabled => "IPv4 disabled".to_owned(),
        Method::Loopback => "loopback".to_owned(),
    };
    format!("{whom}: {}", how.trim_end())
}

/// A configuration of a manager that starts and that could not be read, or a manager that is not read at all: it may be
/// for the SAN NIC.
pub(crate) fn unread_manager<'a>(facts: &'a Analysis<'_>) -> Option<&'a Problem> {
    let counts = |manager: &Manager| match manager {
        Manager::Netplan => true,
        Manager::CloudInit => manager_starts(facts, *manager) && !is_left_manual(facts),
        manager => manager_starts(facts, *manager),
    };
    Manager::ALL.into_iter().filter(counts).find_map(|manager| facts.unread(Source::Manager(manager)))
}

/// Whether cloud-init writes the SAN NIC as `manual` for ifupdown: what initramfs-tools leaves in `/run/net-*.conf`
/// goes before what a datasource says (KlibcNetworkConfigSource in cloudinit/net/cmdline.py; seen in the lab).
fn is_left_manual(facts: &Analysis<'_>) -> bool {
    manager_starts(facts, Manager::Ifupdown)
        && !facts.netconfig.managers.iter().any(|state| state.manager == Manager::Netplan)
        && is_brought_up_by_iscsistart(facts)
}
