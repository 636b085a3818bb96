//! Mount an instance's root from its LUN, in a rescue system, and take it down again: the recovery flow that
//! the documentation of the platform tells people to type.
//!
//! Nothing is formatted, repaired or changed on the LUN: what mounting it read-write does is all that is
//! written there, and with `read_only` not even that.

mod chap;
mod context;
mod daemon;
mod files;
pub mod firmware;
mod initiator;
mod interface;
mod leftovers;
mod lock;
mod login;
mod lun;
mod lvm;
mod mounting;
mod mounts;
mod network;
mod place;
mod record;
mod requirements;
mod resolv;
mod root;
mod special;
mod volumes;

pub use context::{Context, Nic, Request, RootChoice};
pub use leftovers::leftovers;
pub use mounting::holders_elsewhere;
pub use place::place;

use super::Step;

/// The name of the interface record, and of all else that isctpl adds to open-iscsi's database: nothing
/// there that is not called so is touched.
pub const RECORD_NAME: &str = "isctpl";

/// The procedure's name in its journal.
pub const NAME: &str = "rescue";

/// The steps, in order.
pub const STEPS: [&dyn Step<Context>; 14] = [
    &requirements::Requirements,
    &network::Network,
    &initiator::InitiatorName,
    &chap::Chap,
    &daemon::Daemon,
    &interface::Interface,
    &record::Record,
    &login::Login,
    &lun::FindLun,
    &volumes::Volumes,
    &root::MountRoot,
    &mounts::MountRest,
    &special::Special,
    &resolv::ResolvConf,
];
