//! iscsid, without which nobody logs in.

use crate::probes::iscsi::sessions;
use crate::procedures::rescue::context::{Context, deed, iscsiadm};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::Invocation;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The name of the socket by which iscsiadm finds it: abstract, so of the network namespace, and the same in
/// every chroot (`ISCSIADM_NAMESPACE` in `usr/mgmt_ipc.h`).
const SOCKET: &str = "@ISCSIADM_ABSTRACT_NAMESPACE";

/// Starts it where it does not run.
pub(crate) struct Daemon;

#[derive(Debug, Serialize, Deserialize)]
struct Started {
    /// Whether systemd listened for it.
    socket: bool,
}

/// Whether a program of this name runs.
pub(crate) fn runs(cx: &Context, program: &str) -> Result<bool, Failure> {
    let is_pid = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    Ok(cx
        .host
        .names("/proc")?
        .iter()
        .filter(|name| is_pid(name))
        .any(|pid| matches!(cx.host.line(&format!("/proc/{pid}/comm")), Ok(Some(name)) if name.trim() == program)))
}

fn is_running(cx: &Context) -> Result<bool, Failure> {
    runs(cx, "iscsid")
}

fn is_listening(cx: &Context) -> Result<bool, Failure> {
    let sockets = cx.host.text("/proc/net/unix")?.unwrap_or_default();
    Ok(sockets.lines().any(|line| line.split_whitespace().next_back() == Some(SOCKET)))
}

fn has_systemd(cx: &Context) -> bool {
    cx.host.is_dir("/run/systemd/system")
}

fn systemctl(verb: &str, unit: &str) -> Invocation {
    Invocation::new("systemctl", Duration::from_secs(40)).args([verb, unit])
}

impl Step<Context> for Daemon {
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

    fn is_done(&self, cx: &mut Context, _: &[Value]) -> Result<bool, Failure> {
        Ok(cx.session.is_some() || is_running(cx)?)
    }

    fn perform(&self, cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
        let socket = is_listening(cx)?;
        log.record(&Started { socket }, || {
            let systemd = has_systemd(cx);
            let by_systemd = systemd.then(|| cx.run(&systemctl("start", "iscsid.service")));
            match by_systemd {
                Some(Ok(_)) => {}
                // A rescue system may run systemd and have iscsid without a unit.
                None | Some(Err(_)) => {
                    let by_hand = cx.run(&Invocation::new("iscsid", Duration::from_secs(20)));
                    if let (Err(by_hand), by_systemd) = (by_hand, by_systemd) {
                        let why = by_systemd.and_then(Result::err).map(|failure| format!("; {}", failure.what));
                        return Err(Failure::failed(format!(
                            "iscsid does not start: {}{}",
                            by_hand.what,
                            why.unwrap_or_default()
                        ))
                        .advise("modprobe iscsi_tcp")
                        .advise("journalctl -u iscsid -n 20"));
                    }
                }
            }
            let deadline = Instant::now() + Duration::from_secs(15);
            while !(is_listening(cx)? && is_running(cx)?) {
                if Instant::now() > deadline || cx.runner.cancel.is_requested() {
                    return Err(Failure::failed("iscsid was started but does not run")
                        .advise("iscsid -f -d 8   runs it in the foreground and shows why"));
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            Ok("started; `rescue down` stops it".to_owned())
        })
    }

    fn undo(&self, cx: &mut Context, value: &Value) -> Result<(), Failure> {
        let started: Started = deed(value)?;
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
            cx.iscsiadm(&iscsiadm(20, ["-k", "0"]))?;
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
