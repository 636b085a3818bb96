//! The session.

use crate::probes::iscsi::sessions;
use crate::procedures::rescue::RECORD_NAME;
use crate::procedures::rescue::context::{Context, deed, iscsiadm};
use crate::procedures::rescue::host::lvm;
use crate::procedures::rescue::host::mounts::{describe, settled_holders};
use crate::procedures::rescue::steps::find_lun;
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{CommandError, Invocation};
use isctpl_checks::facts::Session;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long the search for what holds a disk may take.
pub(crate) const HOLDERS_LIMIT: Duration = Duration::from_secs(20);

/// How long after an interrupted login a session is looked for.
const APPEARS: Duration = Duration::from_secs(2);

/// Logs in.
pub(crate) struct Login;

#[derive(Debug, Serialize, Deserialize)]
struct LoggedIn {
    target: String,
    portal: SocketAddr,
    /// Sessions that were there before: not ours.
    before: Vec<String>,
}

fn node(target: &str, portal: SocketAddr, what: &str) -> Invocation {
    let portal = portal.to_string();
    iscsiadm(60, ["-m", "node", "-T", target, "-p", &portal, "-I", RECORD_NAME, what])
}

/// Sessions to a target through a portal.
fn to(cx: &Context, target: &str, portal: SocketAddr) -> Result<Vec<Session>, Failure> {
    let fits = |session: &Session| {
        session.target.eq_ignore_ascii_case(target)
            && (session.address, session.port) == (Some(portal.ip()), Some(portal.port()))
    };
    Ok(sessions::list(&cx.sysfs, &mut Vec::new())?.into_iter().filter(fits).collect())
}

/// Learns whether there is a session, and whose it is.
///
/// # Errors
/// When sysfs or a deed cannot be read.
pub(crate) fn learn(cx: &mut Context, deeds: &[Value]) -> Result<(), Failure> {
    let found = to(cx, &cx.request.target, cx.request.portal)?;
    let mut ours = None;
    let mut others = None;
    for session in found {
        let mut is_ours = false;
        for value in deeds {
            is_ours |= is_ours_by(&deed::<LoggedIn>(value)?, &session);
        }
        *if is_ours { &mut ours } else { &mut others } = Some(session);
    }
    cx.session_is_ours = ours.is_some();
    cx.session = ours.or(others);
    Ok(())
}

/// A session that was not there before, and goes by our interface record.
fn is_ours_by(deed: &LoggedIn, session: &Session) -> bool {
    !deed.before.contains(&session.name) && session.iface_name.as_deref().is_none_or(|name| name == RECORD_NAME)
}

impl Step<Context> for Login {
    fn id(&self) -> &'static str {
        "login"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Log in to {}", cx.request.target)
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        vec![Planned::command(&node(&cx.request.target, cx.request.portal, "--login"))]
    }

    fn is_done(&self, cx: &mut Context, deeds: &[Value]) -> Result<bool, Failure> {
        learn(cx, deeds)?;
        let Some(session) = &cx.session else { return Ok(false) };
        if session.state != "LOGGED_IN" {
            let what = format!("{} to the target exists but is not logged in (state {})", session.name, session.state);
            return Err(Failure::failed(what).advise("iscsiadm -m session -P 1"));
        }
        if !cx.session_is_ours {
            let text =
                format!("{} existed before this rescue: it is used, and stays logged in afterwards", session.name);
            cx.remark(text);
        }
        Ok(true)
    }

    fn perform(&self, cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
        let (target, portal) = (cx.request.target.clone(), cx.request.portal);
        let before = sessions::list(&cx.sysfs, &mut Vec::new())?.into_iter().map(|session| session.name).collect();
        let logged_in = LoggedIn { target, portal, before };
        log.record(&logged_in, || {
            cx.iscsiadm(&node(&logged_in.target, portal, "--login")).map(drop).map_err(|error| explain(error, cx))
        })?;
        learn(cx, &[serde_json::to_value(&logged_in).map_err(|error| Failure::failed(error.to_string()))?])?;
        match &cx.session {
            Some(session) => Ok(session.name.clone()),
            None => Err(Failure::failed("iscsiadm reports a login, but the kernel has no session")),
        }
    }

    fn undo(&self, cx: &mut Context, value: &Value) -> Result<(), Failure> {
        let deed: LoggedIn = deed(value)?;
        let ours = |cx: &Context| -> Result<Vec<Session>, Failure> {
            Ok(to(cx, &deed.target, deed.portal)?.into_iter().filter(|session| is_ours_by(&deed, session)).collect())
        };
        let mut sessions = ours(cx)?;
        // An iscsiadm that was ended early leaves iscsid at the login: there is no session yet, and may be one
        // soon. Logging out ends that as well.
        let deadline = Instant::now() + APPEARS;
        while sessions.is_empty() {
            if crate::procedures::rescue::steps::node_record::files(cx).is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            sessions = ours(cx)?;
        }
        for session in &sessions {
            release(cx, session)?;
        }
        let outcome = cx.iscsiadm(&node(&deed.target, deed.portal, "--logout"));
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let left = ours(cx)?;
            let Some(session) = left.first() else { return Ok(()) };
            if Instant::now() > deadline {
                let number = session.name.trim_start_matches("session").to_owned();
                let why = outcome.err().map(|error| format!(": {error}")).unwrap_or_default();
                return Err(Failure::failed(format!("{} is still logged in{why}", session.name))
                    .advise(format!("iscsiadm -m session -r {number} -u")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Makes sure that nothing on a session's disks is in use. Volumes that udev made active when the disks
/// appeared are made inactive: they came by this login.
fn release(cx: &mut Context, session: &Session) -> Result<(), Failure> {
    for disk in &session.disks {
        find_lun::settle(cx);
        lvm::deactivate(cx, disk, &[])?;
        let held = settled_holders(cx, disk);
        let dead = session.state != "LOGGED_IN";
        if held.in_use() || !(held.is_free() || dead) {
            let mut failure = Failure::failed(format!("{disk} of {} is in use; not logged out", session.name));
            failure.advice = describe(&held, |_| true);
            if failure.advice.is_empty() {
                failure
                    .advice
                    .extend(held.problems.iter().map(|problem| format!("{}: {}", problem.place, problem.what)));
            }
            return Err(failure);
        }
    }
    Ok(())
}

/// What the exit codes of a login mean (iscsiadm(8), EXIT STATUS).
fn explain(error: CommandError, cx: &Context) -> Failure {
    match &error {
        CommandError::Failed { code: Some(24), .. } => {
            let with = if cx.request.username.is_some() {
                "the initiator name, the CHAP user name or the CHAP password is wrong"
            } else {
                "the target may require CHAP: give --username and --password-file"
            };
            Failure::failed(format!("the target refuses the login (authorization failed): {with}"))
                .advise(format!("the credentials are from {}; initiator {}", cx.request.source, cx.request.initiator))
        }
        CommandError::Failed { code: Some(8), .. } | CommandError::TimedOut { .. } => Failure::failed(format!(
            "the portal {} accepts the connection but does not answer the login request",
            cx.request.portal
        )),
        CommandError::Failed { code: Some(19), .. } => {
            Failure::failed("the target refuses the login: it does not accept this initiator name")
                .advise(format!("the initiator is {}", cx.request.initiator))
        }
        _ => error.into(),
    }
}
