//! Files that one process at a time holds. The kernel lets go of them when that process ends, however it ends (flock(2)).

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::libc::O_NOFOLLOW;
use std::fs::{File, OpenOptions};
use std::io::Result;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What is held for as long as it is kept.
pub(crate) type Held = Flock<File>;

/// Takes a file, which is made where it is missing: for its owner alone, since whoever can open it can hold it. `None`
/// where another process has it.
///
/// # Errors
/// When it cannot be made or opened; a symbolic link is not followed.
pub(crate) fn try_lock(path: &Path) -> Result<Option<Held>> {
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(O_NOFOLLOW).open(path)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(held) => Ok(Some(held)),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(errno.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn one_has_it_and_the_next_one_after_that() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = try_lock(&path).unwrap().unwrap();
        assert!(try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(try_lock(&path).unwrap().is_some());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("elsewhere", &link).unwrap();
        assert!(try_lock(&link).is_err() && !directory.path().join("elsewhere").exists());
    }
}
