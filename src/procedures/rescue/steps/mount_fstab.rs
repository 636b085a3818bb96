//! `/boot`, the ESP and whatever else the root's fstab mounts from the LUN. What it says is looked for on the
//! LUN and nowhere else: a UUID of this system's disks, or a kernel name, means nothing to the instance.

use crate::probes::lun::contents::Contents;
use crate::probes::lun::mount_plan::{self, MountPlan, SkipReason, SkippedMount};
use crate::probes::lun::system;
use crate::procedures::rescue::context::{Context, MountedRoot};
use crate::procedures::rescue::host::mounts::{self, Mounted, node};
use crate::procedures::{Failure, Kind, Log, Planned, Step};
use crate::system::Root;
use std::path::PathBuf;

/// Mounts what the root's fstab mounts from the LUN.
pub(crate) struct MountFstab;

/// What belongs to the root that is mounted.
fn plan(cx: &Context, (root, contents): &(MountedRoot, Contents)) -> Result<MountPlan, Failure> {
    let evidence = system::look(&Root::open(&cx.place())?);
    Ok(mount_plan::plan(&evidence.fstab.unwrap_or_default(), &root.filesystem, contents))
}

/// Where on this machine a mount is to be seen, as far as the root and what is mounted in it has the
/// directory. A link of the root's is resolved inside it: it cannot lead to a directory of this system.
fn place(cx: &Context, mount: &mount_plan::PlannedMount) -> Result<Option<PathBuf>, Failure> {
    let root = Root::open(&cx.place())?;
    Ok(root.resolved(&mount.target)?.filter(|place| place.starts_with(cx.place())))
}

fn tell_no_directory(cx: &mut Context, mount: &mount_plan::PlannedMount) {
    cx.remark(format!("{} is not mounted: the root has no such directory ({})", mount.target, mount.at));
}

fn tell(cx: &mut Context, skipped: &[SkippedMount]) {
    for one in skipped {
        let matters = !matches!(one.why, SkipReason::Swap | SkipReason::NoDevice | SkipReason::NotAtBoot);
        let may_fail = one.entry.options.iter().any(|option| option == "nofail");
        if matters && !may_fail {
            cx.remark(format!(
                "{} is not mounted: {} {} ({})",
                one.entry.target, one.entry.spec, one.why, one.entry.at
            ));
        }
    }
}

impl Step for MountFstab {
    type Context = Context;
    type Change = Mounted;
    type Input = (MountedRoot, Contents);
    type Output = ();

    fn id(&self) -> &'static str {
        "mounts"
    }

    fn title(&self, _: &Context) -> String {
        "Mount the other filesystems of its fstab that are on the LUN".to_owned()
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let line = |name: &str, kind: &str, target: &str| mounts::planned_mount(cx, name, kind, &cx.below(target));
        vec![
            Planned::remark("one line for each entry of the root's fstab that is on the LUN, for example"),
            line("BOOT", "ext4", "boot"),
            line("ESP", "vfat", "boot/efi"),
        ]
    }

    fn inspect(
        &self,
        cx: &mut Context,
        mounted: &(MountedRoot, Contents),
        _: &[Mounted],
    ) -> Result<Option<()>, Failure> {
        let plan = plan(cx, mounted)?;
        tell(cx, &plan.skipped);
        let there = mounts::targets_below(&cx.host, &cx.place())?;
        let mut homeless = Vec::new();
        for mount in &plan.mounts {
            match place(cx, mount)? {
                Some(place) if there.contains(&place) => {}
                Some(_) => return Ok(None),
                None => homeless.push(mount),
            }
        }
        // Until all else is mounted the directory may still come with it.
        homeless.into_iter().for_each(|mount| tell_no_directory(cx, mount));
        Ok(Some(()))
    }

    fn apply(
        &self,
        cx: &mut Context,
        mounted: &(MountedRoot, Contents),
        log: &mut Log<'_, Mounted>,
    ) -> Result<(), Failure> {
        let mut done = Vec::new();
        for mount in plan(cx, mounted)?.mounts {
            // Looked at anew each time: the directory may lie on what was mounted just now.
            let Some(place) = place(cx, &mount)? else {
                tell_no_directory(cx, &mount);
                continue;
            };
            if mounts::is_mount_point(cx, &place)? {
                continue;
            }
            match mounts::mount_one(cx, log, &mount.filesystem, &place, &mount.options) {
                Ok(()) => done.push(format!("{} from {}", mount.target, node(&mount.filesystem))),
                // What the instance can do without, a rescue can too.
                Err(failure) if failure.kind == Kind::Failed => {
                    cx.remark(format!("{} is not mounted: {}", mount.target, failure.what));
                }
                Err(failure) => return Err(failure),
            }
        }
        log.say(if done.is_empty() { "nothing".to_owned() } else { done.join(", ") });
        Ok(())
    }

    fn undo(&self, cx: &mut Context, mounted: Mounted) -> Result<(), Failure> {
        mounts::unmount(cx, &mounted)
    }
}
