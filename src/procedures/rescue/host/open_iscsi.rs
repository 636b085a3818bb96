//! open-iscsi's programs, its lock, and what isctpl has put into its database.

use crate::procedures::Failure;
use crate::procedures::rescue::context::Context;
use crate::system::command::{CommandError, Invocation, Output};
use serde::{Deserialize, Serialize};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The name of the interface record, and of all else that isctpl adds to open-iscsi's database: nothing
/// there that is not called so is touched.
pub(crate) const RECORD_NAME: &str = "isctpl";

/// Where the lock is (`LOCK_WRITE_FILE` in `usr/idbm.h`); before open-iscsi 2.1 below `/var`.
const PLACES: [&str; 2] = ["/run/lock/iscsi/lock.write", "/var/lock/iscsi/lock.write"];

/// Longer than any program holds it: it is taken for the reading or writing of single records.
const HELD_AT_MOST: Duration = Duration::from_secs(2);

/// `iscsiadm`, which asks a daemon and a target, and is given this long.
pub(crate) fn iscsiadm<S: Into<String>>(seconds: u64, arguments: impl IntoIterator<Item = S>) -> Invocation {
    Invocation::new("iscsiadm", Duration::from_secs(seconds)).args(arguments)
}

/// Runs iscsiadm, where the database is not locked by one that was killed.
pub(crate) fn run(cx: &Context, invocation: &Invocation) -> Result<Output, CommandError> {
    free(cx);
    cx.runner.run(invocation)
}

/// Whether a program of this name runs.
fn runs(cx: &Context, program: &str) -> Result<bool, Failure> {
    let is_pid = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    Ok(cx
        .host
        .names("/proc")?
        .iter()
        .filter(|name| is_pid(name))
        .any(|pid| matches!(cx.host.line(&format!("/proc/{pid}/comm")), Ok(Some(name)) if name.trim() == program)))
}

/// Whether iscsid runs.
pub(crate) fn is_running(cx: &Context) -> Result<bool, Failure> {
    runs(cx, "iscsid")
}

/// Takes the lock on the database away where whoever took it is gone. Where that cannot be told it stays, and the
/// next iscsiadm waits.
///
/// `idbm_lock` in `usr/idbm.c` makes a hard link, which holds no process id. An iscsiadm that is killed leaves it,
/// and every later one waits for it for half a minute, twice, before it goes on without.
fn free(cx: &Context) {
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

/// The change: a record of ours in the database.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AddedRecord {
    /// Directories that were not there before, the deepest first.
    missing: Vec<PathBuf>,
}

impl AddedRecord {
    /// The one that is about to be added.
    pub(crate) fn new(cx: &Context) -> Self {
        let below = ["ifaces", "nodes", "send_targets", "static", "isns", "slp", "fw"];
        let all = cx
            .databases
            .iter()
            .flat_map(|database| below.iter().map(|name| database.join(name)).chain(std::iter::once(database.clone())));
        Self { missing: all.filter(|path| fs::symlink_metadata(path).is_err()).collect() }
    }

    /// Takes the directories away that were not there before, where nobody has put anything into them.
    pub(crate) fn remove_directories(&self) {
        for directory in &self.missing {
            // One that holds something is in use by then, and stays.
            let _ = fs::remove_dir(directory);
        }
    }
}

/// What a path leads to; `None` when there is nothing, as where a file is in the place of a directory above it.
fn metadata(path: &Path) -> Result<Option<Metadata>, Failure> {
    match fs::metadata(path) {
        Err(error) if is_absence(&error) => Ok(None),
        found => found.map(Some).map_err(|error| Failure::of_file(path, &error)),
    }
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// What is in a directory; nothing where there is none.
fn entries(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let list = || fs::read_dir(directory)?.take(10_000).map(|entry| Ok(entry?.path())).collect();
    match list() {
        Err(error) if is_absence(&error) => Ok(Vec::new()),
        listed => listed.map_err(|error| Failure::of_file(directory, &error)),
    }
}

/// Files of the database that are interface records of this name.
///
/// # Errors
/// When it cannot be told whether there is one.
pub(crate) fn interface_files(cx: &Context) -> Result<Vec<PathBuf>, Failure> {
    let mut there = Vec::new();
    for path in cx.databases.iter().map(|database| database.join("ifaces").join(RECORD_NAME)) {
        if metadata(&path)?.is_some() {
            there.push(path);
        }
    }
    Ok(there)
}

/// Takes the record away, and the lock of an iscsiadm that was killed while it made it.
pub(crate) fn remove_interface(cx: &Context) -> Result<(), Failure> {
    free(cx);
    if !interface_files(cx)?.is_empty() {
        let outcome = run(cx, &iscsiadm(20, ["-m", "iface", "-I", RECORD_NAME, "-o", "delete"]));
        for path in interface_files(cx)? {
            // It is a plain file; a program that refuses must not leave it.
            fs::remove_file(&path).map_err(|error| Failure::of_file(&path, &error))?;
        }
        if !interface_files(cx)?.is_empty() {
            outcome?;
        }
    }
    Ok(())
}

/// Files of the database that are records of this name, of any target.
///
/// # Errors
/// When it cannot be told whether there are any.
pub(crate) fn node_files(cx: &Context) -> Result<Vec<PathBuf>, Failure> {
    let (there, unread) = nodes_found(cx);
    unread.map_or(Ok(there), Err)
}

/// Those that were found, and what stood in the way of finding more.
fn nodes_found(cx: &Context) -> (Vec<PathBuf>, Option<Failure>) {
    let (mut there, mut unread) = (Vec::new(), None);
    let mut list = |directory: &Path| {
        entries(directory).unwrap_or_else(|failure| {
            unread.get_or_insert(failure);
            Vec::new()
        })
    };
    let targets: Vec<PathBuf> = cx.databases.iter().flat_map(|database| list(&database.join("nodes"))).collect();
    let portals: Vec<PathBuf> = targets.iter().flat_map(|target| list(target)).collect();
    for portal in portals {
        let path = portal.join(RECORD_NAME);
        match metadata(&path) {
            Ok(found) if found.as_ref().is_some_and(fs::Metadata::is_file) => there.push(path),
            Ok(_) => {}
            Err(failure) => {
                unread.get_or_insert(failure);
            }
        }
    }
    (there, unread)
}

/// Links by which open-iscsi finds records that no discovery made (`idbm_link_record` in `usr/idbm.c`), of
/// records of this name: `TARGET,ADDRESS,PORT,GROUP,NAME`.
fn node_links(cx: &Context) -> Result<Vec<PathBuf>, Failure> {
    let ours = format!(",{RECORD_NAME}");
    let mut there = Vec::new();
    for database in &cx.databases {
        let links = entries(&database.join("static"))?.into_iter();
        there.extend(links.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&ours))));
    }
    Ok(there)
}

/// Takes records of this name away, whatever their target.
pub(crate) fn remove_nodes(cx: &Context) -> Result<(), Failure> {
    let (found, unread) = nodes_found(cx);
    if found.is_empty() && unread.is_none() && node_links(cx)?.is_empty() {
        return Ok(());
    }
    let outcome = run(cx, &iscsiadm(30, ["-m", "node", "-I", RECORD_NAME, "-o", "delete"]));
    // What was found goes, whatever could not be looked at: there is a password in it.
    for path in nodes_found(cx).0 {
        fs::remove_file(&path).map_err(|error| Failure::of_file(&path, &error))?;
        // Portal and target, where nothing else is in them.
        for directory in path.ancestors().skip(1).take(2) {
            let _ = fs::remove_dir(directory);
        }
    }
    for link in node_links(cx)? {
        fs::remove_file(&link).map_err(|error| Failure::of_file(&link, &error))?;
    }
    if node_files(cx)?.is_empty() { Ok(()) } else { Ok(outcome.map(drop)?) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::procedures::rescue::context::RescueRequest;
    use crate::system::command::Runner;

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

    /// They hold a password, so that one that is left behind in silence is one too many.
    #[test]
    fn records_that_cannot_be_looked_for_are_not_absent() {
        let directory = tempfile::tempdir().unwrap();
        let mut cx = Context::on_this_machine(RescueRequest::nothing(), None, Runner::default()).unwrap();
        cx.databases = vec![directory.path().to_owned()];
        for (path, look) in [
            ("ifaces", interface_files as fn(&Context) -> Result<Vec<PathBuf>, Failure>),
            ("nodes", node_files),
            ("nodes/iqn.a", node_files),
            ("nodes/iqn.a/10.0.0.1,3260", node_files),
            ("static", node_links),
        ] {
            let path = directory.path().join(path);
            assert_eq!(look(&cx).ok(), Some(Vec::new()), "{}", path.display());
            std::os::unix::fs::symlink(path.file_name().unwrap(), &path).unwrap();
            assert!(look(&cx).is_err(), "{}", path.display());
            fs::remove_file(&path).unwrap();
            fs::write(&path, "").unwrap();
            assert_eq!(look(&cx).ok(), Some(Vec::new()), "{}", path.display());
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        }
    }
}
