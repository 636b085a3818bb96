//! What a check is.

use crate::facts::{Facts, Problem};
use crate::{Evidence, Finding, Link, Severity};

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
    /// Files, or directories with `/` at their end, without which it cannot pass: when one of them
    /// could not be read or understood, a pass becomes unknown.
    pub decided_by: &'static [&'static str],
    /// The pattern in one line, without advice.
    pub title: &'static str,
    /// What `isctpl explain` prints.
    pub doc: Doc,
    /// The judgement.
    pub judge: fn(&Facts) -> Outcome,
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

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was looked at and is sound; the reason names what was seen.
    Pass(String),
    /// It was found.
    Fail(Vec<Finding>),
    /// It could not be told; why, and what was seen.
    Unknown {
        /// One sentence.
        reason: String,
        /// What stood in the way.
        evidence: Vec<Evidence>,
    },
    /// It does not apply to this instance or in this mode; why.
    NotApplicable(String),
}

impl Outcome {
    /// It was looked at and is sound.
    pub fn pass(reason: impl Into<String>) -> Self {
        Self::Pass(reason.into())
    }

    /// It could not be told.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into(), evidence: Vec::new() }
    }

    /// It could not be told, because of this.
    pub fn unread(problem: &Problem) -> Self {
        Self::Unknown { reason: problem.to_string(), evidence: vec![problem.into()] }
    }

    /// It does not apply.
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::NotApplicable(reason.into())
    }

    /// Fails with these findings, or passes with this reason when there are none.
    pub fn from_findings(findings: Vec<Finding>, pass_reason: impl FnOnce() -> String) -> Self {
        if findings.is_empty() { Self::Pass(pass_reason()) } else { Self::Fail(findings) }
    }
}

impl From<Finding> for Outcome {
    fn from(finding: Finding) -> Self {
        Self::Fail(vec![finding])
    }
}

/// Takes the value out of a [`crate::facts::Fact`], or returns the fitting outcome from the check.
#[macro_export]
#[doc(hidden)]
macro_rules! known {
    ($read:expr) => {
        match &$read {
            $crate::facts::Fact::Known(value) => value,
            $crate::facts::Fact::Unknown(problem) => return $crate::Outcome::unread(problem),
            $crate::facts::Fact::NotApplicable(reason) => {
                return $crate::Outcome::not_applicable(reason.clone());
            }
        }
    };
}
