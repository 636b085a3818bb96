//! `service-logs-out-root`

use super::logouts::{LogoutEvent, boot_target_names, logout_events, spared};
use crate::facts::{LogoutScope, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "service-logs-out-root",
    link: Link::Shutdown,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a service logs the root session out before the filesystems are synced",
    doc: Doc {
        finds: "An enabled unit, or an active System V stop link, logs out every \
                session, or the one to the boot target, without sparing the one that carries the root. Debian's \
                open-iscsi.service lists the root's session first (umountiscsi.sh) and passes. What is disabled or \
                masked passes. `iscsiadm --logoutall` decides by the node records: see node-record-logs-out-root.",
        breaks: "The session ends while the root is still mounted. Writing the filesystem back fails, the stop job of the root \
                 never ends, and the machine hangs until somebody power-cycles it: `systemctl reboot` does not \
                 complete.",
        fix: "Disable the service, or make it spare the session of the root. With systemd a stop link alone does \
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

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let events = logout_events(facts);
    let targets = boot_target_names(facts);
    let mut findings = Vec::new();
    let mut unclear = Vec::new();
    let mut passes = Vec::new();
    let mut unread = None;
    for event in &events {
        let hits = match &event.logout.of {
            LogoutScope::All => Some(true),
            LogoutScope::Target(target) if targets.contains(target) => Some(true),
            LogoutScope::Target(target) => (!targets.is_empty() && is_name(target)).then_some(false),
            // What a record's startup decides is told by node-record-logs-out-root.
            LogoutScope::ByStartup(_) => Some(false),
        };
        match (hits, spared(facts, event.logout)) {
            (Some(false), _) => {}
            (_, Some(why)) => passes.push(format!("{} logs sessions out, but {why}", event.by)),
            _ if event.logout.keeps_unread.is_some() => unread = unread.or(event.logout.keeps_unread.as_ref()),
            (Some(true), None) => findings.push(finding(event)),
            (None, None) => unclear.push(event),
        }
    }
    if findings.is_empty() {
        if let Some(event) = unclear.first() {
            return Err(may_hit(event));
        }
        if let Some(problem) = unread.or(facts.services.problems.first()) {
            return Err(Outcome::unread(problem));
        }
    } else {
        // iscsid.safe_logout may stand in what was not read of it.
        facts.was_read(Source::IscsidConf)?;
    }
    Ok(Outcome::from_findings(findings, || {
        if passes.is_empty() {
            "no enabled service logs the root session out at shutdown".to_owned()
        } else {
            passes.join("; ")
        }
    }))
}

/// Whether this is a target's name (RFC 7143, section 4.2.7.3), and not what a script makes it of.
fn is_name(target: &str) -> bool {
    let begins = |kind: &str| target.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind));
    ["iqn.", "eui.", "naa."].iter().any(|kind| begins(kind)) && !target.contains(['$', '`', '*', '?', '['])
}

/// A logout of a session that nobody can name.
fn may_hit(event: &LogoutEvent<'_>) -> Outcome {
    let reason = match &event.logout.of {
        LogoutScope::Target(target) if is_name(target) => {
            format!("{} logs out the session to {target}, and the target of the root is not known", event.by)
        }
        _ => format!("{} logs out sessions that are chosen when it runs", event.by),
    };
    Outcome::Unknown { reason, evidence: vec![Evidence::at(&event.logout.at, event.logout.excerpt.clone())] }
}

fn finding(event: &LogoutEvent<'_>) -> Finding {
    let what = match &event.logout.of {
        LogoutScope::Target(target) => format!("the session to {target}"),
        _ => "every session".to_owned(),
    };
    let directive = if event.directive.is_empty() { String::new() } else { format!(" ({})", event.directive) };
    let remedy = match event.unit {
        // What another unit starts is not kept from starting by removing its own links.
        Some(unit) if !unit.pulled_by.is_empty() => {
            Remedy::new("Mask the unit, or make it spare the session that carries the root")
                .command(ShellCommand::new(&["systemctl", "mask"]).operand(event.by))
                .repair(Repair::MaskUnit { unit: event.by.to_owned() })
        }
        Some(unit) => Remedy::new("Disable the unit, or make it spare the session that carries the root")
            .command(ShellCommand::new(&["systemctl", "disable"]).operand(event.by))
            .repair(match unit.enabled_by.iter().all(|link| link.path.starts_with("/etc/")) {
                true => Repair::DisableUnit { unit: event.by.to_owned() },
                // A link that a package ships comes back with it, and disabling leaves it.
                false => Repair::MaskUnit { unit: event.by.to_owned() },
            }),
        None => Remedy::new("Remove the stop link")
            .command(ShellCommand::new(&["rm", "-f"]).path(event.by))
            .repair(Repair::RemoveLink { path: event.by.to_owned() }),
    };
    Finding::critical(format!("{}{directive} logs out {what}, including the one that carries the root", event.by))
        .evidence(Evidence::at(&event.logout.at, event.logout.excerpt.clone()))
        .remedy(remedy)
}
