//! The checks of the link `uptime`.

mod default_route_via_san;
mod firewall_blocks_san;
mod iscsid_not_running;
mod san_address_expires;
mod san_disk_silent;
mod san_mtu_mismatch;
mod san_nic_down;
mod san_route_host_override;
mod san_route_lost_since_boot;
mod san_route_missing;
mod san_route_unlike_lease;
mod san_route_wrong_nic;
mod san_rp_filter_strict;
mod session_not_logged_in;
mod session_timeouts_short;

use crate::Check;

/// The checks: first the one whose reason tells most of the link.
pub(crate) const CHECKS: &[&Check] = &[
    &san_route_missing::CHECK,
    &san_nic_down::CHECK,
    &san_route_wrong_nic::CHECK,
    &session_not_logged_in::CHECK,
    &san_address_expires::CHECK,
    &firewall_blocks_san::CHECK,
    &san_disk_silent::CHECK,
    &san_route_lost_since_boot::CHECK,
    &default_route_via_san::CHECK,
    &san_route_host_override::CHECK,
    &san_route_unlike_lease::CHECK,
    &san_mtu_mismatch::CHECK,
    &san_rp_filter_strict::CHECK,
    &session_timeouts_short::CHECK,
    &iscsid_not_running::CHECK,
];
