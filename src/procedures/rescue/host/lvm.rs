//! LVM, shown nothing but the LUN.
//!
//! The tools are given a filter of their own each time, so that neither a devices file nor a filter of
//! this system hides the LUN, and a volume group of this system that has the same name is not seen at all.
//! Nothing of this system's LVM is changed.

use crate::probes::storage::sysfs::Sysfs;
use crate::procedures::Failure;
use crate::procedures::rescue::context::Context;
use crate::procedures::rescue::host::holders;
use crate::system::command::Invocation;
use serde_json::Value;
use std::time::Duration;

/// How long LVM may take; it reads the LUN.
const LIMIT: Duration = Duration::from_secs(90);

/// Devices that LVM may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    devices: Vec<String>,
    read_only: bool,
}

impl Selection {
    /// In a plan the disk is not known yet.
    pub(crate) fn planned(cx: &Context) -> Self {
        Self { devices: vec!["DISK[0-9]*".to_owned()], read_only: cx.request.read_only }
    }

    /// A disk with all its partitions.
    ///
    /// # Errors
    /// When sysfs cannot be read: what is not listed here is not seen by LVM.
    pub(crate) fn of_disk(cx: &Context, disk: &str) -> Result<Self, Failure> {
        let partitions = cx.sysfs.names(&format!("/class/block/{disk}"))?;
        let mut devices = vec![disk.to_owned()];
        devices.extend(partitions.into_iter().filter(|name| name.starts_with(disk)));
        Ok(Self { devices, read_only: cx.request.read_only })
    }

    /// The settings for one invocation.
    fn config(&self, group: Option<&str>) -> String {
        let accepted: String = self.devices.iter().map(|name| format!("\"a|^/dev/{name}$|\",")).collect();
        let filter = format!("[{accepted}\"r|.*|\"]");
        let mut config = format!("devices {{ use_devicesfile=0 filter={filter} global_filter={filter} }}");
        if let (true, Some(group)) = (self.read_only, group) {
            config.push_str(&format!(" activation {{ read_only_volume_list=[\"{group}\"] }}"));
        }
        config
    }

    /// One of LVM's programs.
    pub(crate) fn invocation(&self, program: &str, group: Option<&str>, arguments: &[&str]) -> Invocation {
        Invocation::new(program, LIMIT).args(["--config", &self.config(group)]).args(arguments.iter().copied())
    }
}

/// A logical volume as `lvs` tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Volume {
    pub(crate) group: String,
    pub(crate) name: String,
    /// The name of its map.
    pub(crate) dm_name: String,
    pub(crate) active: bool,
}

/// A list of objects out of `--reportformat json`.
fn report(text: &str, kind: &str) -> Result<Vec<Value>, Failure> {
    let parsed: Value =
        serde_json::from_str(text).map_err(|error| Failure::failed(format!("LVM's report cannot be read: {error}")))?;
    Ok(parsed["report"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|part| part[kind].as_array().cloned().unwrap_or_default())
        .collect())
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

/// Logical volumes on the LUN that a person can see.
pub(crate) fn volumes(cx: &Context, lun: &Selection) -> Result<Vec<Volume>, Failure> {
    let invocation =
        lun.invocation("lvs", None, &["--reportformat", "json", "-o", "vg_name,lv_name,lv_dm_path,lv_active"]);
    let printed = cx.run(&invocation)?;
    Ok(report(&printed.out, "lv")?
        .iter()
        .map(|lv| Volume {
            group: text(lv, "vg_name"),
            name: text(lv, "lv_name"),
            dm_name: text(lv, "lv_dm_path").trim_start_matches("/dev/mapper/").to_owned(),
            active: !text(lv, "lv_active").is_empty(),
        })
        .collect())
}

/// The map's table of a volume that is laid out plainly: segments of type `linear`, each on one device.
pub(crate) fn linear_table(cx: &Context, lun: &Selection, volume: &Volume) -> Result<String, Failure> {
    let name = format!("{}/{}", volume.group, volume.name);
    let segments = lun.invocation(
        "lvs",
        None,
        &[
            "--reportformat",
            "json",
            "--segments",
            "--units",
            "s",
            "--nosuffix",
            "-o",
            "segtype,seg_start,seg_size,devices,vg_extent_size",
            &name,
        ],
    );
    let starts = lun.invocation(
        "pvs",
        None,
        &["--reportformat", "json", "--units", "s", "--nosuffix", "-o", "pv_name,pe_start"],
    );
    let starts = report(&cx.run(&starts)?.out, "pv")?;
    let mut lines = Vec::new();
    for segment in report(&cx.run(&segments)?.out, "seg")? {
        lines.push(linear_line(&segment, &starts).ok_or_else(|| {
            Failure::failed(format!(
                "{name} has a map of its name on this system already, and is not laid out so plainly that it can be \
                 mapped under another one"
            ))
        })?);
    }
    if lines.is_empty() {
        return Err(Failure::failed(format!("LVM reports no segments of {name}")));
    }
    Ok(lines.join(","))
}

/// The line of a table for one segment: `START LENGTH linear DEVICE OFFSET`, in sectors (`Documentation/
/// admin-guide/device-mapper/linear.rst`); `None` when it is of another type.
fn linear_line(segment: &Value, starts: &[Value]) -> Option<String> {
    let number = |key: &str| text(segment, key).trim().parse::<u64>().ok();
    let devices = text(segment, "devices");
    let (device, extent) = devices.strip_suffix(')')?.rsplit_once('(')?;
    let start = starts.iter().find(|pv| text(pv, "pv_name") == device)?;
    let first = text(start, "pe_start").trim().parse::<u64>().ok()?;
    let offset = extent.parse::<u64>().ok()?.checked_mul(number("vg_extent_size")?)?.checked_add(first)?;
    let (at, length) = (number("seg_start")?, number("seg_size")?);
    (text(segment, "segtype") == "linear").then(|| format!("{at} {length} linear {device} {offset}"))
}

/// Maps on a disk by their names in `/dev/mapper`, bottom up; none where the disk is gone.
///
/// # Errors
/// When sysfs cannot be read: then nobody knows whether there are any.
pub(crate) fn maps_on(cx: &Context, disk: &str) -> Result<Vec<String>, Failure> {
    let sysfs = Sysfs::at(&cx.sysfs);
    let Some(directory) = sysfs.by_name(disk)? else { return Ok(Vec::new()) };
    Ok(sysfs.above(&directory)?.into_iter().filter_map(|device| device.dm_name).collect())
}

/// Makes every volume on a disk inactive but those that were active before, given by the names of their maps:
/// the topmost first. Not all may be LVM's: a volume whose name was taken is a map of ours.
pub(crate) fn deactivate(cx: &Context, disk: &str, before: &[String]) -> Result<(), Failure> {
    let maps = || -> Result<Vec<String>, Failure> {
        let mut names = maps_on(cx, disk)?;
        names.reverse();
        names.retain(|name| !before.contains(name));
        Ok(names)
    };
    let found = maps()?;
    if found.is_empty() {
        return Ok(());
    }
    let selection = Selection::of_disk(cx, disk)?;
    let mut last = None;
    for name in &found {
        // LVM first, where the map is one of its volumes and the LUN answers; the map alone otherwise.
        let path = format!("/dev/mapper/{name}");
        let invocation = selection.invocation("lvchange", None, &["-an", "-y", &path]);
        last = cx.run(&invocation).err().or(last);
    }
    for name in maps()? {
        last = cx.run(&Invocation::new("dmsetup", LIMIT).args(["remove", "--retry", &name])).err().or(last);
    }
    match (maps()?.as_slice(), last) {
        ([], _) => Ok(()),
        (left, last) => {
            let why = last.map(|failure| format!(": {}", failure.what)).unwrap_or_default();
            let mut failure = Failure::failed(format!("still active: {}{why}", left.join(", ")));
            failure.advice = holders::describe(&holders::of(disk));
            Err(failure)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_made_of_what_lvm_reports() {
        let segments = r#"{"report": [{"seg": [
            {"segtype":"linear","seg_start":"0","seg_size":"5398528","devices":"/dev/sda3(0)","vg_extent_size":"8192"},
            {"segtype":"linear","seg_start":"5398528","seg_size":"8192","devices":"/dev/sda3(700)","vg_extent_size":"8192"},
            {"segtype":"striped","seg_start":"0","seg_size":"8","devices":"/dev/sda3(0),/dev/sdb(0)","vg_extent_size":"8192"}
        ]}], "log": []}"#;
        let starts = report(r#"{"report": [{"pv": [{"pv_name":"/dev/sda3","pe_start":"2048"}]}]}"#, "pv").unwrap();
        let lines: Vec<Option<String>> =
            report(segments, "seg").unwrap().iter().map(|segment| linear_line(segment, &starts)).collect();
        assert_eq!(lines[0].as_deref(), Some("0 5398528 linear /dev/sda3 2048"));
        assert_eq!(lines[1].as_deref(), Some("5398528 8192 linear /dev/sda3 5736448"));
        assert_eq!(lines[2], None);
    }

    #[test]
    fn nothing_but_the_lun_is_shown() {
        let selection = Selection { devices: vec!["sda".to_owned(), "sda3".to_owned()], read_only: true };
        assert_eq!(
            selection.config(Some("vg")),
            "devices { use_devicesfile=0 filter=[\"a|^/dev/sda$|\",\"a|^/dev/sda3$|\",\"r|.*|\"] \
             global_filter=[\"a|^/dev/sda$|\",\"a|^/dev/sda3$|\",\"r|.*|\"] } \
             activation { read_only_volume_list=[\"vg\"] }"
        );
    }
}
