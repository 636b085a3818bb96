//! Default routes that configurations of the real root make.

use super::managers::renderer;
use crate::Analysis;
use crate::facts::{InterfaceConfig, Manager, Method};

/// Whether a NIC gets a default route by its configuration, or may by its lease.
pub(super) fn gives_default(config: &InterfaceConfig) -> bool {
    let leased = config.method == Method::Dhcp
        && config.use_dhcp_gateway.as_ref().is_none_or(|gateway| gateway.value)
        && config.use_dhcp_routes.as_ref().is_none_or(|routes| routes.value);
    leased || config.gateway.is_some()
}

/// The metric of the default route that a configuration makes, of IPv4; `None` where it is not known.
///
/// Sources: ifupdown's inet.defn and dhclient-script add it with what `metric` says, or with none, which is 0;
/// systemd.network(5): `Gateway=` has none, and `RouteMetric=` of a lease is 1024; NetworkManager
/// `nm_device_get_route_metric_default`: 100 for Ethernet, and more for a second one.
pub(super) fn metric(facts: &Analysis<'_>, config: &InterfaceConfig) -> Option<u32> {
    let own = config.metric.as_ref().map(|metric| metric.value);
    match renderer(config) {
        // Of the clients that ifupdown tries dhclient is the first; what others add has metrics of their own.
        Manager::Ifupdown if config.method == Method::Dhcp && !facts.dhcp.dhclient_installed => None,
        Manager::Ifupdown => Some(own.unwrap_or(0)),
        Manager::Networkd if config.gateway.is_some() => Some(own.unwrap_or(0)),
        Manager::Networkd => Some(own.unwrap_or(1024)),
        Manager::NetworkManager => Some(own.unwrap_or(100)),
        _ => None,
    }
}

/// The NIC that a configuration is for, in words.
pub(super) fn nic_of(facts: &Analysis<'_>, config: &InterfaceConfig) -> String {
    let of = &config.matches;
    let by_mac = || {
        let mac = of.macs.first()?;
        let nic = facts.nics.known().and_then(|nics| nics.iter().find(|nic| &nic.mac == mac));
        Some(nic.map_or(mac, |nic| &nic.name))
    };
    of.names.first().or_else(by_mac).cloned().unwrap_or_else(|| "another NIC".to_owned())
}
