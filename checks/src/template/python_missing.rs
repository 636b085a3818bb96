//! `template-python-missing`

use super::left::{Want, judge_wanted};
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-python-missing",
    link: Link::Template,
    severity: WANT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "no Python is installed",
    doc: Doc {
        finds: "A template without a Python interpreter.",
        breaks: "Provisioning that runs over SSH with Ansible, or that comes as a Python script, cannot run on the \
                 machines made from it.",
        fix: "Install Python.",
        references: &["Ansible documentation, managed node requirements"],
    },
    judge: |facts| judge_wanted(facts, &WANT),
};

const WANT: Want = Want {
    what: "python",
    severity: Severity::Info,
    missing: "no Python is installed",
    disabled: None,
    fix: "Install Python, if the provisioning needs it",
    commands: &[&["apt-get", "install", "python3"]],
};
