//! The commands that a fix prints: whatever a machine's names hold, they are typed as they stand; they act on the
//! judged root alone; and what they are to fix is fixed.
mod applied;
mod cases;
mod hostile;
mod jail;
mod placed;
