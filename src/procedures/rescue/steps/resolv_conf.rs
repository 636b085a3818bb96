//! Names can be resolved below the root as they are on this system, and nothing is written to the LUN for it.

use crate::procedures::rescue::context::Context;
use crate::procedures::rescue::host::mounts::{is_mount_point, unbind};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::quoted_path;
use crate::system::resolv_conf::{FILE, is_known, place_in_run};
use crate::system::{FileKind, Root, mount};
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Provides a resolv.conf.
pub(crate) struct ResolvConf;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Change {
    /// A copy of this system's file, bound over the root's.
    Bound { at: PathBuf, copy: PathBuf },
    /// A file below this system's `/run`, where a link of the root's points, with the directories made for it.
    Put { path: PathBuf, made: Vec<PathBuf>, text: String },
}

/// What there is to be done.
enum Action {
    /// Nothing: it is there, and says what this system's says.
    None,
    /// Bind a copy over this file.
    Bind(PathBuf),
    /// Put a copy there, below `/run`.
    Put(PathBuf),
    /// Nothing can be done without writing to the LUN.
    Impossible(String),
}

/// Directories below the root that are this system's.
const NOT_THE_LUN: [&str; 4] = ["/proc", "/sys", "/dev", "/run"];

fn own(cx: &Context) -> Result<Option<String>, Failure> {
    Ok(cx.host.text(FILE)?.filter(|text| text.lines().any(|line| line.trim_start().starts_with("nameserver"))))
}

/// What can be done; whatever the root has there, a rescue goes on without it.
fn action(cx: &Context, own: &str) -> Action {
    look(cx, own).unwrap_or_else(|failure| Action::Impossible(failure.what))
}

fn look(cx: &Context, own: &str) -> Result<Action, Failure> {
    let root = Root::open(&cx.place())?;
    let Some(place) = root.resolved(FILE)? else {
        // Below the root /run is this system's own as well.
        return Ok(place_in_run(&root)?.map_or_else(Action::Impossible, Action::Put));
    };
    // Looked at before anything is read or bound: it may be a FIFO, a device or a directory.
    if root.kind(FILE)? != Some(FileKind::File) {
        return Ok(Action::Impossible("it is not a regular file".to_owned()));
    }
    let Ok(inside) = place.strip_prefix(cx.place()).map(|path| Path::new("/").join(path)) else {
        return Ok(Action::Impossible(format!("it leads to {}", place.display())));
    };
    let is_systems = NOT_THE_LUN.iter().any(|directory| inside.starts_with(directory));
    Ok(match (is_systems, is_known(&inside)) {
        // Through a link into /run it is a file of this system itself.
        (true, true) => Action::None,
        (true, false) => {
            Action::Impossible(format!("it is a link to {}, which is not a usual place for it", inside.display()))
        }
        (false, _) if root.text(FILE)?.as_deref() == Some(own) => Action::None,
        (false, _) if is_named_so(&inside) => Action::Bind(place),
        (false, _) => {
            Action::Impossible(format!("it is a link to {}, which is not a usual place for it", inside.display()))
        }
    })
}

/// Whether a file is a resolv.conf by its name: a link that leads to another one would have that hidden.
fn is_named_so(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains("resolv.conf"))
}

/// The name under which a file is written before it appears.
fn unfinished(path: &Path) -> PathBuf {
    path.with_extension("isctpl-new")
}

/// Makes a file that is not there yet, whole or not at all. A link in its place is not followed.
fn put(path: &Path, text: &str) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    let new = unfinished(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&new)?;
    file.write_all(text.as_bytes())?;
    fs::hard_link(&new, path)?;
    fs::remove_file(&new)
}

impl Step for ResolvConf {
    type Context = Context;
    type Change = Change;
    type Input = ();
    type Output = ();

    fn id(&self) -> &'static str {
        "resolv-conf"
    }

    fn title(&self, _: &Context) -> String {
        "Make name resolution work in the mounted root".to_owned()
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let (copy, at) = (quoted_path(&cx.state.join("resolv.conf")), quoted_path(&cx.below(FILE)));
        vec![
            Planned::Command(format!("cp {FILE} {copy}")),
            // A link may lead to a file of this system.
            Planned::Command(format!("[ -L {at} ] || mount --bind {copy} {at}")),
        ]
    }

    fn inspect(&self, cx: &mut Context, (): &(), changes: &[Change]) -> Result<Option<()>, Failure> {
        let Some(own) = own(cx)? else {
            cx.remark("this system has no nameserver in /etc/resolv.conf, so names do not resolve in the mounted root");
            return Ok(Some(()));
        };
        for change in changes {
            if let Change::Bound { at, .. } = change {
                return Ok(is_mount_point(cx, at)?.then_some(()));
            }
        }
        match action(cx, &own) {
            Action::None => Ok(Some(())),
            Action::Impossible(why) => {
                cx.remark(format!(
                    "the root's /etc/resolv.conf is left as it is, so names may not resolve there: {why}"
                ));
                Ok(Some(()))
            }
            _ => Ok(None),
        }
    }

    fn apply(&self, cx: &mut Context, (): &(), log: &mut Log<'_, Change>) -> Result<(), Failure> {
        let own = own(cx)?.unwrap_or_default();
        match action(cx, &own) {
            Action::Bind(at) => {
                let copy = cx.state.join("resolv.conf");
                log.guarded(Change::Bound { at: at.clone(), copy: copy.clone() }, || {
                    fs::write(&copy, &own).map_err(|error| Failure::of_file(&copy, &error))?;
                    Ok(mount::bind_file(&copy, &at)?)
                })?;
                log.say("a copy of this system's resolv.conf is mounted over the root's");
            }
            Action::Put(path) => {
                let made: Vec<PathBuf> =
                    path.ancestors().skip(1).take_while(|above| !above.exists()).map(Path::to_owned).collect();
                let change = Change::Put { path: path.clone(), made, text: own.clone() };
                match log.guarded(change, || put(&path, &own).map_err(|error| Failure::of_file(&path, &error))) {
                    Ok(()) => log.say(format!("{}, where the root's link points", path.display())),
                    Err(failure) => {
                        cx.remark(format!("names may not resolve in the mounted root: {}", failure.what));
                        log.say("not done");
                    }
                }
            }
            Action::None | Action::Impossible(_) => log.say("nothing to do"),
        }
        Ok(())
    }

    fn undo(&self, cx: &mut Context, change: Change) -> Result<(), Failure> {
        match change {
            Change::Bound { at, copy } => {
                unbind(cx, &at)?;
                let _ = fs::remove_file(copy);
                Ok(())
            }
            Change::Put { path, made, text } => {
                // It is there where the process ended while it was written.
                let _ = fs::remove_file(unfinished(&path));
                // What somebody else has put there since stays.
                let is_ours = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file())
                    && fs::read_to_string(&path).is_ok_and(|there| there == text);
                if is_ours {
                    fs::remove_file(&path).map_err(|error| Failure::of_file(&path, &error))?;
                }
                // One that somebody else uses by now stays.
                made.iter().for_each(|directory| drop(fs::remove_dir(directory)));
                Ok(())
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::procedures::rescue::RescueRequest;
    use crate::system::command::Runner;
    use std::os::unix::fs::symlink;

    /// What is to be done about a root whose resolv.conf is made like this.
    fn action_of(make: impl FnOnce(&Path)) -> String {
        let directory = tempfile::tempdir().unwrap();
        let mut cx = Context::on_this_machine(RescueRequest::nothing(), None, Runner::default()).unwrap();
        cx.state = directory.path().canonicalize().unwrap();
        let at = cx.place();
        fs::create_dir_all(at.join("etc")).unwrap();
        make(&at);
        match action(&cx, "nameserver 192.0.2.53\n") {
            Action::None => "nothing".to_owned(),
            Action::Bind(path) => format!("bind {}", path.strip_prefix(&at).unwrap().display()),
            Action::Put(path) => format!("put {}", path.display()),
            Action::Impossible(why) => format!("not: {why}"),
        }
    }

    fn linked(target: &str) -> String {
        action_of(|at| symlink(target, at.join("etc/resolv.conf")).unwrap())
    }

    #[test]
    fn only_a_known_place_of_run_is_written() {
        for (target, place) in [
            ("../run/systemd/resolve/stub-resolv.conf", "/run/systemd/resolve/stub-resolv.conf"),
            ("/var/run/NetworkManager/resolv.conf", "/run/NetworkManager/resolv.conf"),
            ("/run/./resolvconf//resolv.conf", "/run/resolvconf/resolv.conf"),
        ] {
            assert_eq!(linked(target), format!("put {place}"));
        }
        for target in ["/run/nologin", "../run/systemd/system/evil.service", "../../run/resolv.conf", "/etc/cron.d/x"] {
            assert!(linked(target).starts_with("not: it is a link to "), "{target}: {}", linked(target));
        }
        assert_eq!(linked("../../../run/../run/nologin"), linked("/run/nologin"));
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        let fifo = action_of(|at| {
            nix::unistd::mkfifo(&at.join("etc/resolv.conf"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        });
        assert_eq!(fifo, "not: it is not a regular file");
        assert_eq!(action_of(|at| fs::create_dir(at.join("etc/resolv.conf")).unwrap()), fifo);
        let circle = linked("resolv.conf");
        assert!(circle.starts_with("not: "), "{circle}");
        let huge = action_of(|at| {
            fs::File::create(at.join("etc/resolv.conf")).unwrap().set_len(crate::system::root::TEXT_LIMIT + 1).unwrap();
        });
        assert!(huge.starts_with("not: "), "{huge}");
    }

    #[test]
    fn a_file_of_the_lun_is_bound_where_it_is_a_resolv_conf() {
        let file = |at: &Path, path: &str, text: &str| {
            fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
            fs::write(at.join(path), text).unwrap();
        };
        assert_eq!(action_of(|at| file(at, "etc/resolv.conf", "")), "bind etc/resolv.conf");
        assert_eq!(action_of(|at| file(at, "etc/resolv.conf", "nameserver 192.0.2.53\n")), "nothing");
        let to = |target: &'static str| {
            action_of(move |at| {
                file(at, target, "");
                symlink(format!("/{target}"), at.join("etc/resolv.conf")).unwrap();
            })
        };
        assert_eq!(to("etc/resolvconf/run/resolv.conf"), "bind etc/resolvconf/run/resolv.conf");
        assert_eq!(to("etc/shadow"), "not: it is a link to /etc/shadow, which is not a usual place for it");
        assert_eq!(to("sys/resolv.conf"), "not: it is a link to /sys/resolv.conf, which is not a usual place for it");
        assert_eq!(to("run/systemd/resolve/resolv.conf"), "nothing");
    }

    #[test]
    fn a_link_is_not_written_through() {
        let directory = tempfile::tempdir().unwrap();
        let (link, other) = (directory.path().join("resolv.conf"), directory.path().join("other"));
        symlink(&other, &link).unwrap();
        assert!(put(&link, "x").is_err() && !other.exists());
    }

    #[test]
    fn what_was_put_is_there_whole_and_goes_wholly() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("resolve/resolv.conf");
        let made = vec![directory.path().join("resolve")];
        let mut cx = Context::on_this_machine(RescueRequest::nothing(), None, Runner::default()).unwrap();
        let mut undo = || {
            ResolvConf
                .undo(&mut cx, Change::Put { path: path.clone(), made: made.clone(), text: "x".to_owned() })
                .unwrap();
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        };
        put(&path, "x").unwrap();
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        undo();
        // The process ended while it was written.
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(unfinished(&path), "").unwrap();
        undo();
    }
}
