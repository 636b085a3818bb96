//! What a check says.

use crate::facts::{Fact, Problem};
use crate::{Evidence, Finding};

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

impl From<Finding> for Result<Outcome, Outcome> {
    fn from(finding: Finding) -> Self {
        Ok(finding.into())
    }
}

impl From<Finding> for Outcome {
    fn from(finding: Finding) -> Self {
        Self::Fail(vec![finding])
    }
}

impl<T> Fact<T> {
    /// The value of a fact that a check cannot do without.
    ///
    /// # Errors
    /// What the check has to say where it was not read, or is none of this instance in this mode.
    pub(crate) fn needed(&self) -> Result<&T, Outcome> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(problem) => Err(Outcome::unread(problem)),
            Self::NotApplicable(reason) => Err(Outcome::not_applicable(reason.clone())),
        }
    }
}
