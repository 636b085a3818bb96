//! Volumes of the LUN's volume groups, made active.

use crate::probes::lun::contents::{self, Contents, OTHER_NAME, VolumeGroup};
use crate::probes::storage::sysfs::Sysfs;
use crate::procedures::rescue::context::{Context, LunDisk};
use crate::procedures::rescue::host::holders;
use crate::procedures::rescue::host::lvm::{self, Selection, Volume, maps_on};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{Invocation, is_installed};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Makes them active.
pub(crate) struct ActivateVolumes;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Activated {
    disk: String,
    /// Maps that were there before by somebody else.
    before: Vec<String>,
}

/// Reads what stands on the LUN's devices.
fn contents_of(cx: &Context, disk: &str) -> Result<Contents, Failure> {
    let sysfs = Sysfs::at(&cx.sysfs);
    let Some(directory) = sysfs.by_name(disk)? else {
        return Err(Failure::failed(format!("/dev/{disk} is gone")));
    };
    let mut devices = vec![sysfs.device(&directory)?];
    devices.extend(sysfs.above(&directory)?);
    contents::read(&cx.host, &mut devices);
    Ok(contents::of(&devices))
}

impl Step for ActivateVolumes {
    type Context = Context;
    type Change = Activated;
    type Input = LunDisk;
    type Output = Contents;

    fn id(&self) -> &'static str {
        "volumes"
    }

    fn title(&self, _: &Context) -> String {
        "Activate the LUN's LVM volumes".to_owned()
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let selection = Selection::planned(cx);
        vec![
            Planned::remark("DISK is the LUN's disk; LVM is shown nothing else, whatever filters this system has"),
            Planned::command(&selection.invocation("vgs", None, &["-o", "vg_name,vg_uuid"])),
            Planned::command(&selection.invocation("vgchange", Some("VG"), &["-ay", "VG"])),
        ]
    }

    fn inspect(&self, cx: &mut Context, disk: &LunDisk, changes: &[Activated]) -> Result<Option<Contents>, Failure> {
        let contents = contents_of(cx, &disk.device.name)?;
        let groups = &contents.volume_groups;
        let is_done = groups.is_empty() || (!changes.is_empty() && groups.iter().all(VolumeGroup::is_active));
        Ok(is_done.then_some(contents))
    }

    fn apply(&self, cx: &mut Context, disk: &LunDisk, log: &mut Log<'_, Activated>) -> Result<Contents, Failure> {
        if !is_installed("lvs") || !is_installed("lvchange") {
            return Err(Failure::refused("the LUN holds LVM volumes, but LVM is not installed here")
                .advise("install the package lvm2"));
        }
        let name = &disk.device.name;
        for group in contents_of(cx, name)?.volume_groups.iter().filter(|group| group.is_complete() == Some(false)) {
            let name = group.name.as_deref().unwrap_or("(unnamed)");
            cx.remark(format!("the volume group {name} has physical volumes outside this LUN: it may be incomplete"));
        }
        // What appeared with a session of ours was made active by udev, because of it: that is ours as well.
        let before = if disk.is_ours { Vec::new() } else { maps_on(cx, name)? };
        let names = log.guarded(Activated { disk: name.clone(), before }, || activate(cx, name))?;
        holders::settle(cx);
        log.say(names.join(", "));
        contents_of(cx, name)
    }

    fn undo(&self, cx: &mut Context, activated: Activated) -> Result<(), Failure> {
        lvm::deactivate(cx, &activated.disk, &activated.before)
    }
}

/// The name of a volume's map where another volume on this machine has its own.
fn other_name(volume: &Volume) -> String {
    format!("{OTHER_NAME}{}", volume.dm_name)
}

fn activate(cx: &Context, disk: &str) -> Result<Vec<String>, Failure> {
    let lun = Selection::of_disk(cx, disk)?;
    let volumes = lvm::volumes(cx, &lun)?;
    let ours = maps_on(cx, disk)?;
    let mut names = Vec::new();
    for volume in &volumes {
        let name = format!("{}/{}", volume.group, volume.name);
        let (own, other) = (&volume.dm_name, other_name(volume));
        let map = if ours.contains(own) {
            own
        } else if ours.contains(&other) {
            // By an earlier run.
            &other
        } else if cx.host.kind(&format!("/dev/mapper/{own}"))?.is_some() {
            // A map's name is one of the whole machine, and a volume's map is called after its group. Renaming
            // the group would write to the LUN.
            let (table, flags) = (lvm::linear_table(cx, &lun, volume)?, if cx.request.read_only { "ro" } else { "rw" });
            let concise = format!("{other},ISCTPL-{own},,{flags},{table}");
            cx.run(&Invocation::new("dmsetup", Duration::from_secs(60)).args(["create", "--concise", &concise]))?;
            &other
        } else {
            cx.run(&lun.invocation("lvchange", Some(&volume.group), &["-ay", "-K", &name]))?;
            own
        };
        if cx.request.read_only {
            let device = format!("/dev/mapper/{map}");
            cx.run(&Invocation::new("blockdev", Duration::from_secs(20)).args(["--setro", &device]))?;
        }
        names.push(if map == own {
            name
        } else {
            format!("{name} as {map}, because another volume on this system has its name")
        });
    }
    Ok(names)
}
