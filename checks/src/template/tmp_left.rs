//! `template-tmp-left`

use super::left::{Left, judge_left};
use crate::facts::LeftoverKind;
use crate::{Check, Doc, Link, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "template-tmp-left",
    link: Link::Template,
    severity: LEFT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "files are left in /tmp or /var/tmp",
    doc: Doc {
        finds: "Anything in /tmp or /var/tmp of the template.",
        breaks: "It is copied to every machine: installers, archives and whatever else lay there, credentials among \
                 them.",
        fix: "Empty both directories; keep the directories themselves, with their mode 1777.",
        references: &["tmpfiles.d(5)", "hier(7), /var/tmp"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::Tmp,
    severity: Severity::Info,
    places: &["/tmp", "/var/tmp"],
    what: "files of the build",
    clean: "nothing is left in /tmp and /var/tmp",
    unit: "entries",
    fix: "Empty the directory and keep the directory itself",
    command: |path| Some(ShellCommand::new(&["find"]).path(path).args(&["-xdev", "-mindepth", "1", "-delete"])),
};
