//! What a check is.

use crate::facts::Source;
use crate::{Analysis, Link, Outcome, Severity};

/// A check: one pattern that breaks an iSCSI root, and how to tell.
#[derive(Debug)]
pub struct Check {
    /// The id, which states the pattern found: `loader-kernel-missing`.
    pub id: &'static str,
    /// The link that breaks by it.
    pub link: Link,
    /// How bad it is, unless a finding says otherwise.
    pub severity: Severity,
    /// Where it can be judged.
    pub scope: Scope,
    /// Sources without which it cannot pass: when one of them could not be read or understood, a pass becomes
    /// unknown.
    pub decided_by: &'static [Source],
    /// The pattern in one line, without advice.
    pub title: &'static str,
    /// What `isctpl explain` prints.
    pub doc: Doc,
    /// The judgement: what was found, or else what the check has to say where it could not go on.
    pub judge: fn(&Analysis<'_>) -> Result<Outcome, Outcome>,
}

/// Where a check can be judged. The judge answers for those that do not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// From the files of the root, in every mode.
    Everywhere,
    /// From this machine's firmware and NICs: live, with `--same-machine`, or with a table or a sysfs
    /// tree given by hand.
    Machine,
    /// From the running kernel of the instance: live only.
    Live,
}

/// The documentation of a check, in plain paragraphs.
#[derive(Debug)]
pub struct Doc {
    /// What it finds.
    pub finds: &'static str,
    /// Why that breaks a machine, and how it shows.
    pub breaks: &'static str,
    /// How to fix it.
    pub fix: &'static str,
    /// Sources: RFCs, manuals, kernel files, issue threads.
    pub references: &'static [&'static str],
}
