//! The checks of the link `shutdown`.

mod logouts;
mod node_record_logs_out_root;
mod overlay;
mod service_logs_out_root;
mod service_takes_san_nic_down;

use crate::Check;

pub(crate) use logouts::boot_target_names;

/// The checks: first the one whose reason tells most of the link.
pub(crate) const CHECKS: &[&Check] =
    &[&service_logs_out_root::CHECK, &node_record_logs_out_root::CHECK, &service_takes_san_nic_down::CHECK];
