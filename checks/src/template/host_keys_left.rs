//! `template-host-keys-left`

use super::left::{Left, judge_left, remove};
use crate::facts::LeftoverKind;
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-host-keys-left",
    link: Link::Template,
    severity: LEFT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "SSH host keys are left in the template",
    doc: Doc {
        finds: "Host keys below /etc/ssh.",
        breaks: "Every machine made from the template answers with the same keys: whoever has one of them can stand \
                 in for all, and nobody notices. It is told as a note only, since a template whose provisioning \
                 makes the keys anew may carry them.",
        fix: "Remove the keys, and see that something makes new ones at the first boot: cloud-init does, Debian's \
               package only when it is configured.",
        references: &["sshd(8), FILES", "ssh-keygen(1), -A", "cloud-init, ssh_deletekeys"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::HostKeys,
    severity: Severity::Info,
    places: &["/etc/ssh"],
    what: "a host key",
    clean: "no SSH host keys are left",
    unit: "bytes",
    fix: "Remove the keys, and make new ones at the first boot (ssh-keygen -A)",
    command: remove,
};
