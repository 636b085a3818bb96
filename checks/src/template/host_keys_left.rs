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
        finds: "SSH host keys below /etc/ssh.",
        breaks: "Every machine made from the template has the same host keys: a person with the keys of one machine \
                 can impersonate all others unnoticed. This is only info, because a template may contain keys if its \
                 provisioning generates new ones.",
        fix: "Remove the keys, and make sure that new ones are generated at the first boot: cloud-init does this, \
              Debian's package only when it is configured.",
        references: &["sshd(8), FILES", "ssh-keygen(1), -A", "cloud-init, ssh_deletekeys"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::HostKeys,
    severity: Severity::Info,
    what: "a host key",
    clean: "no SSH host keys are left",
    unit: "bytes",
    fix: "Remove the keys, and generate new ones at the first boot (ssh-keygen -A)",
    command: remove,
};
