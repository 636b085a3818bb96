//! What the lab knows without booting anything: its scenarios, an installer's answers, its records, and what a console, a
//! diff and a request tell.

pub mod answers;
pub mod changes;
pub mod console;
pub mod http;
pub mod record;
pub mod scenario;
