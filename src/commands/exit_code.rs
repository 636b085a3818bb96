//! Exit codes that are not a report's.

/// What could not be done or was asked wrongly: monitoring's UNKNOWN.
pub const EXIT_UNKNOWN: u8 = 3;
