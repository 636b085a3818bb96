//! The session.

use crate::probes::iscsi::sessions;
use crate::procedures::rescue::context::{Context, TargetSession};
use crate::procedures::rescue::host::open_iscsi::{self, RECORD_NAME, iscsiadm};
use crate::procedures::rescue::host::session::{self, LoginRequest};
use crate::procedures::rescue::host::{holders, lvm};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{CommandError, Invocation};
use isctpl_checks::facts::Session;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long after an interrupted login a session is looked for.
const APPEARS: Duration = Duration::from_secs(2);

/// How long it is tried to make all volumes of a disk inactive: udev hands their activation to a service of its own
/// (LVM's 69-lvm.rules) and does not wait for it, so that one may become active after it was made inactive. This does
/// not rule out one that becomes active between the last look and the logout: its map stays, without a disk.
const ACTIVATES: Duration = Duration::from_secs(10);

/// Logs in to the target.
pub(crate) struct Login;

fn node(target: &str, portal: SocketAddr, what: &str) -> Invocation {
    let portal = portal.to_string();
    iscsiadm(60, ["-m", "node", "-T", target, "-p", &portal, "-I", RECORD_NAME, what])
}

impl Step for Login {
    type Context = Context;
    type Change = LoginRequest;
    type Input = ();
    type Output = TargetSession;

    fn id(&self) -> &'static str {
        "login"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Log in to {}", cx.request.target)
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        vec![Planned::command(&node(&cx.request.target, cx.request.portal, "--login"))]
    }

    fn inspect(&self, cx: &mut Context, (): &(), logins: &[LoginRequest]) -> Result<Option<TargetSession>, Failure> {
        let Some(found) = session::find(cx, logins)? else { return Ok(None) };
        let (name, state) = (&found.session.name, &found.session.state);
        if state != "LOGGED_IN" {
            let what = format!("{name} to the target exists but is not logged in (state {state})");
            return Err(Failure::failed(what).advise("iscsiadm -m session -P 1"));
        }
        if !found.is_ours {
            cx.remark(format!("{name} existed before this rescue: it is used, and stays logged in afterwards"));
        }
        Ok(Some(found))
    }

    fn apply(&self, cx: &mut Context, (): &(), log: &mut Log<'_, LoginRequest>) -> Result<TargetSession, Failure> {
        let (target, portal) = (cx.request.target.clone(), cx.request.portal);
        let before = sessions::list(&cx.sysfs, &mut Vec::new())?.into_iter().map(|session| session.name).collect();
        let login = LoginRequest { target, portal, before };
        log.guarded(login.clone(), || {
            let outcome = open_iscsi::run(cx, &node(&login.target, portal, "--login"));
            outcome.map(drop).map_err(|error| explain(error, cx))
        })?;
        let found = session::find(cx, &[login])?;
        let found = found.ok_or_else(|| Failure::failed("iscsiadm reports a login, but the kernel has no session"))?;
        log.say(found.session.name.clone());
        Ok(found)
    }

    fn undo(&self, cx: &mut Context, login: LoginRequest) -> Result<(), Failure> {
        let mut sessions = login.sessions(cx)?;
        // An iscsiadm that was ended early leaves iscsid at the login: there is no session yet, and may be one
        // soon. Logging out ends that as well.
        let deadline = Instant::now() + APPEARS;
        while sessions.is_empty() {
            // Where that cannot be told a session may come all the same.
            if open_iscsi::node_files(cx).is_ok_and(|files| files.is_empty()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
            sessions = login.sessions(cx)?;
        }
        for session in &sessions {
            release(cx, session)?;
        }
        let outcome = open_iscsi::run(cx, &node(&login.target, login.portal, "--logout"));
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let left = login.sessions(cx)?;
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
    for disk in sessions::units(&cx.sysfs, &session.name)?.into_iter().flat_map(|unit| unit.disks) {
        let disk = disk.as_str();
        let dead = session.state != "LOGGED_IN";
        let deadline = Instant::now() + ACTIVATES;
        let held = loop {
            holders::settle(cx);
            lvm::deactivate(cx, disk, &[])?;
            let held = holders::settled_holders(cx, disk);
            if held.is_free() || held.has_users() || dead || Instant::now() > deadline {
                break held;
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        if held.in_use() || !(held.is_free() || dead) {
            let mut failure = Failure::failed(format!("{disk} of {} is in use; not logged out", session.name));
            failure.advice = holders::describe(&held);
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
