//! Mount an instance's root from its LUN, in a rescue system, and take it down again: the recovery flow that
//! the documentation of the platform tells people to type.
//!
//! Nothing is formatted, repaired or changed on the LUN: what mounting it read-write does is all that is
//! written there, and with `read_only` not even that.

pub(crate) mod boot_target;
mod context;
mod host;
mod procedure;
pub(crate) mod recovery;
mod steps;

pub(crate) use context::{Context, MountedRoot, Nic, RescueRequest, Rescued, STATE, place};
pub(crate) use procedure::Rescue;
