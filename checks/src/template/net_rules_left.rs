//! `template-net-rules-left`

use super::left::{Left, judge_left, remove};
use crate::facts::LeftoverKind;
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-net-rules-left",
    link: Link::Template,
    severity: LEFT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "rules that bind interface names to the MAC addresses of one machine are left in the template",
    doc: Doc {
        finds: "Rules for persistent network names, such as /etc/udev/rules.d/70-persistent-net.rules.",
        breaks: "The rules contain the MAC addresses of the machine that the template was built on. Every other \
                 machine numbers its NICs after those, so its SAN NIC is eth2 instead of eth0, and no NIC matches the \
                 network configuration.",
        fix: "Remove the file: udev, or systemd's .link files, name the NICs on each machine.",
        references: &["udev(7)", "systemd.net-naming-scheme(7)"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::NetRules,
    severity: Severity::Warning,
    what: "interface names bound to MAC addresses",
    clean: "no rules for persistent network names are left",
    unit: "bytes",
    fix: "Remove the rules",
    command: remove,
};
