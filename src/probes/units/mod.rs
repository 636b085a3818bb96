//! Units of systemd: what a tree has of them, and which of them start.

pub(super) mod load;
pub(super) mod started;
