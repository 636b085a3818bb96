//! `node-record-logs-out-root`

use super::logouts::{LogoutEvent, boot_target_names, logout_events, spared};
use crate::facts::{Location, LogoutScope, NodeRecord, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "node-record-logs-out-root",
    link: Link::Shutdown,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the startup mode in a node record lets a service log the root session out",
    doc: Doc {
        finds: "A node record of the boot target in open-iscsi's database has a node.startup other than onboot and was \
                not created from the firmware (node.discovery_type fw), while an enabled unit logs sessions out by \
                their startup mode (iscsiadm --logoutall=automatic, manual or all).",
        breaks: "`--logoutall` spares a session only when its record says onboot or fw. An ordinary sendtargets \
                 discovery of the boot target leaves a record with `manual` or `automatic`, and the session \
                 of the root is then logged out at shutdown like any other: the machine hangs. open-iscsi 2.1.9 to 2.1.11 \
                 read `fw` as `static`, so onboot is the safer value. The scripts of Debian's open-iscsi.service keep \
                 the session of the root where they recognise it, which they do not when the root is on LVM: they call \
                 pvs with device names that it does not find.",
        fix: "Set node.startup of the boot target's record to onboot, or delete the record; iscsid.safe_logout = Yes \
               makes open-iscsi refuse to log out a session with mounted disks.",
        references: &[
            "open-iscsi usr/iscsiadm.c, __logout_by_startup",
            "Debian /usr/lib/open-iscsi/umountiscsi.sh (get_lvm_vgs) and logout-all.sh",
            "open-iscsi commits b6a2eb7 and 290d16d (discovery type fw)",
            "iscsiadm(8), --logoutall",
        ],
    },
    judge,
};

const NO_SERVICE: &str = "no enabled service logs sessions out by the startup mode of their node records";

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let events = logout_events(facts);
    let by_startup: Vec<(&LogoutEvent<'_>, &str)> = events
        .iter()
        .filter(|event| spared(facts, event.logout).is_none())
        .filter_map(|event| match &event.logout.of {
            LogoutScope::ByStartup(mode) => Some((event, mode.as_str())),
            _ => None,
        })
        .collect();
    let Some(records) = boot_records(facts) else {
        return not_known(facts, by_startup.first().map(|(event, _)| *event));
    };
    if by_startup.is_empty() {
        return Ok(match facts.services.problems.first() {
            Some(problem) if !records.is_empty() => Outcome::unread(problem),
            _ => Outcome::pass(NO_SERVICE),
        });
    }
    let mut findings = Vec::new();
    let mut unread = None;
    for record in &records {
        let startup = record.startup.as_ref().map_or("manual", |startup| startup.value.as_str());
        let of_connection = record.conn_startup.as_ref().map(|startup| startup.value.as_str());
        let firmware = record.discovery_type.as_ref().is_some_and(|kind| kind.value == "fw");
        if startup == "onboot" || firmware {
            continue;
        }
        let takes = |mode: &str| mode == "all" || mode == startup || Some(mode) == of_connection;
        let mut taken = by_startup.iter().filter(|(_, mode)| takes(mode)).map(|(event, _)| event);
        match taken.clone().find(|event| event.logout.keeps_unread.is_none()) {
            Some(event) => findings.push(finding(record, startup, event)),
            None => unread = unread.or_else(|| taken.find_map(|event| event.logout.keeps_unread.as_ref())),
        }
    }
    if findings.is_empty() {
        unread.map_or(Ok(()), |problem| Err(Outcome::unread(problem)))?;
        facts.was_read(Source::NodeRecords)?;
    } else {
        // iscsid.safe_logout may stand in what was not read of it.
        facts.was_read(Source::IscsidConf)?;
    }
    Ok(Outcome::from_findings(findings, || match records.first() {
        Some(record) => format!("the node record of {} protects its session from being logged out", record.target),
        None => "the boot target has no node record".to_owned(),
    }))
}

/// The verdict where nothing tells which records are those of the root.
fn not_known(facts: &Analysis<'_>, event: Option<&LogoutEvent<'_>>) -> Result<Outcome, Outcome> {
    match (event, facts.services.problems.first()) {
        (Some(event), _) => Err(Outcome::Unknown {
            reason: format!(
                "{} logs sessions out by their node records, and which of them is the root's is not known",
                event.by
            ),
            evidence: vec![Evidence::at(&event.logout.at, event.logout.excerpt.clone())],
        }),
        (None, Some(problem)) => Err(Outcome::unread(problem)),
        (None, None) => Ok(Outcome::pass(NO_SERVICE)),
    }
}

/// The records of the targets that carry the root: by name, else by a portal, else the only target
/// there is. `None` where there are several targets and nothing tells which of them it is.
fn boot_records<'a>(facts: &'a Analysis<'_>) -> Option<Vec<&'a NodeRecord>> {
    let names = boot_target_names(facts);
    let records = || facts.iscsi.nodes.iter();
    if !names.is_empty() {
        return Some(records().filter(|record| names.contains(&record.target)).collect());
    }
    let asked: Vec<_> = facts.root_portals().iter().map(|portal| portal.ip).collect();
    let by_portal: Vec<_> = records().filter(|record| record.address.is_some_and(|ip| asked.contains(&ip))).collect();
    if !by_portal.is_empty() {
        return Some(by_portal);
    }
    let first = records().next();
    first.is_none_or(|first| records().all(|record| record.target == first.target)).then(|| records().collect())
}

fn finding(record: &NodeRecord, startup: &str, event: &LogoutEvent<'_>) -> Finding {
    let (place, text) = match &record.startup {
        Some(startup) => (startup.at.clone(), format!("node.startup = {}", startup.value)),
        None => (Location::file(&record.path), "no node.startup: manual by default".to_owned()),
    };
    let record_of = ShellCommand::new(&["iscsiadm", "-m", "node", "-T"]).value(record.target.as_str());
    let record_of = match record.address {
        Some(ip) => record_of.args(&["-p"]).value(std::net::SocketAddr::new(ip, record.port).to_string()),
        None => record_of,
    };
    Finding::critical(format!(
        "{} logs out {startup} sessions, among them the root's session to {}",
        event.by, record.target
    ))
    .evidence(Evidence::at(&place, text))
    .evidence(Evidence::at(&event.logout.at, event.logout.excerpt.clone()))
    .remedy(
        Remedy::new("Set node.startup of the boot target's record to onboot")
            .command(record_of.args(&["-o", "update", "-n", "node.startup", "-v", "onboot"]))
            .repair(Repair::SetIscsi {
                path: record.path.clone(),
                key: "node.startup".to_owned(),
                value: "onboot".to_owned(),
            }),
    )
}
