//! `template-snmpd-missing`

use super::left::{Want, judge_wanted};
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-snmpd-missing",
    link: Link::Template,
    severity: WANT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "no SNMP agent is installed, or it does not start",
    doc: Doc {
        finds: "A template without snmpd, or with one that nothing starts at boot.",
        breaks: "The machines made from it are not monitored: nobody is told when a disk is full or a link is down.",
        fix: "Install snmpd and enable it.",
        references: &["snmpd(8)"],
    },
    judge: |facts| judge_wanted(facts, &WANT),
};

const WANT: Want = Want {
    what: "snmpd",
    severity: Severity::Warning,
    missing: "no snmpd is installed",
    disabled: Some("snmpd is installed and does not start"),
    fix: "Install snmpd and enable it",
    commands: &[&["apt-get", "install", "snmpd"], &["systemctl", "enable", "snmpd.service"]],
};
