//! The disk of the LUN: by the session and the unit's number, and known again by its world-wide id.

use crate::probes::lun::{Lun, LunPath};
use crate::procedures::rescue::context::{Context, LunDisk, TargetSession};
use crate::procedures::rescue::host::open_iscsi::{self, iscsiadm};
use crate::procedures::rescue::host::{holders, session};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{Invocation, quoted};
use isctpl_checks::facts::{BlockDevice, Session};
use serde::{Deserialize, Serialize};
use std::fs;
use std::time::{Duration, Instant};

/// How long a unit may take to appear after its scan.
const APPEARS: Duration = Duration::from_secs(30);

/// Finds the disk.
pub(crate) struct FindLun;

/// The change: the disk is scanned for. There is nothing to put back: the disk goes with its session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    wwid: Option<String>,
}

/// The disk of the unit that was found by this path, after a look whether it is the right one.
fn disk_of(cx: &mut Context, found: &Lun, path: &LunPath) -> Result<BlockDevice, Failure> {
    // First: what was not read may have been the id that is asked for.
    found.problems.iter().for_each(|problem| cx.remark(problem.to_string()));
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
    Ok(path.disk.clone())
}

/// Refuses a LUN that somebody uses, or may use, by whatever path: two mounts by two paths destroy a filesystem.
fn refuse_in_use(cx: &Context, found: &Lun) -> Result<(), Failure> {
    // Ids of other kinds (`t10.`) are the same on units that have nothing to do with each other.
    let is_unique = found.wwid().is_some_and(|id| id.starts_with("naa.") || id.starts_with("eui."));
    let others = found.same_wwid.iter().filter(|_| is_unique);
    for disk in found.paths.iter().map(|path| &path.disk).chain(others) {
        let (advice, is_own_root) = holders::before_mounting(cx, &disk.name);
        if !advice.is_empty() {
            let what = if is_own_root {
                format!("this machine itself runs from that LUN ({}); run the rescue from another system", disk.name)
            } else {
                format!("the LUN ({}) is already in use on this machine", disk.name)
            };
            return Err(Failure { advice, ..Failure::refused(what) });
        }
    }
    Ok(())
}

/// Waits for the disk, and sees to it that it is the right one and free.
fn find(cx: &mut Context, session: &Session) -> Result<(BlockDevice, Lun), Failure> {
    if session::find_lun_on(cx, session).is_err() {
        scan(cx, session)?;
    }
    let deadline = Instant::now() + APPEARS;
    let (found, path) = loop {
        match session::find_lun_on(cx, session) {
            Ok(found) => break found,
            Err(failure) if Instant::now() > deadline || cx.runner.cancel.is_requested() => return Err(failure),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    };
    let device = disk_of(cx, &found, &path)?;
    refuse_in_use(cx, &found)?;
    Ok((device, found))
}

/// Whether the kernel is to refuse writes to the disk. One of somebody else's session stays as it is.
fn is_to_be_locked(cx: &Context, session: &TargetSession) -> bool {
    cx.request.read_only && session.is_ours
}

impl Step for FindLun {
    type Context = Context;
    type Change = Found;
    type Input = TargetSession;
    type Output = LunDisk;

    fn id(&self) -> &'static str {
        "lun"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Find the disk of LUN {}", cx.request.lun)
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let (target, lun) = (&cx.request.target, cx.request.lun);
        vec![
            // Other sessions' hosts are not for this unit to appear on.
            Planned::Command(format!(
                "for s in $(grep -lFx -e {} /sys/class/iscsi_session/*/targetname); do \
                 for h in ${{s%/*}}/device/../scsi_host/host*; do echo '- - {lun}' > $h/scan; done; done",
                quoted(target)
            )),
            Planned::Command(format!("ls -l /dev/disk/by-path/*-iscsi-{}", quoted(&format!("{target}-lun-{lun}")))),
        ]
    }

    fn inspect(
        &self,
        cx: &mut Context,
        session: &TargetSession,
        changes: &[Found],
    ) -> Result<Option<LunDisk>, Failure> {
        if changes.is_empty() {
            return Ok(None);
        }
        let Ok((found, path)) = session::find_lun_on(cx, &session.session) else { return Ok(None) };
        let device = disk_of(cx, &found, &path)?;
        // The disk of a new login is writable again.
        if is_to_be_locked(cx, session) && !path.read_only {
            return Ok(None);
        }
        // It was free when it was found, and somebody may have taken it since.
        refuse_in_use(cx, &found)?;
        Ok(Some(LunDisk { device, is_ours: session.is_ours }))
    }

    fn apply(&self, cx: &mut Context, session: &TargetSession, log: &mut Log<'_, Found>) -> Result<LunDisk, Failure> {
        let change = Found { wwid: cx.request.wwid.clone() };
        let (device, found) = log.guarded(change, || {
            let (device, found) = find(cx, &session.session)?;
            if is_to_be_locked(cx, session) {
                let node = format!("/dev/{}", device.name);
                cx.run(&Invocation::new("blockdev", Duration::from_secs(20)).args(["--setro", &node]))?;
            }
            Ok((device, found))
        })?;
        let id = found.wwid().map(|wwid| format!(", {wwid}")).unwrap_or_default();
        log.say(format!("/dev/{}, {}{id}", device.name, size(device.size)));
        Ok(LunDisk { device, is_ours: session.is_ours })
    }

    fn undo(&self, _: &mut Context, _: Found) -> Result<(), Failure> {
        Ok(())
    }
}

/// Has the kernel look for this unit alone, so that others of the target stay away; for all of them, where
/// the number does not say how the target addresses it (SAM-5, 4.7: above 255 there are several ways).
fn scan(cx: &Context, session: &Session) -> Result<(), Failure> {
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
    open_iscsi::run(cx, &iscsiadm(60, ["-m", "session", "-r", number, "--rescan"]))?;
    Ok(())
}

/// A size as people say it.
fn size(bytes: u64) -> String {
    const GIB: u64 = 1 << 30;
    const MIB: u64 = 1 << 20;
    if bytes >= 10 * GIB { format!("{} GiB", bytes / GIB) } else { format!("{} MiB", bytes / MIB) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::probes::lun::tests::{TARGET, disk, session as add_session};
    use crate::procedures::rescue::context::RescueRequest;
    use crate::system::Root;
    use crate::system::command::Runner;
    use std::path::Path;

    /// A rescue of LUN 47.
    fn context(sysfs: &Path, read_only: bool) -> Context {
        let request = RescueRequest {
            portal: "192.0.2.10:3260".parse().unwrap(),
            target: TARGET.to_owned(),
            lun: 47,
            read_only,
            ..RescueRequest::nothing()
        };
        let mut cx = Context::on_this_machine(request, None, Runner::default()).unwrap();
        cx.sysfs = Root::open_labelled(sysfs, "/sys").unwrap();
        cx
    }

    /// One that goes on, by this session.
    fn goes_on(cx: &mut Context, session: &Session) -> Option<LunDisk> {
        let session = TargetSession { session: session.clone(), is_ours: true };
        FindLun.inspect(cx, &session, &[Found { wwid: None }]).unwrap()
    }

    fn named(name: &str) -> Session {
        Session { name: name.to_owned(), ..Session::default() }
    }

    #[test]
    fn a_disk_that_another_session_shows_is_not_taken() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for number in [1, 2] {
            add_session(root, number, TARGET, "192.0.2.10");
        }
        disk(root, 1, 47, "isctpl-none", 16, "naa.6000000000000001");
        let mut cx = context(root, false);
        assert!(goes_on(&mut cx, &named("session2")).is_none());
        assert_eq!(session::disk(&cx, Some(&named("session2"))), None);
        assert_eq!(session::disk(&cx, None).unwrap().name, "isctpl-none");
        disk(root, 2, 47, "isctpl-other", 32, "naa.6000000000000001");
        assert_eq!(session::disk(&cx, Some(&named("session2"))).unwrap().name, "isctpl-other");
    }

    #[test]
    fn a_disk_that_was_found_and_can_be_written_is_locked_yet() {
        let directory = tempfile::tempdir().unwrap();
        add_session(directory.path(), 1, TARGET, "192.0.2.10");
        disk(directory.path(), 1, 47, "isctpl-none", 16, "naa.6000000000000001");
        assert!(goes_on(&mut context(directory.path(), true), &named("session1")).is_none());
    }

    /// The id that is asked for may be one of those that were not read.
    #[test]
    fn identifiers_that_were_not_read_are_told_with_a_refusal() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        add_session(root, 1, TARGET, "192.0.2.10");
        disk(root, 1, 47, "isctpl-none", 16, "naa.6000000000000001");
        let names: Vec<u8> = (0..65_u8).flat_map(|number| [3, 8, 0, 2, b'n', b'0' + number]).collect();
        let length = u16::try_from(names.len()).unwrap().to_be_bytes();
        let page = [&[0, 0x83], length.as_slice(), names.as_slice()].concat();
        fs::write(root.join("devices/platform/host1/session1/target1:0:0/1:0:0:47/vpd_pg83"), page).unwrap();
        let mut cx = context(root, false);
        cx.request.wwid = Some("no such id".to_owned());
        let session = TargetSession { session: named("session1"), is_ours: true };
        assert!(FindLun.inspect(&mut cx, &session, &[Found { wwid: None }]).is_err());
        let remarks = &cx.remarks;
        assert!(remarks.iter().any(|remark| remark.contains("vpd_pg83: names more than 64")), "{remarks:?}");
    }
}
