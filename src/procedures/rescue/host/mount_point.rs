//! Where the root is mounted: in a directory that root alone may enter, with a link to it where it was asked for.
//!
//! A LUN may hold anything, and its root directory's own mode lets everybody in. The mode of the directory that it
//! is mounted on does not count while it is, and that of the LUN's is not this program's to change, so what keeps
//! others out is a directory above it.

use crate::procedures::rescue::context::Context;
use crate::procedures::rescue::host::mounts::targets_below;
use crate::procedures::{Failure, Log};
use crate::system::FileKind;
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// What an empty directory that was there before the link is called meanwhile, after its name.
const SAVED: &str = ".isctpl-saved";

/// The change: a link, and whether an empty directory had to make way.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Linked {
    path: PathBuf,
    to: PathBuf,
    replaced: bool,
    /// Directories that were made for it, the deepest first.
    #[serde(default)]
    made: Vec<PathBuf>,
}

fn saved(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(SAVED);
    path.with_file_name(name)
}

fn leads_to(path: &Path, to: &Path) -> bool {
    fs::read_link(path).is_ok_and(|target| target == to)
}

/// Whether the link is there.
pub(crate) fn is_linked(cx: &Context) -> bool {
    leads_to(&cx.request.at, &cx.place())
}

/// Refuses what cannot be mounted on or linked from: only an empty directory makes way.
pub(crate) fn check(cx: &Context) -> Result<(), Failure> {
    for (path, may_link) in [(&cx.request.at, true), (&cx.place(), false)] {
        let name = path.display().to_string();
        let is_free = match cx.host.lstat(&name)? {
            None => true,
            Some(meta) if meta.kind == FileKind::Directory => cx.host.names(&name)?.is_empty(),
            Some(meta) => may_link && meta.kind == FileKind::Link && is_linked(cx),
        };
        if !is_free {
            return Err(Failure::refused(format!("{name} is not an empty directory"))
                .advise("choose another directory with --at DIR"));
        }
    }
    Ok(())
}

/// Makes the directory to mount on, and sees to it that nobody else gets there.
pub(crate) fn prepare(cx: &Context) -> Result<(), Failure> {
    let place = cx.place();
    fs::create_dir_all(&place).map_err(|error| Failure::of_file(&place, &error))?;
    fs::set_permissions(&cx.state, fs::Permissions::from_mode(0o700))
        .map_err(|error| Failure::of_file(&cx.state, &error))
}

/// Makes the link.
pub(crate) fn link<Change: Serialize + From<Linked>>(cx: &Context, log: &mut Log<'_, Change>) -> Result<(), Failure> {
    let (path, to) = (cx.request.at.clone(), cx.place());
    let replaced = fs::symlink_metadata(&path).is_ok();
    let made = path.ancestors().skip(1).take_while(|above| !above.exists()).map(Path::to_owned).collect();
    log.guarded(Linked { path: path.clone(), to: to.clone(), replaced, made }, || {
        if replaced {
            fs::rename(&path, saved(&path)).map_err(|error| {
                Failure::of_file(&path, &error)
                    .advise("choose another directory with --at DIR: not a mount point, and on a writable filesystem")
            })?;
        }
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| Failure::of_file(&path, &error))?;
        symlink(&to, &path).map_err(|error| Failure::of_file(&path, &error))
    })
}

/// Takes the link away; what made way for it comes back.
pub(crate) fn unlink(linked: &Linked) -> Result<(), Failure> {
    let path = &linked.path;
    if leads_to(path, &linked.to) {
        fs::remove_file(path).map_err(|error| Failure::of_file(path, &error))?;
    }
    let saved = saved(path);
    if linked.replaced && fs::symlink_metadata(&saved).is_ok() && fs::symlink_metadata(path).is_err() {
        fs::rename(&saved, path).map_err(|error| Failure::of_file(path, &error))?;
    }
    // One that somebody else uses by now stays.
    linked.made.iter().for_each(|directory| drop(fs::remove_dir(directory)));
    Ok(())
}

/// Takes away a link that an earlier rescue left, which a restart of the machine ended.
pub(crate) fn forget(cx: &Context) -> Result<Option<String>, Failure> {
    if !is_linked(cx) || !targets_below(&cx.host, &cx.place())?.is_empty() {
        return Ok(None);
    }
    let path = cx.request.at.clone();
    unlink(&Linked { path: path.clone(), to: cx.place(), replaced: true, made: Vec::new() })?;
    Ok(Some(format!("the link {} is removed", path.display())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::procedures::rescue::RescueRequest;
    use crate::system::command::Runner;

    /// A context whose state and place lie in a directory of the test's.
    fn context(directory: &Path) -> Context {
        let request = RescueRequest { at: directory.join("target"), ..RescueRequest::nothing() };
        let mut cx = Context::on_this_machine(request, None, Runner::default()).unwrap();
        cx.state = directory.join("state");
        cx
    }

    #[test]
    fn only_root_comes_to_the_place() {
        let directory = tempfile::tempdir().unwrap();
        let cx = context(directory.path());
        fs::create_dir(&cx.state).unwrap();
        fs::set_permissions(&cx.state, fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&cx).unwrap();
        assert_eq!(fs::metadata(&cx.state).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(cx.place().starts_with(&cx.state) && cx.place().is_dir());
    }

    #[test]
    fn an_empty_directory_makes_way_and_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let cx = context(directory.path());
        let at = &cx.request.at;
        check(&cx).unwrap();
        fs::create_dir(at).unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(0o751)).unwrap();
        check(&cx).unwrap();
        let linked = Linked { path: at.clone(), to: cx.place(), replaced: true, made: Vec::new() };
        // Whether nothing, half or all of it was done.
        unlink(&linked).unwrap();
        fs::rename(at, saved(at)).unwrap();
        unlink(&linked).unwrap();
        fs::rename(at, saved(at)).unwrap();
        symlink(cx.place(), at).unwrap();
        assert!(is_linked(&cx));
        check(&cx).unwrap();
        assert!(forget(&cx).unwrap().is_some());
        assert!(!is_linked(&cx) && forget(&cx).unwrap().is_none());
        assert_eq!(fs::symlink_metadata(at).unwrap().permissions().mode() & 0o777, 0o751);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_of_others_stays() {
        let directory = tempfile::tempdir().unwrap();
        let cx = context(directory.path());
        symlink("/etc", &cx.request.at).unwrap();
        assert!(check(&cx).is_err());
        unlink(&Linked { path: cx.request.at.clone(), to: cx.place(), replaced: false, made: Vec::new() }).unwrap();
        assert!(leads_to(&cx.request.at, Path::new("/etc")) && forget(&cx).unwrap().is_none());
        fs::remove_file(&cx.request.at).unwrap();
        fs::create_dir(&cx.request.at).unwrap();
        fs::write(cx.request.at.join("file"), "").unwrap();
        assert!(check(&cx).is_err());
    }
}
