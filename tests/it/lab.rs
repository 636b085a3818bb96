//! The lab: its scenarios name what there is, and its console tells a boot from a failure.

mod answers;
mod changes;
mod console;
mod http;
mod record;
mod scenario;
