//! `/proc`, `/sys`, `/dev`, `/run` below the root, and the firmware's variables.
//!
//! They are bound as slaves: mounted plainly they would share what happens to them with this system, and
//! taking them down would take this system's own down, or fail.

use crate::procedures::rescue::context::Context;
use crate::procedures::rescue::host::mounts::{is_mount_point, unbind};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::quoted_path;
use crate::system::{FileKind, Root, mount};
use isctpl_checks::facts::Problem;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Directories of this system that are bound, `/proc` apart.
const BOUND: [&str; 3] = ["/sys", "/dev", "/run"];
const EFIVARS: &str = "/sys/firmware/efi/efivars";

/// Binds the kernel's filesystems below the root.
pub(crate) struct BindKernelFilesystems;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bound {
    at: PathBuf,
}

/// Where a directory of the root is, as this machine names it.
fn place(cx: &Context, path: &str) -> Result<PathBuf, Failure> {
    let top = cx.place();
    match Root::open(&top)?.resolved(path)? {
        Some(place) if place.starts_with(&top) && place != top => Ok(place),
        _ => Err(Failure::failed(format!("the root has no directory {path}"))),
    }
}

/// The root is mounted below this system's `/run`, and would be seen once more in its own `/run`.
fn hide_itself(cx: &Context, bound: &Path, place: &Path) -> Result<(), Failure> {
    let Ok(inside) = cx.place().strip_prefix(bound).map(|inside| place.join(inside)) else { return Ok(()) };
    unbind(cx, &inside)
}

fn needs_efivars(cx: &Context) -> Result<bool, Problem> {
    Ok(cx.host.kind("/sys/firmware/efi")? == Some(FileKind::Directory))
}

impl Step for BindKernelFilesystems {
    type Context = Context;
    type Change = Bound;
    type Input = ();
    type Output = ();

    fn id(&self) -> &'static str {
        "special"
    }

    fn title(&self, _: &Context) -> String {
        "Mount /proc, /sys, /dev and /run".to_owned()
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let below = |path: &str| quoted_path(&cx.below(path));
        let mut lines = vec![Planned::Command(format!("mount -t proc proc {}", below("/proc")))];
        for path in BOUND {
            lines.push(Planned::Command(format!("mount --rbind {path} {}", below(path))));
            lines.push(Planned::Command(format!("mount --make-rslave {}", below(path))));
        }
        // Doing it says why, where that cannot be told.
        if needs_efivars(cx) == Ok(true) {
            lines
                .push(Planned::Command(format!("mountpoint -q {0} || mount -t efivarfs efivarfs {0}", below(EFIVARS))));
        }
        lines
    }

    fn inspect(&self, cx: &mut Context, (): &(), _: &[Bound]) -> Result<Option<()>, Failure> {
        for path in ["/proc"].iter().chain(&BOUND) {
            let place = place(cx, path)?;
            if !is_mount_point(cx, &place)? {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    fn apply(&self, cx: &mut Context, (): &(), log: &mut Log<'_, Bound>) -> Result<(), Failure> {
        let proc = place(cx, "/proc")?;
        if !is_mount_point(cx, &proc)? {
            log.guarded(Bound { at: proc.clone() }, || Ok(mount::mount_kernel("proc", &proc, false)?))?;
        }
        for path in BOUND {
            let place = place(cx, path)?;
            if !is_mount_point(cx, &place)? {
                log.guarded(Bound { at: place.clone() }, || {
                    mount::bind_as_slave(Path::new(path), &place)?;
                    hide_itself(cx, Path::new(path), &place)
                })?;
            }
        }
        let mut efivars = "";
        let needs_efivars = needs_efivars(cx).unwrap_or_else(|problem| {
            cx.remark(format!("the UEFI variables are not available: {problem}"));
            false
        });
        if needs_efivars {
            let place = place(cx, EFIVARS)?;
            efivars = ", with the UEFI variables";
            if !is_mount_point(cx, &place)? {
                let mounted = log.guarded(Bound { at: place.clone() }, || {
                    Ok(mount::mount_kernel("efivarfs", &place, cx.request.read_only)?)
                });
                if let Err(failure) = mounted {
                    efivars = "";
                    cx.remark(format!("the UEFI variables are not available: {}", failure.what));
                }
            }
        }
        log.say(format!("from this system{efivars}"));
        Ok(())
    }

    fn undo(&self, cx: &mut Context, bound: Bound) -> Result<(), Failure> {
        unbind(cx, &bound.at)
    }
}
