//! The checks of the link `handover`.

mod awaited;
mod borne;
mod candidates;
mod classless_routes_ignored;
mod config_match;
mod default_route;
mod default_route_beaten;
mod device_seen;
mod dhcp_timeout_long;
mod disruption;
mod evidence;
mod identity;
mod ifupdown;
mod interface_renamed;
mod managers;
mod mount_device_missing;
mod nic_match;
mod outcome;
mod port;
mod relogin_reads_root;
mod san_nic_reconfigured;
mod san_route_not_kept;
mod start_delayed;
mod takeover;
mod wan_before_san;

use crate::Check;

pub use borne::{is_unborne_san_nic, unborne_san_nic};
pub(crate) use candidates::{Candidate, candidates};
pub(crate) use config_match::{ConfigMatch, config_text, san_config_matches, san_configs, unread_manager};
pub use dhcp_timeout_long::LONGEST_DHCP_TIMEOUT;
pub(crate) use identity::SanIdentity;
pub(crate) use ifupdown::{STOP_OF_IFUPDOWN2, noted};
pub(crate) use managers::manager_starts;
pub(crate) use nic_match::{Matches, matches};

/// The checks: first the one whose reason tells most of the link.
pub(crate) const CHECKS: &[&Check] = &[
    &san_nic_reconfigured::CHECK,
    &san_route_not_kept::CHECK,
    &classless_routes_ignored::CHECK,
    &default_route_beaten::CHECK,
    &wan_before_san::CHECK,
    &dhcp_timeout_long::CHECK,
    &interface_renamed::CHECK,
    &mount_device_missing::CHECK,
    &start_delayed::CHECK,
    &relogin_reads_root::CHECK,
];
