//! What keeps a process going when the disk that it was started from is gone.

use super::errno::in_words;
use isctpl_checks::facts::Problem;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::mman::{MlockAllFlags, mlockall};
use std::fs::{File, OpenOptions};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Keeps every page of this process in memory, those to come as well: none has to be read from the disk again.
///
/// # Errors
/// When the limit of locked memory (`RLIMIT_MEMLOCK`) does not allow it.
pub(crate) fn lock_memory() -> Result<(), Problem> {
    mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE)
        .map_err(|errno| Problem::new("mlockall", format!("the memory cannot be locked: {}", in_words(errno))))
}

/// Opens a device to write to. It never becomes this process's terminal, and where it takes nothing, as a console that
/// was stopped, a line is lost and nobody waits.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn device(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).custom_flags(nix::libc::O_NOCTTY | nix::libc::O_NONBLOCK).open(path)
}

/// Whether something can be written to within so many milliseconds: a logger whose disk is gone takes nothing any more.
pub(crate) fn takes_more(output: BorrowedFd<'_>, milliseconds: u16) -> bool {
    let mut outputs = [PollFd::new(output, PollFlags::POLLOUT)];
    // What cannot be polled, such as a file, never blocks for long.
    poll(&mut outputs, PollTimeout::from(milliseconds)).is_ok_and(|ready| ready > 0)
}
