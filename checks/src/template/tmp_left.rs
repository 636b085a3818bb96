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
        finds: "Any file in /tmp or /var/tmp of the template.",
        breaks: "The files are copied to every machine: installers, archives, and possibly credentials.",
        fix: "Empty both directories; keep the directories themselves, with mode 1777.",
        references: &["tmpfiles.d(5)", "hier(7), /var/tmp"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::Tmp,
    severity: Severity::Info,
    what: "files",
    clean: "no files are left in /tmp and /var/tmp",
    unit: "entries",
    fix: "Empty the directory, but keep the directory itself",
    command: |path| Some(ShellCommand::new(&["find"]).path(path).args(&["-xdev", "-mindepth", "1", "-delete"])),
};
