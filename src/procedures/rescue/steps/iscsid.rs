//! iscsid, without which nobody logs in.

use crate::probes::iscsi::sessions;
use crate::procedures::rescue::context::{Context, Earlier};
use crate::procedures::rescue::host::open_iscsi::{self, is_running, iscsiadm};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::FileKind;
use crate::system::command::Invocation;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// The name of the socket by which iscsiadm finds it: abstract, so of the network namespace, and the same in
/// every chroot (`ISCSIADM_NAMESPACE` in `usr/mgmt_ipc.h`).
const SOCKET: &str = "@ISCSIADM_ABSTRACT_NAMESPACE";

/// Starts it where it does not run.
pub(crate) struct Iscsid;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Started {
    /// Whether systemd listened for it.
    socket: bool,
}

fn is_listening(cx: &Context) -> Result<bool, Failure> {
    let sockets = cx.host.text("/proc/net/unix")?.unwrap_or_default();
    Ok(sockets.lines().any(|line| line.split_whitespace().next_back() == Some(SOCKET)))
}

/// Whether systemd runs. Where the kernel does not say, it is asked, and its answer decides.
fn has_systemd(cx: &Context) -> bool {
    !matches!(cx.host.kind("/run/systemd/system"), Ok(kind) if kind != Some(FileKind::Directory))
}

fn systemctl(verb: &str, unit: &str) -> Invocation {
    Invocation::new("systemctl", Duration::from_secs(40)).args([verb, unit])
}

/// Starts it, by systemd or by hand, and waits until it answers.
fn start(cx: &Context) -> Result<(), Failure> {
    let by_systemd = has_systemd(cx).then(|| cx.run(&systemctl("start", "iscsid.service")));
    // A rescue system may run systemd and have iscsid without a unit.
    if !matches!(by_systemd, Some(Ok(_)))
        && let Err(by_hand) = cx.run(&Invocation::new("iscsid", Duration::from_secs(20)))
    {
        let why = by_systemd.and_then(Result::err).map(|failure| format!("; {}", failure.what)).unwrap_or_default();
        return Err(Failure::failed(format!("iscsid does not start: {}{why}", by_hand.what))
            .advise("modprobe iscsi_tcp")
            .advise("journalctl -u iscsid -n 20"));
    }
    let deadline = Instant::now() + Duration::from_secs(15);
    while !(is_listening(cx)? && is_running(cx)?) {
        if Instant::now() > deadline || cx.runner.cancel.is_requested() {
            return Err(Failure::failed("iscsid was started but does not run")
                .advise("iscsid -f -d 8   runs it in the foreground and shows why"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

impl Step for Iscsid {
    type Context = Context;
    type Change = Started;
    type Input = Earlier;
    type Output = ();

    fn id(&self) -> &'static str {
        "iscsid"
    }

    fn title(&self, _: &Context) -> String {
        "Start iscsid".to_owned()
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        vec![if has_systemd(cx) {
            Planned::command(&systemctl("start", "iscsid.service"))
        } else {
            Planned::Command("iscsid".to_owned())
        }]
    }

    fn inspect(&self, cx: &mut Context, session: &Earlier, _: &[Started]) -> Result<Option<()>, Failure> {
        Ok((session.is_some() || is_running(cx)?).then_some(()))
    }

    fn apply(&self, cx: &mut Context, _: &Earlier, log: &mut Log<'_, Started>) -> Result<(), Failure> {
        let socket = is_listening(cx)?;
        log.guarded(Started { socket }, || start(cx))?;
        log.say("started; `rescue down` stops it");
        Ok(())
    }

    fn undo(&self, cx: &mut Context, started: Started) -> Result<(), Failure> {
        // A session that somebody opened meanwhile needs it.
        if !sessions::list(&cx.sysfs, &mut Vec::new())?.is_empty() {
            if is_running(cx)? {
                cx.remark("iscsid keeps running: other iSCSI sessions use it now");
            }
            return Ok(());
        }
        // systemd may still be at a start that was asked for right before a crash: stopping takes that back too.
        if has_systemd(cx) {
            // Where there is no such unit, iscsid was started by hand, and is ended so.
            let _ = cx.run(&systemctl("stop", "iscsid.service"));
        }
        if is_running(cx)? {
            open_iscsi::run(cx, &iscsiadm(20, ["-k", "0"]))?;
        }
        // Stopping the service leaves the socket as it is; starting it may have started the socket too.
        if !started.socket && has_systemd(cx) && cx.run(&systemctl("is-active", "iscsid.socket")).is_ok() {
            cx.run(&systemctl("stop", "iscsid.socket"))?;
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while is_running(cx)? {
            if Instant::now() > deadline {
                return Err(Failure::failed("iscsid does not stop").advise("iscsiadm -k 0"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}
