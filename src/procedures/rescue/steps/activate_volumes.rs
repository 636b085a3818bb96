//! Volumes of the LUN's volume groups, made active.

use crate::probes::lun::contents;
use crate::probes::storage::sysfs::Sysfs;
use crate::procedures::rescue::context::{Context, deed};
use crate::procedures::rescue::host::lvm;
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{Invocation, is_installed};
use crate::system::holders::{self, Backing};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Makes them active.
pub(crate) struct Volumes;

#[derive(Debug, Serialize, Deserialize)]
struct Activated {
    disk: String,
    /// Maps that were there before by somebody else.
    before: Vec<String>,
}

/// Reads what stands on the LUN's devices into the context.
pub(crate) fn learn(cx: &mut Context) -> Result<(), Failure> {
    let Some(disk) = cx.disk.clone() else { return Ok(()) };
    let sysfs = Sysfs::at(&cx.sysfs);
    let Some(directory) = sysfs.by_name(&disk.name)? else {
        return Err(Failure::failed(format!("/dev/{} is gone", disk.name)));
    };
    let mut devices = vec![sysfs.device(&directory)?];
    devices.extend(sysfs.above(&directory)?);
    contents::read(&cx.host, &mut devices);
    cx.contents = contents::of(&devices);
    Ok(())
}

fn maps_on(disk: &str) -> Vec<String> {
    let held = holders::find(disk, Duration::from_secs(20));
    held.devices
        .iter()
        .filter(|device| matches!(device.backing, Backing::Device(_)))
        .filter_map(|device| device.dm_name.clone())
        .collect()
}

impl Step<Context> for Volumes {
    fn id(&self) -> &'static str {
        "volumes"
    }

    fn title(&self, _: &Context) -> String {
        "Activate the LUN's LVM volumes".to_owned()
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let selection = cx.lvm();
        vec![
            Planned::remark("DISK is the LUN's disk; LVM is shown nothing else, whatever filters this system has"),
            Planned::command(&selection.call("vgs", None, &["-o", "vg_name,vg_uuid"])),
            Planned::command(&selection.call("vgchange", Some("VG"), &["-ay", "VG"])),
        ]
    }

    fn is_done(&self, cx: &mut Context, deeds: &[Value]) -> Result<bool, Failure> {
        learn(cx)?;
        let groups = &cx.contents.volume_groups;
        Ok(groups.is_empty() || (!deeds.is_empty() && groups.iter().all(contents::VolumeGroup::is_active)))
    }

    fn perform(&self, cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
        if !is_installed("lvs") || !is_installed("lvchange") {
            return Err(Failure::refused("the LUN holds LVM volumes, but LVM is not installed here")
                .advise("install the package lvm2"));
        }
        let Some(disk) = cx.disk.clone() else { return Err(Failure::failed("there is no disk")) };
        for group in cx.contents.volume_groups.clone() {
            if group.is_complete() == Some(false) {
                let name = group.name.as_deref().unwrap_or("(unnamed)");
                cx.remark(format!(
                    "the volume group {name} has physical volumes outside this LUN: it may be incomplete"
                ));
            }
        }
        // What appeared with a session of ours was made active by udev, because of it: that is ours as well.
        let before = if cx.session_is_ours { Vec::new() } else { maps_on(&disk.name) };
        let names = log.record(&Activated { disk: disk.name.clone(), before }, || activate(cx, &disk.name))?;
        crate::procedures::rescue::steps::find_lun::settle(cx);
        learn(cx)?;
        Ok(names.join(", "))
    }

    fn undo(&self, cx: &mut Context, value: &Value) -> Result<(), Failure> {
        let activated: Activated = deed(value)?;
        lvm::deactivate(cx, &activated.disk, &activated.before)
    }
}

fn activate(cx: &Context, disk: &str) -> Result<Vec<String>, Failure> {
    let volumes = lvm::volumes(cx)?;
    let ours = maps_on(disk);
    let mut names = Vec::new();
    for volume in &volumes {
        let name = format!("{}/{}", volume.group, volume.name);
        let taken = !ours.contains(&volume.dm_name) && cx.host.exists(&format!("/dev/mapper/{}", volume.dm_name));
        if ours.contains(&volume.dm_name) {
            names.push(name);
        } else if taken {
            // A map's name is one of the whole machine, and a volume's map is called after its group. Renaming
            // the group would write to the LUN.
            let table = lvm::linear_table(cx, volume)?;
            let (map, flags) = (format!("isctpl-{}", volume.dm_name), if cx.request.read_only { "ro" } else { "rw" });
            let concise = format!("{map},ISCTPL-{},,{flags},{table}", volume.dm_name);
            cx.run(&Invocation::new("dmsetup", Duration::from_secs(60)).args(["create", "--concise", &concise]))?;
            names.push(format!("{name} as {map}, because another volume on this system has its name"));
        } else {
            cx.run(&cx.lvm().call("lvchange", Some(&volume.group), &["-ay", "-K", &name]))?;
            names.push(name);
        }
        if cx.request.read_only {
            let map = if taken { format!("isctpl-{}", volume.dm_name) } else { volume.dm_name.clone() };
            cx.run(
                &Invocation::new("blockdev", Duration::from_secs(20)).args(["--setro", &format!("/dev/mapper/{map}")]),
            )?;
        }
    }
    Ok(names)
}
