//! `template-logs-left`

use super::left::{Left, empty, judge_left};
use crate::facts::LeftoverKind;
use crate::{Check, Doc, Link, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "template-logs-left",
    link: Link::Template,
    severity: LEFT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "logs of the machine that the template was built on are left",
    doc: Doc {
        finds: "Logs that are not empty: wtmp, btmp, lastlog, the audit log, the journal, syslog.",
        breaks: "Every machine made from the template shows logins and events of another machine. An audit that reads \
                 them draws wrong conclusions, and the journal of another machine ID only takes up space.",
        fix: "Empty the files, and remove the journal.",
        references: &["utmp(5), wtmp", "journalctl(1), --rotate and --vacuum-time", "auditd(8)"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::Logs,
    severity: Severity::Info,
    what: "logs of another machine",
    clean: "no logs are left",
    unit: "bytes",
    fix: "Empty the logs",
    command: clear,
};

/// Empties a log; of the journal, which is named by its directory, the files go.
fn clear(path: &str) -> Option<ShellCommand> {
    if path.starts_with("/var/log/journal/") {
        let find = ShellCommand::new(&["find"]).path(path);
        return Some(find.args(&["-xdev", "-type", "f", "-name", "*.journal*", "-delete"]));
    }
    empty(path)
}
