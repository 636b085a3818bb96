//! The checks of the link `initramfs`.

mod below_root;
mod compression_unsupported;
mod count;
mod crypt_device;
mod crypt_key;
mod crypt_missing;
mod crypt_words;
mod database_place_missing;
mod filesystem_missing;
mod first_program;
mod hooks_not_run;
mod init_refused;
mod initiator_mismatch;
mod kernel_mismatch;
mod layer_needs;
mod layer_unknown;
mod library_missing;
mod login_tool_missing;
mod lvm_missing;
mod module_missing;
mod multipath_missing;
mod need;
mod needs;
mod nic_driver_missing;
mod raid_missing;
mod requested_module_missing;
mod secret_inside;
mod stale;
mod unit_program_missing;
mod unreadable;

use crate::Check;

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &module_missing::CHECK,
    &unreadable::CHECK,
    &compression_unsupported::CHECK,
    &kernel_mismatch::CHECK,
    &init_refused::CHECK,
    &hooks_not_run::CHECK,
    &nic_driver_missing::CHECK,
    &login_tool_missing::CHECK,
    &library_missing::CHECK,
    &unit_program_missing::CHECK,
    &database_place_missing::CHECK,
    &lvm_missing::CHECK,
    &crypt_missing::CHECK,
    &raid_missing::CHECK,
    &multipath_missing::CHECK,
    &layer_unknown::CHECK,
    &filesystem_missing::CHECK,
    &requested_module_missing::CHECK,
    &stale::CHECK,
    &initiator_mismatch::CHECK,
    &secret_inside::CHECK,
];
