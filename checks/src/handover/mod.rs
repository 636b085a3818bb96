//! The checks of the link `handover`.

mod borne;
mod candidates;
mod classless_routes_ignored;
mod config_match;
mod dhcp_timeout_long;
mod disruption;
mod evidence;
mod identity;
mod interface_renamed;
mod nic_match;
mod outcome;
mod san_nic_reconfigured;
mod san_route_not_kept;
mod wan_before_san;

use crate::Check;
use crate::facts::{Facts, InterfaceConfig};

pub use borne::unborne_san_nic;
pub(crate) use candidates::{Candidate, candidates};
pub(crate) use config_match::{ConfigMatch, manager_starts};
pub(crate) use disruption::noted;
pub(crate) use identity::SanIdentity;
pub(crate) use nic_match::{Matches, matches};

/// The checks: first the one whose reason tells most of the link.
pub(crate) const CHECKS: &[&Check] = &[
    &san_nic_reconfigured::CHECK,
    &san_route_not_kept::CHECK,
    &classless_routes_ignored::CHECK,
    &wan_before_san::CHECK,
    &dhcp_timeout_long::CHECK,
    &interface_renamed::CHECK,
];

/// The configurations of the real root that take the SAN NIC over, or may.
pub(crate) fn san_config_matches(facts: &Facts) -> Vec<ConfigMatch<'_>> {
    config_match::config_matches(facts, &SanIdentity::of(facts))
}

/// The configurations of the real root that take the SAN NIC over for certain.
pub(crate) fn san_configs(facts: &Facts) -> Vec<&InterfaceConfig> {
    san_config_matches(facts).into_iter().filter(|found| found.certain).map(|found| found.config).collect()
}
