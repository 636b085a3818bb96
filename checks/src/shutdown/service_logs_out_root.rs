//! `service-logs-out-root`

use super::logouts::{Happening, boot_target_names, happening, spared};
use crate::facts::{Facts, LogoutScope};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "service-logs-out-root",
    link: Link::Shutdown,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a service logs the root session out before the filesystems are synced",
    doc: Doc {
        finds: "A unit that starts, or a stop link of System V init that is followed, and that logs out every \
                session, or the one to the boot target, without keeping back the one that carries the root. Debian's \
                open-iscsi.service lists the root's session first (umountiscsi.sh) and passes. What is disabled or \
                masked passes. `iscsiadm --logoutall` goes by the node records: see node-record-logs-out-root.",
        breaks: "The session goes while the root is still mounted. Writing it back fails, the stop job of the root \
                 never ends, and the machine hangs until somebody cuts its power: `systemctl reboot` does not come \
                 back.",
        fix: "Disable the service, or let it keep the session of the root. With systemd a stop link alone does \
               nothing where a unit of the same name is installed.",
        references: &[
            "open-iscsi pull request 186 (e48ae50), Avoid logout of iscsi boot session",
            "open-iscsi etc/systemd/iscsi.service (--logoutall)",
            "Debian /usr/lib/open-iscsi/umountiscsi.sh and logout-all.sh",
            "iscsid.conf, iscsid.safe_logout",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let happening = happening(facts);
    let targets = boot_target_names(facts);
    let mut findings = Vec::new();
    let mut passes = Vec::new();
    for event in &happening {
        let hits = match &event.logout.of {
            LogoutScope::All => true,
            LogoutScope::Target(target) => targets.contains(target),
            // What a record's startup decides is told by node-record-logs-out-root.
            LogoutScope::ByStartup(_) => false,
        };
        match spared(facts, event.logout) {
            _ if !hits => {}
            Some(why) => passes.push(format!("{} logs out, and {why}", event.by)),
            None => findings.push(finding(event)),
        }
    }
    if findings.is_empty()
        && let Some(problem) = facts.services.problems.first()
    {
        return Outcome::unread(problem);
    }
    Outcome::from_findings(findings, || {
        if passes.is_empty() { "nothing that starts logs the root session out".to_owned() } else { passes.join("; ") }
    })
}

fn finding(event: &Happening<'_>) -> Finding {
    let what = match &event.logout.of {
        LogoutScope::Target(target) => format!("the session to {target}"),
        _ => "every session".to_owned(),
    };
    let directive = if event.directive.is_empty() { String::new() } else { format!(" ({})", event.directive) };
    let remedy = match event.unit {
        // What another unit starts is not kept from starting by removing its own links.
        Some(unit) if !unit.pulled_by.is_empty() => {
            Remedy::new("Mask the unit, or let it keep the session that carries the root")
                .command(ShellCommand::new(&["systemctl", "mask"]).operand(event.by))
        }
        Some(_) => Remedy::new("Disable the unit, or let it keep the session that carries the root")
            .command(ShellCommand::new(&["systemctl", "disable"]).operand(event.by)),
        None => Remedy::new("Remove the stop link").command(ShellCommand::new(&["rm", "-f"]).path(event.by)),
    };
    Finding::critical(format!("{}{directive} logs out {what}, the one that carries the root too", event.by))
        .evidence(Evidence::at(&event.logout.at, event.logout.excerpt.clone()))
        .remedy(remedy)
}
