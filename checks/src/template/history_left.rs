//! `template-history-left`

use super::left::{Left, empty, judge_left};
use crate::facts::LeftoverKind;
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-history-left",
    link: Link::Template,
    severity: LEFT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a shell history is left in the template",
    doc: Doc {
        finds: "A shell history that is not empty: of root, in /etc/skel, or of a user.",
        breaks: "Every machine made from the template starts with the commands of the person who built it: host \
                 names, paths, and passwords that were typed on a command line.",
        fix: "Empty the file as the last step before the shutdown. A shell writes its history again when it exits, so \
              run `unset HISTFILE` first.",
        references: &["bash(1), HISTFILE", "history(3readline)"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::History,
    severity: Severity::Warning,
    what: "a shell history",
    clean: "no shell history is left",
    unit: "bytes",
    fix: "Empty the histories, and stop the shell from writing them again (unset HISTFILE)",
    command: empty,
};
