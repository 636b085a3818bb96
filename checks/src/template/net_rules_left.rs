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
    title: "rules that tie interface names to the MAC addresses of one machine are left",
    doc: Doc {
        finds: "Rules for persistent network names, such as /etc/udev/rules.d/70-persistent-net.rules.",
        breaks: "They hold the MAC addresses of the machine that the template was built on. On every other machine \
                 the NICs are counted on from there, so the SAN NIC is eth2 instead of eth0 and its configuration \
                 is for nobody.",
        fix: "Remove the file: udev, or the .link files of systemd, name the NICs of each machine anew.",
        references: &["udev(7)", "systemd.net-naming-scheme(7)"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::NetRules,
    severity: Severity::Warning,
    places: &["/etc/udev"],
    what: "names tied to MAC addresses",
    clean: "no rules for persistent network names are left",
    unit: "bytes",
    fix: "Remove the rules",
    command: remove,
};
