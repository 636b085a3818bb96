//! What the lab knows without booting anything: its scenarios, and what a console and a diff tell.

pub mod changes;
pub mod console;
pub mod scenario;
