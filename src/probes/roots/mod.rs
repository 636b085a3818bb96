//! Which filesystem of a LUN is the root of the instance, and what else its fstab mounts from there.
//!
//! [`contents`] tells what stands on the LUN's devices, [`system`] whether a mounted filesystem is a system's
//! root, and [`mounts`] what belongs to it. Decisions are functions of what was read: nothing is mounted here.

pub mod contents;
pub mod mounts;
pub mod system;

pub use contents::{Contents, Filesystem, VolumeGroup};
pub use mounts::{LeftOut, MountPlan, PlannedMount, RootLine, Why};
pub use system::{Evidence, Verdict};
