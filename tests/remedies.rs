//! The commands that a fix prints: whatever a machine's names hold, they are typed as they stand; they act on the
//! judged root alone; and what they are to fix is fixed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "remedies/applied.rs"]
mod applied;
#[path = "remedies/cases.rs"]
mod cases;
#[path = "remedies/hostile.rs"]
mod hostile;
#[path = "remedies/jail.rs"]
mod jail;
#[path = "remedies/placed.rs"]
mod placed;
mod support;
