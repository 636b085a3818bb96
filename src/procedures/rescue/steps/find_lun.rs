//! The disk of the LUN: by the session and the unit's number, and known again by its world-wide id.

use crate::probes::lun::{self, LunError, Wanted};
use crate::procedures::rescue::context::Context;
use crate::procedures::rescue::host::mounts::describe;
use crate::procedures::rescue::steps::login::HOLDERS_LIMIT;
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::Invocation;
use crate::system::holders;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

/// How long a unit may take to appear after its scan.
const APPEARS: Duration = Duration::from_secs(30);

/// Finds the disk.
pub(crate) struct FindLun;

/// The deed: the disk is scanned for. There is nothing to put back: the disk goes with its session.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    wwid: Option<String>,
}

fn find(cx: &Context) -> Result<lun::Lun, LunError> {
    let portal = cx.request.portal;
    let portal = Some((portal.ip(), portal.port()));
    lun::find(&cx.sysfs, &Wanted { target: &cx.request.target, portal, lun: cx.request.lun })
}

/// Learns which disk it is, where it is there.
pub(crate) fn recall(cx: &mut Context) {
    if let Some(path) = find(cx).ok().and_then(|found| found.paths.into_iter().next()) {
        cx.disk = Some(path.disk);
    }
}

/// Takes the unit that was found into the context, after a look whether it is the right one and free.
fn take(cx: &mut Context, found: &lun::Lun) -> Result<(), Failure> {
    let Some(path) = found.paths.first() else { return Err(Failure::failed("the LUN has no disk on this machine")) };
    let (wanted, wwid) = (cx.request.wwid.as_deref(), path.wwid());
    let fits = |wanted: &str| wwid == Some(wanted) || path.identifiers.iter().any(|id| id == wanted);
    if let Some(wanted) = wanted.filter(|wanted| !fits(wanted)) {
        return Err(Failure::refused(format!(
            "LUN {} is {} with the world-wide id {}, but {wanted} was asked for",
            cx.request.lun,
            path.disk.name,
            wwid.unwrap_or("(none)")
        )));
    }
    if let Some(map) = found.multipath_map() {
        return Err(Failure::refused(format!("{} belongs to the multipath map {}", path.disk.name, map.name))
            .advise("multipath -f MAP   removes the map, if nothing uses it"));
    }
    for other in &found.same_wwid {
        cx.remark(format!("{} has the same world-wide id as the LUN: another path to it, or a clone", other.name));
    }
    cx.disk = Some(path.disk.clone());
    Ok(())
}

/// Refuses a LUN on which something is mounted that is none of this procedure's.
fn is_free(cx: &Context, disk: &str) -> Result<(), Failure> {
    let held = holders::find(disk, HOLDERS_LIMIT);
    let at = &cx.place();
    let foreign = |target: &str| !std::path::Path::new(target).starts_with(at);
    if !held.mounts.iter().any(|mount| foreign(&mount.target)) && held.swaps.is_empty() {
        return Ok(());
    }
    let what = if held.mounts.iter().any(|mount| mount.own_namespace && mount.target == "/") {
        format!("this machine itself runs from that LUN ({disk}); run the rescue from another system")
    } else {
        format!("the LUN ({disk}) is already in use on this machine")
    };
    let mut failure = Failure::refused(what);
    failure.advice = describe(&held, foreign);
    Err(failure)
}

impl Step<Context> for FindLun {
    fn id(&self) -> &'static str {
        "lun"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Find the disk of LUN {}", cx.request.lun)
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        vec![
            Planned::Command(format!(
                "for h in /sys/class/iscsi_session/*/device/../scsi_host/host*; do echo '- - {}' > $h/scan; done",
                cx.request.lun
            )),
            Planned::Command(format!("ls -l /dev/disk/by-path/*-iscsi-{}-lun-{}", cx.request.target, cx.request.lun)),
        ]
    }

    fn is_done(&self, cx: &mut Context, deeds: &[Value]) -> Result<bool, Failure> {
        let Ok(found) = find(cx) else { return Ok(false) };
        take(cx, &found)?;
        // One that was found once is free, or held by this procedure.
        match (&cx.disk, deeds.is_empty()) {
            (Some(disk), true) => is_free(cx, &disk.name).map(|()| false),
            _ => Ok(true),
        }
    }

    fn perform(&self, cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
        log.record(&Found { wwid: cx.request.wwid.clone() }, || Ok(()))?;
        if find(cx).is_err() {
            scan(cx)?;
        }
        let deadline = Instant::now() + APPEARS;
        let found = loop {
            match find(cx) {
                Ok(found) => break found,
                Err(error) if Instant::now() > deadline || cx.runner.cancel.is_requested() => {
                    return Err(Failure::failed(error.to_string()));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        };
        settle(cx);
        take(cx, &found)?;
        let Some(disk) = cx.disk.clone() else { return Err(Failure::failed("the LUN has no disk on this machine")) };
        if cx.request.read_only && cx.session_is_ours {
            cx.run(
                &Invocation::new("blockdev", Duration::from_secs(20)).args(["--setro", &format!("/dev/{}", disk.name)]),
            )?;
        }
        let id = found.wwid().map(|wwid| format!(", {wwid}")).unwrap_or_default();
        Ok(format!("/dev/{}, {}{id}", disk.name, size(disk.size)))
    }

    fn undo(&self, _: &mut Context, _: &Value) -> Result<(), Failure> {
        Ok(())
    }
}

/// Has the kernel look for this unit alone, so that others of the target stay away; for all of them, where
/// the number does not say how the target addresses it (SAM-5, 4.7: above 255 there are several ways).
fn scan(cx: &Context) -> Result<(), Failure> {
    let Some(session) = &cx.session else { return Err(Failure::failed("there is no iSCSI session")) };
    let number = session.name.trim_start_matches("session");
    if cx.request.lun < 256 {
        let directory =
            fs::canonicalize(cx.sysfs.path().join(format!("class/iscsi_session/{}/device/..", session.name)));
        let host = directory.ok().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        if let Some(host) = host {
            let path = cx.sysfs.path().join(format!("class/scsi_host/{host}/scan"));
            if fs::write(&path, format!("- - {}\n", cx.request.lun)).is_ok() {
                return Ok(());
            }
        }
    }
    cx.iscsiadm(&crate::procedures::rescue::context::iscsiadm(60, ["-m", "session", "-r", number, "--rescan"]))?;
    Ok(())
}

/// Lets udev finish: it may make volumes active on what appeared.
pub(crate) fn settle(cx: &Context) {
    // A system without udev has nothing to wait for.
    let _ = cx.runner.run(&Invocation::new("udevadm", Duration::from_secs(30)).args(["settle", "--timeout=20"]));
}

/// A size as people say it.
pub(crate) fn size(bytes: u64) -> String {
    const GIB: u64 = 1 << 30;
    const MIB: u64 = 1 << 20;
    if bytes >= 10 * GIB { format!("{} GiB", bytes / GIB) } else { format!("{} MiB", bytes / MIB) }
}
