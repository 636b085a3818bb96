//! The lab: its scenarios name what there is, and its console tells a boot from a failure.

mod changes;
mod console;
mod scenario;
