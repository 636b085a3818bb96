//! The three answers a probe can give, and where an answer stands.

use super::source::Source;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that was to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// It was read. That a file does not exist is knowledge too: see `Option` inside.
    Known(T),
    /// It could not be read; a check that needs it must not pass.
    Unknown(Problem),
    /// It is no fact of this instance in this mode, with the reason: such as the rescue host's
    /// routes when a mounted root is judged.
    NotApplicable(String),
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::NotApplicable("was not asked for".to_owned())
    }
}

impl<T> Fact<T> {
    /// The value, when it was read.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    /// What stood in the way, when it could not be read.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Unknown(problem) => Some(problem),
            _ => None,
        }
    }
}

impl<T> From<Result<T, Problem>> for Fact<T> {
    fn from(result: Result<T, Problem>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(problem) => Self::Unknown(problem),
        }
    }
}

/// What could not be read or understood, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// A path inside the root, with `:LINE` where there is one, or a kernel interface's name.
    pub place: String,
    /// Plain English, without the place.
    pub what: String,
    /// What it stands in the way of; absent where nobody named it.
    #[serde(default, skip_serializing_if = "Source::is_unnamed", deserialize_with = "Source::of_word")]
    pub source: Source,
}

impl Problem {
    /// A problem at a place.
    pub fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into(), source: Source::Unnamed }
    }

    /// The same with its source named.
    #[must_use]
    pub fn of(self, source: Source) -> Self {
        Self { source, ..self }
    }
}

impl Source {
    /// Whether a problem of its group stands in its way, or may.
    pub(crate) fn is_behind(self, problem: &Problem) -> bool {
        problem.source == self || matches!(problem.source, Self::Unnamed | Self::Root)
    }

    /// Names the source of those problems that nobody has named yet: what a reader noted, once it is done.
    pub fn name(self, problems: &mut [Problem]) {
        problems.iter_mut().filter(|problem| problem.source == Self::Unnamed).for_each(|problem| problem.source = self);
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl std::error::Error for Problem {}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Location {
    /// Absolute path inside the root. Inside an initramfs: `IMAGE!path`, such as
    /// `/boot/initrd.img-6.1!scripts/local-top/iscsi`.
    pub path: String,
    /// Line, counted from 1; 0 when the whole file is meant.
    pub line: u32,
}

impl Location {
    /// A line of a file.
    pub fn line(path: impl Into<String>, line: u32) -> Self {
        Self { path: path.into(), line }
    }

    /// A whole file.
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: 0 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.path),
            line => write!(f, "{}:{line}", self.path),
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it was read.
    pub at: Location,
}

impl<T> Located<T> {
    /// A value read at a place.
    pub fn new(value: T, at: Location) -> Self {
        Self { value, at }
    }
}
