//! What a check has to say, and on what evidence.

use crate::facts::{Located, Place, Problem};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It works by luck, or will hurt later.
    Warning,
    /// The machine will not boot, will lose its root, or will not shut down.
    Critical,
}

impl Severity {
    /// The word that stands for it in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that was seen, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// A file and line, or the kernel interface that answered.
    pub source: String,
    /// What stands there, shortened to the telling part; never a secret.
    pub excerpt: String,
}

impl Evidence {
    /// Evidence from any source.
    pub fn new(source: impl Into<String>, excerpt: impl Into<String>) -> Self {
        Self { source: source.into(), excerpt: excerpt.into() }
    }

    /// Evidence at a place in a file.
    pub fn at(place: &Place, excerpt: impl Into<String>) -> Self {
        Self::new(place.to_string(), excerpt)
    }
}

impl<T: fmt::Display> From<&Located<T>> for Evidence {
    fn from(located: &Located<T>) -> Self {
        Self::at(&located.at, located.value.to_string())
    }
}

impl From<&Problem> for Evidence {
    fn from(problem: &Problem) -> Self {
        Self::new(problem.place.clone(), problem.what.clone())
    }
}

/// What fixes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// What to do, in a sentence or two.
    pub text: String,
    /// Commands that can be pasted into a root shell of the instance (or of a chroot into it).
    pub commands: Vec<String>,
    /// The isctpl command that does it, where there is one.
    pub fixed_by: Option<String>,
}

impl Remedy {
    /// A remedy in words.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Adds a command to paste.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad this one is; a check's own severity unless it says otherwise.
    pub severity: Severity,
    /// One sentence: what is wrong, with the names that matter.
    pub summary: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// What fixes it.
    pub remedy: Remedy,
}

impl Finding {
    /// A critical finding.
    pub fn critical(summary: impl Into<String>) -> Self {
        Self::new(Severity::Critical, summary)
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>) -> Self {
        Self::new(Severity::Warning, summary)
    }

    /// Something worth knowing.
    pub fn info(summary: impl Into<String>) -> Self {
        Self::new(Severity::Info, summary)
    }

    fn new(severity: Severity, summary: impl Into<String>) -> Self {
        Self { severity, summary: summary.into(), evidence: Vec::new(), remedy: Remedy::default() }
    }

    /// Adds evidence.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<Evidence>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// Adds several pieces of evidence.
    #[must_use]
    pub fn evidences(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = remedy;
        self
    }
}
