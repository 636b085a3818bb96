//! The checks of the link `loader`.

mod cmdline_drift;
mod edd_probe;
mod efi_fallback_missing;
mod entry;
mod initrd_missing;
mod kernel_missing;
mod root_unresolved;
mod secret_on_cmdline;
mod unified_image_too_large;

use crate::Check;

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &kernel_missing::CHECK,
    &initrd_missing::CHECK,
    &root_unresolved::CHECK,
    &efi_fallback_missing::CHECK,
    &unified_image_too_large::CHECK,
    &cmdline_drift::CHECK,
    &secret_on_cmdline::CHECK,
    &edd_probe::CHECK,
];
