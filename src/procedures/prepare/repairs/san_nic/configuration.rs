//! What the configuration of a NIC is like, for every manager.

use crate::procedures::prepare::draft::Refusal;
use isctpl_checks::facts::{InterfaceConfig, Location, Method};

pub(super) fn refusal(config: &InterfaceConfig, what: impl Into<String>, by_hand: impl Into<String>) -> Refusal {
    Refusal::new(config.at.to_string(), what, by_hand)
}

/// Whether the configuration gives the NIC a static address, and so is bound to one network anyway. A static route
/// beside DHCP would fail on a clone whose lease is from another network.
pub(super) fn is_static(config: &InterfaceConfig) -> bool {
    config.method != Method::Dhcp && !config.addresses.is_empty()
}

/// What a later file than isctpl's says of a setting holds, whatever isctpl writes.
pub(super) fn is_decided_later(own: &str, setting: Option<&Location>) -> bool {
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    setting.is_some_and(|at| name(&at.path) > name(own))
}
