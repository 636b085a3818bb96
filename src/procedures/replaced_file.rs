//! A file that is replaced, and put back as it was: bytes, owner, mode, times, and all else, for the very
//! file comes back. It waits beside its replacement meanwhile, under a name of its own.

use crate::procedures::{Failure, Log, Planned};
use crate::system::command::quoted_path;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What the file that waits is called, after the name of the one that it is.
const SAVED: &str = ".isctpl-saved";
const NEW: &str = ".isctpl-new";

/// The most that a file may hold which is replaced.
const SIZE_LIMIT: u64 = 4 << 20;

/// The change: a file that has another one in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replaced {
    path: PathBuf,
    /// Whether there was a file before.
    existed: bool,
}

/// Reads the file that is to be replaced; `None` when there is none. The bytes may hold a secret of
/// somebody else's: they go nowhere but into the file's replacement.
pub(crate) fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::of_file(path, &error)),
        Ok(meta) if !meta.is_file() || meta.len() > SIZE_LIMIT => {
            return Err(Failure::refused(format!("{} is not a regular file, or is larger than 4 MiB", path.display())));
        }
        Ok(_) => {}
    }
    fs::read(path)
        .map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned()))
        .map_err(|error| Failure::of_file(path, &error))
}

/// The copy that keeps a file which is about to be replaced, for a person to type.
pub(crate) fn planned_copy(path: &Path) -> Planned {
    Planned::Command(format!("cp -a {} {}", quoted_path(path), quoted_path(&beside(path, SAVED))))
}

/// Replaces a file. Only root may read the new one, whoever owns the other: it may hold a password.
pub(crate) fn replace(log: &mut Log<'_, Replaced>, path: &Path, text: &str) -> Result<(), Failure> {
    let saved = beside(path, SAVED);
    if fs::symlink_metadata(&saved).is_ok() {
        return Err(log.left_over(&saved));
    }
    let existed = fs::symlink_metadata(path).is_ok();
    let change = Replaced { path: path.to_owned(), existed };
    log.guarded(change, || put(path, existed, text).map_err(|error| Failure::of_file(path, &error)))
}

fn put(path: &Path, existed: bool, text: &str) -> io::Result<()> {
    let (new, saved) = (beside(path, NEW), beside(path, SAVED));
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if existed && fs::hard_link(path, &saved).is_err() {
        // A filesystem without links; the file is away for a moment.
        fs::rename(path, &saved)?;
    }
    fs::rename(&new, path)?;
    sync_directory(path)
}

/// Puts the file back.
pub(crate) fn restore(change: &Replaced) -> Result<(), Failure> {
    put_back(&change.path, change.existed).map_err(|error| Failure::of_file(&change.path, &error))
}

fn put_back(path: &Path, existed: bool) -> io::Result<()> {
    let (new, saved) = (beside(path, NEW), beside(path, SAVED));
    let there = |path: &Path| fs::symlink_metadata(path).ok();
    if there(&new).is_some() {
        fs::remove_file(&new)?;
    }
    match (there(&saved), there(path)) {
        // Not yet replaced: both names are of the one file.
        (Some(saved_meta), Some(meta)) if (saved_meta.dev(), saved_meta.ino()) == (meta.dev(), meta.ino()) => {
            fs::remove_file(&saved)?;
        }
        (Some(_), _) => fs::rename(&saved, path)?,
        (None, Some(_)) if !existed => fs::remove_file(path)?,
        (None, _) => {}
    }
    sync_directory(path)
}

/// Puts back a file that waits, where no journal tells of it.
pub(crate) fn restore_waiting(path: &Path) -> Result<bool, Failure> {
    let waits = fs::symlink_metadata(beside(path, SAVED)).is_ok();
    if waits || fs::symlink_metadata(beside(path, NEW)).is_ok() {
        put_back(path, true).map_err(|error| Failure::of_file(path, &error))?;
    }
    Ok(waits)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Writes a file's directory through to the disk; one that is not there has nothing to write.
fn sync_directory(path: &Path) -> io::Result<()> {
    match path.parent().map(File::open) {
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Some(directory) => directory?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A file with a mode, and an age, of its own.
    fn file() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("iscsid.conf");
        fs::write(&path, "before\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        (directory, path)
    }

    fn names(path: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(path.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn is_as_before(path: &Path) -> bool {
        let meta = fs::metadata(path).unwrap();
        (fs::read_to_string(path).unwrap(), meta.mode() & 0o777, meta.mtime(), names(path))
            == ("before\n".to_owned(), 0o644, 0, vec!["iscsid.conf".to_owned()])
    }

    #[test]
    fn comes_back_as_it_was() {
        let (_directory, path) = file();
        put(&path, true, "new\n").unwrap();
        let new = fs::metadata(&path).unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), new.mode() & 0o777), ("new\n", 0o600));
        put_back(&path, true).unwrap();
        assert!(is_as_before(&path));
        put_back(&path, true).unwrap();
        assert!(is_as_before(&path), "once more does no harm");
    }

    #[test]
    fn nobody_but_root_reads_what_is_in_its_place() {
        let (_directory, path) = file();
        // Only root can give a file away; for others it is their own already.
        let _ = std::os::unix::fs::chown(&path, Some(65534), Some(65534));
        let before = fs::metadata(&path).unwrap().uid();
        put(&path, true, "new\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), nix::unistd::geteuid().as_raw());
        put_back(&path, true).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().uid(), before);
    }

    #[test]
    fn comes_back_from_every_state_between() {
        let (_directory, path) = file();
        put_back(&path, true).unwrap();
        assert!(is_as_before(&path));

        fs::write(beside(&path, NEW), "half").unwrap();
        put_back(&path, true).unwrap();
        assert!(is_as_before(&path), "written, not yet linked");

        fs::write(beside(&path, NEW), "new").unwrap();
        fs::hard_link(&path, beside(&path, SAVED)).unwrap();
        put_back(&path, true).unwrap();
        assert!(is_as_before(&path), "linked, not yet replaced");

        fs::write(beside(&path, NEW), "new").unwrap();
        fs::rename(&path, beside(&path, SAVED)).unwrap();
        put_back(&path, true).unwrap();
        assert!(is_as_before(&path), "away, where there are no links");
    }

    #[test]
    fn what_was_not_there_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("initiatorname.iscsi");
        put(&path, false, "new\n").unwrap();
        put_back(&path, false).unwrap();
        assert_eq!(names(&path), Vec::<String>::new());
    }

    #[test]
    fn where_there_is_no_directory_nothing_is_put_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("iscsi/iscsid.conf");
        assert!(put(&path, false, "new\n").is_err());
        put_back(&path, false).unwrap();
        assert!(!directory.path().join("iscsi").exists());
    }

    #[test]
    fn what_waits_is_found_without_a_journal() {
        let (_directory, path) = file();
        assert!(!restore_waiting(&path).unwrap());
        put(&path, true, "new\n").unwrap();
        assert!(restore_waiting(&path).unwrap());
        assert!(is_as_before(&path));
    }
}
