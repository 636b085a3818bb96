//! What a process was handed open by whoever started it.

use crate::system::descriptors::open_descriptors;
use nix::libc;
use std::io::Result;

/// Closes all but standard input, output and error. To be called before anything is opened.
///
/// # Errors
/// When /proc does not tell what is open.
pub fn close_inherited() -> Result<()> {
    for descriptor in open_descriptors()?.into_iter().filter(|descriptor| *descriptor > libc::STDERR_FILENO) {
        // The one that listed them is not open any more.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
