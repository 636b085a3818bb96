//! What a process was handed open by whoever started it.

use nix::libc;
use std::io::Result;
use std::os::fd::RawFd;

/// Closes all but standard input, output and error. To be called before anything is opened.
///
/// # Errors
/// When /proc does not tell what is open.
pub fn close_inherited() -> Result<()> {
    let mut open: Vec<RawFd> = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()));
    }
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > libc::STDERR_FILENO) {
        // The one that listed them is closed already.
        let _ = nix::unistd::close(descriptor);
    }
    Ok(())
}
