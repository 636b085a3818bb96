//! The checks of the link `login`.

mod account_missing;
mod address_missing;
mod arguments_conflict;
mod awk_without_and;
mod candidates;
mod dhcp_on_every_nic;
mod interface_absent;
mod interface_named_ibft;
mod not_requested;
mod option_121_dropped;
mod profiles;
mod route_interface_unknown;
mod route_missing;
mod source_of;
mod target_mismatch;
mod word_of_ipconfig;
mod word_refused;

use crate::Check;

pub(crate) use candidates::{Candidate, candidates};
pub(crate) use profiles::{made_by_network_manager, san_profiles, settled_profile};

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &not_requested::CHECK,
    &interface_named_ibft::CHECK,
    &interface_absent::CHECK,
    &arguments_conflict::CHECK,
    &word_refused::CHECK,
    &address_missing::CHECK,
    &route_missing::CHECK,
    &route_interface_unknown::CHECK,
    &option_121_dropped::CHECK,
    &target_mismatch::CHECK,
    &account_missing::CHECK,
    &awk_without_and::CHECK,
    &dhcp_on_every_nic::CHECK,
];
