//! What this process has open.

use std::io::Result;
use std::os::fd::RawFd;

/// Where the kernel lists it (proc(5)).
pub(super) const OPEN: &str = "/proc/self/fd";

/// Every descriptor that is open. The one that lists them is among them, and is closed already.
///
/// # Errors
/// When /proc does not tell.
pub(super) fn open_descriptors() -> Result<Vec<RawFd>> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir(OPEN)? {
        open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()));
    }
    Ok(open)
}
