//! Why a command that changes things came to nothing.

use crate::procedures::Failure;
use isctpl_checks::facts::Problem;

/// Why a command came to nothing.
pub(super) enum Stopped {
    /// Nothing was changed, or it was put back; what is wrong, and what to do.
    Refused(Failure),
    /// The output could not be written.
    Unprinted(std::io::Error),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Self::Unprinted(error)
    }
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem.into())
    }
}
