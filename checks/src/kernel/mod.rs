//! The checks of the link `kernel`.

mod iscsi_unsupported;
mod modules_missing;

use crate::Check;

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[&iscsi_unsupported::CHECK, &modules_missing::CHECK];
