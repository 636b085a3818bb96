//! What a command answers, and where it goes on.

/// `GRUB_ERR_…` as `$?` holds them (`include/grub/err.h`).
pub(super) const TEST_FAILURE: u32 = 1;
pub(super) const BAD_NUMBER: u32 = 10;
pub(super) const INVALID_COMMAND: u32 = 17;
pub(super) const BAD_ARGUMENT: u32 = 18;
pub(super) const FILE_NOT_FOUND: u32 = 5;

/// The number that a command answers with, 0 where it succeeds; `None` when only the machine knows.
pub(super) type Status = Option<u32>;

/// How a command goes on (`active_breaks`, `is_continue` and `function_return` of GRUB).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Flow {
    /// With the next one.
    #[default]
    Next,
    /// Behind so many loops.
    Break(u32),
    /// With the next round of the last of so many loops.
    Continue(u32),
    /// Behind the function.
    Return,
    /// Nowhere: GRUB has ended, or another configuration has taken over.
    End,
}

/// The steps that a text of this length takes.
pub(super) fn cost(length: usize) -> usize {
    1 + length / 4
}
