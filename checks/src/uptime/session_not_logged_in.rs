//! `session-not-logged-in`

use crate::facts::{Fact, Session, Unit};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "session-not-logged-in",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Live,
    decided_by: &[],
    title: "the session that carries the root is not logged in",
    doc: Doc {
        finds: "The session that carries the root, or a session to the target of the iBFT, is in another state than \
                LOGGED_IN; or the root's device is on a session that the kernel no longer has, or its disk is gone.",
        breaks: "While a session is FAILED its disks are blocked: processes that use the root wait. Once the \
                 replacement timeout has passed the disks return I/O errors and the filesystem goes read-only. What \
                 is in the page cache still works, so the machine may look alive for a while.",
        fix: "Restore the route to the target first (see the san-… checks). Without a running iscsid nothing \
               reconnects: start it.",
        references: &[
            "Linux drivers/scsi/scsi_transport_iscsi.c, session states",
            "open-iscsi README, section 8 (timeouts)",
            "Debian open-iscsi README.Debian (without iscsid the kernel does not reconnect)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    facts.iscsi.sessions.needed()?;
    let sessions = facts.root_sessions();
    if sessions.is_empty() {
        return Ok(no_session(facts));
    }
    let broken: Vec<_> = sessions.iter().filter(|session| session.state != Session::LOGGED_IN).collect();
    // With several paths to the root one that stands is enough; the others are still told.
    let any_stands = broken.len() < sessions.len();
    let findings = broken.into_iter().map(|session| finding(session, any_stands)).collect();
    Ok(Outcome::from_findings(findings, || {
        sessions
            .iter()
            .map(|session| format!("{} to {} is logged in{}", session.name, session.target, portal(session)))
            .collect::<Vec<_>>()
            .join("; ")
    }))
}

fn portal(session: &Session) -> String {
    match (session.address, session.port) {
        (Some(ip), Some(port)) => format!(" at {ip}:{port}"),
        (Some(ip), None) => format!(" at {ip}"),
        _ => String::new(),
    }
}

fn finding(session: &Session, any_stands: bool) -> Finding {
    let summary = format!("{} to {}{} is {}", session.name, session.target, portal(session), session.state);
    let finding = if any_stands { Finding::warning(summary) } else { Finding::critical(summary) };
    finding
        .evidence(Evidence::new(format!("/sys/class/iscsi_session/{}/state", session.name), session.state.clone()))
        .evidences(session.connection_state.iter().map(|state| {
            Evidence::new(format!("/sys/class/iscsi_session/{}, connection", session.name), state.clone())
        }))
        .remedy(
            Remedy::new("Restore the route to the target, and make sure that iscsid runs: it then reconnects")
                .command(ShellCommand::new(&["systemctl", "start", Unit::ISCSID]).on_machine())
                .command(ShellCommand::new(&["iscsiadm", "-m", "session", "-P", "1"]).on_machine()),
        )
}

/// Without a session to the boot target, what the root lies on decides.
fn no_session(facts: &Analysis<'_>) -> Outcome {
    let root = match &facts.storage.root_device {
        Fact::Known(Some(root)) => root,
        Fact::Known(None) => {
            return Outcome::not_applicable("the root is not on a block device, so no session carries it");
        }
        Fact::Unknown(problem) => return Outcome::unread(problem),
        Fact::NotApplicable(reason) => return Outcome::not_applicable(reason.clone()),
    };
    if let Some((above, gone)) = facts.gone_below_root() {
        return Finding::critical(format!("the root is on {above}, and its underlying disk {gone} is gone"))
            .evidence(Evidence::new(
                format!("/sys/class/block/{above}/slaves"),
                format!("{gone}, which does not exist"),
            ))
            .evidence(Evidence::new("/sys/class/iscsi_session", "no session to the boot target"))
            .remedy(Remedy::new(
                "This root does not get its disk back: unwritten data is lost. Reset the machine, \
                 then find out what logged the session out",
            ))
            .into();
    }
    let Some(session) = &root.iscsi_session else {
        return Outcome::not_applicable(format!("the root is on {}, which is not on an iSCSI session", root.name));
    };
    Finding::critical(format!("the root is on {session}, and the kernel has no such session"))
        .evidence(Evidence::new("/sys/class/iscsi_session", "no session to the boot target"))
        .evidence(Evidence::new(format!("/sys/class/block/{}", root.name), format!("on {session}")))
        .remedy(
            Remedy::new("Restore the route to the target and make sure that iscsid runs; if the session does not return, reboot")
                .command(ShellCommand::new(&["systemctl", "start", Unit::ISCSID]).on_machine())
                .command(ShellCommand::new(&["iscsiadm", "-m", "session", "-P", "1"]).on_machine()),
        )
        .into()
}
