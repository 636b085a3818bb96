//! The managers of the real root: which of them start, and what they leave as it is.

use crate::Analysis;
use crate::facts::{Facts, InterfaceConfig, LoginKind, Manager, Method};

/// Whether a manager starts on the real root.
pub(crate) fn manager_starts(facts: &Facts, manager: Manager) -> bool {
    facts.netconfig.managers.iter().any(|state| state.manager == manager && state.enabled)
}

/// Whether open-iscsi's script of initramfs-tools brings the SAN NIC up, or may: it alone leaves `/run/net-*.conf` and
/// the name of the NIC.
pub(super) fn is_brought_up_by_iscsistart(facts: &Analysis<'_>) -> bool {
    facts.default_image().is_none_or(|image| image.login.iter().any(|login| login.kind == LoginKind::Iscsistart))
}

/// Whether what a configuration says is put into force at boot.
pub(super) fn in_force(facts: &Facts, config: &InterfaceConfig) -> bool {
    if config.given_up.is_some() {
        return false;
    }
    match config.manager {
        // netplan has no service of its own: it writes for one of these, and starts networkd itself.
        Manager::Netplan => {
            let told = facts.netconfig.managers.iter().any(|state| state.manager == Manager::Netplan);
            if told { manager_starts(facts, Manager::Netplan) } else { manager_starts(facts, renderer(config)) }
        }
        Manager::Ifcfg => {
            let by_network_manager = !config.by_initscripts && manager_starts(facts, Manager::NetworkManager);
            by_network_manager || manager_starts(facts, Manager::Ifcfg)
        }
        manager => manager_starts(facts, manager),
    }
}

/// The manager that does what a configuration says.
pub(super) fn renderer(config: &InterfaceConfig) -> Manager {
    match (config.manager, config.renderer.as_deref()) {
        (Manager::Netplan, Some("NetworkManager")) => Manager::NetworkManager,
        (Manager::Netplan, _) => Manager::Networkd,
        (manager, _) => manager,
    }
}

/// Whether Red Hat's initscripts put an ifcfg file into force themselves: where NetworkManager starts, they hand it the
/// files that do not say `NM_CONTROLLED=no` (`network-functions`, `source_config`).
pub(super) fn initscripts_apply(facts: &Facts, config: &InterfaceConfig) -> bool {
    config.manager == Manager::Ifcfg
        && manager_starts(facts, Manager::Ifcfg)
        && (config.by_initscripts || !manager_starts(facts, Manager::NetworkManager))
}

/// Whether nothing puts a configuration into force before somebody activates it: NetworkManager leaves a NIC alone that
/// is up with an address when it starts, whatever its profile says (1.42 in the lab: neither a profile without a route
/// nor one that ignores the lease's took the routes of the initramfs away).
pub(super) fn activated_by_hand(facts: &Facts, config: &InterfaceConfig) -> bool {
    match renderer(config) {
        Manager::NetworkManager => true,
        Manager::Ifcfg => !manager_starts(facts, Manager::Ifcfg),
        _ => false,
    }
}

/// `ManageForeignRoutes=no`: networkd lets alone what it did not make.
pub(super) fn leaves_foreign_routes(facts: &Facts) -> bool {
    facts.netconfig.manage_foreign_routes.as_ref().is_some_and(|manage| !manage.value)
}

/// Whether networkd drops nothing at all, neither when it starts nor when it stops.
pub(super) fn keeps_all(config: &InterfaceConfig) -> bool {
    let all = |keep: &str| matches!(keep.to_ascii_lowercase().as_str(), "yes" | "true" | "on" | "1" | "y" | "t");
    config.keep.as_ref().is_some_and(|keep| all(&keep.value))
}

/// Whether networkd keeps the address, and a lease when it stops.
pub(super) fn keeps(config: &InterfaceConfig) -> bool {
    config.keep.as_ref().is_some_and(|keep| match keep.value.to_ascii_lowercase().as_str() {
        "no" | "false" | "off" | "0" | "n" | "f" | "" => false,
        // Keeps what is not from DHCP, so a lease is given back when networkd stops.
        "static" => config.method != Method::Dhcp,
        _ => true,
    })
}
