//! `template-python-missing`

use super::left::{Want, judge_wanted};
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-python-missing",
    link: Link::Template,
    severity: WANT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "Python is not installed",
    doc: Doc {
        finds: "The template has no Python interpreter.",
        breaks: "Provisioning by Ansible over SSH, or by a Python script, does not run on machines made from the \
                 template.",
        fix: "Install Python.",
        references: &["Ansible documentation, managed node requirements"],
    },
    judge: |facts| judge_wanted(facts, &WANT),
};

const WANT: Want = Want {
    what: "python",
    severity: Severity::Info,
    missing: "Python is not installed",
    disabled: None,
    fix: "Install Python if the provisioning needs it",
    commands: &[&["apt-get", "install", "python3"]],
};
