//! The checks of the link `firmware`.

mod gateway_missing;
mod initiator_mismatch;
mod missing;
mod nic_absent;
mod table;
mod table_invalid;
mod target_incomplete;
mod unreadable;
mod vlan_unsupported;

use crate::Check;

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &target_incomplete::CHECK,
    &missing::CHECK,
    &unreadable::CHECK,
    &table_invalid::CHECK,
    &nic_absent::CHECK,
    &gateway_missing::CHECK,
    &initiator_mismatch::CHECK,
    &vlan_unsupported::CHECK,
];
