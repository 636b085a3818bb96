//! `template-package-cache-left`

use super::left::{Left, judge_left};
use crate::facts::LeftoverKind;
use crate::{Check, Doc, Link, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "template-package-cache-left",
    link: Link::Template,
    severity: LEFT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the package manager's cache is left in the template",
    doc: Doc {
        finds: "Downloaded packages in the cache of apt, dnf, yum, zypper or pacman.",
        breaks: "The template, and every copy of it, is larger than necessary.",
        fix: "Clean the cache with the package manager's own command.",
        references: &["apt-get(8), clean", "dnf(8), clean"],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::PackageCache,
    severity: Severity::Info,
    what: "downloaded packages",
    clean: "no downloaded packages are left",
    unit: "entries",
    fix: "Clean the cache (apt-get clean, dnf clean all, zypper clean)",
    command: clean,
};

/// The package manager empties its own cache.
fn clean(path: &str) -> Option<ShellCommand> {
    let words: &[&str] = match path.strip_prefix("/var/cache/")?.split('/').next()? {
        "apt" => &["apt-get", "clean"],
        "dnf" | "libdnf5" => &["dnf", "clean", "all"],
        "yum" => &["yum", "clean", "all"],
        "zypp" => &["zypper", "clean"],
        _ => return None,
    };
    Some(ShellCommand::new(words))
}
