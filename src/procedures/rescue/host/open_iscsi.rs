//! open-iscsi's lock on its database.
//!
//! `idbm_lock` in `usr/idbm.c` makes a hard link, which holds no process id. An iscsiadm that is killed
//! leaves it, and every later one waits for it for half a minute, twice, before it goes on without.

use crate::procedures::rescue::context::Context;
use crate::procedures::rescue::steps::iscsid::runs;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Where the lock is (`LOCK_WRITE_FILE` in `usr/idbm.h`); before open-iscsi 2.1 below `/var`.
const PLACES: [&str; 2] = ["/run/lock/iscsi/lock.write", "/var/lock/iscsi/lock.write"];

/// Longer than any program holds it: it is taken for the reading or writing of single records.
const HELD_AT_MOST: Duration = Duration::from_secs(2);

/// Takes the lock away where whoever took it is gone. Where that cannot be told it stays, and the next
/// iscsiadm waits.
pub(crate) fn free(cx: &Context) {
    // Who cannot list processes does not know that none of them is the holder.
    let is_in_use = || runs(cx, "iscsiadm").unwrap_or(true);
    for place in PLACES {
        free_at(Path::new(place), HELD_AT_MOST, is_in_use);
    }
}

/// When the lock was taken: the link changes its file.
fn taken(lock: &Path) -> Option<(i64, i64)> {
    fs::symlink_metadata(lock).ok().map(|meta| (meta.ctime(), meta.ctime_nsec()))
}

fn free_at(lock: &Path, held_at_most: Duration, is_in_use: impl Fn() -> bool) {
    let Some(first) = taken(lock) else { return };
    let deadline = Instant::now() + held_at_most;
    // iscsid takes it too, and always runs: only the same lock for the whole time is nobody's.
    while Instant::now() < deadline {
        if is_in_use() || taken(lock) != Some(first) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // Gone meanwhile is as good.
    let _ = fs::remove_file(lock);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(200);

    fn locked() -> (tempfile::TempDir, std::path::PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let lock = directory.path().join("lock.write");
        fs::write(directory.path().join("lock"), "").unwrap();
        fs::hard_link(directory.path().join("lock"), &lock).unwrap();
        (directory, lock)
    }

    #[test]
    fn a_lock_that_nobody_holds_goes() {
        let (directory, lock) = locked();
        free_at(&lock, SOON, || false);
        assert!(!lock.exists());
        assert!(directory.path().join("lock").exists());
    }

    #[test]
    fn the_lock_of_a_running_program_stays() {
        let (_directory, lock) = locked();
        free_at(&lock, SOON, || true);
        assert!(lock.exists());
    }

    #[test]
    fn a_lock_that_is_taken_anew_stays() {
        let (directory, lock) = locked();
        let again = std::cell::Cell::new(0);
        let retake = || {
            again.set(again.get() + 1);
            if again.get() == 2 {
                fs::remove_file(&lock).unwrap();
                std::thread::sleep(Duration::from_millis(20));
                fs::hard_link(directory.path().join("lock"), &lock).unwrap();
            }
            false
        };
        free_at(&lock, SOON, retake);
        assert!(lock.exists());
    }
}
