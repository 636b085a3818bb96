//! `template-snmpd-missing`

use super::left::{Want, judge_wanted};
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-snmpd-missing",
    link: Link::Template,
    severity: WANT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the SNMP agent is not installed or not enabled",
    doc: Doc {
        finds: "The template has no snmpd, or has snmpd but does not enable it.",
        breaks: "Machines made from the template are not monitored: nobody learns that a disk is full or a link is \
                 down.",
        fix: "Install snmpd, and enable it.",
        references: &["snmpd(8)"],
    },
    judge: |facts| judge_wanted(facts, &WANT),
};

const WANT: Want = Want {
    what: "snmpd",
    severity: Severity::Warning,
    missing: "snmpd is not installed",
    disabled: Some("snmpd is installed but not enabled"),
    fix: "Install snmpd, and enable it",
    commands: &[&["apt-get", "install", "snmpd"], &["systemctl", "enable", "snmpd.service"]],
};
