//! What the lab knows without booting anything: its scenarios, and what a console tells of a boot.

pub mod console;
pub mod scenario;
