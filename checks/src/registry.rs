//! Every check, by link and then by name. A check that is not listed here does not exist.

use crate::{Check, firmware, handover, initramfs, kernel, loader, login, root, shutdown, template, uptime};

/// Every check.
pub fn all() -> impl Iterator<Item = &'static Check> {
    [
        firmware::CHECKS,
        loader::CHECKS,
        kernel::CHECKS,
        initramfs::CHECKS,
        login::CHECKS,
        root::CHECKS,
        handover::CHECKS,
        uptime::CHECKS,
        shutdown::CHECKS,
        template::CHECKS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The check with this id.
pub fn find(id: &str) -> Option<&'static Check> {
    all().find(|check| check.id == id)
}
