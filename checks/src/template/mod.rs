//! The checks of the link `template`: beside the chain, and never part of the verdict.

mod credentials_left;
mod helper_missing;
mod history_left;
mod host_keys_left;
mod left;
mod logs_left;
mod machine_id_left;
mod net_rules_left;
mod package_cache_left;
mod python_missing;
mod snmpd_missing;
mod target_left;
mod tmp_left;

use crate::Check;

/// The checks: what hurts most comes first.
pub(crate) const CHECKS: &[&Check] = &[
    &credentials_left::CHECK,
    &target_left::CHECK,
    &history_left::CHECK,
    &machine_id_left::CHECK,
    &net_rules_left::CHECK,
    &snmpd_missing::CHECK,
    &host_keys_left::CHECK,
    &logs_left::CHECK,
    &tmp_left::CHECK,
    &package_cache_left::CHECK,
    &helper_missing::CHECK,
    &python_missing::CHECK,
];
