//! Mount an instance's root from its LUN, in a rescue system, and take it down again: the recovery flow that
//! the documentation of the platform tells people to type.
//!
//! Nothing is formatted, repaired or changed on the LUN: what mounting it read-write does is all that is
//! written there, and with `read_only` not even that.

pub mod boot_target;
mod context;
mod host;
mod recovery;
mod steps;

pub use context::{Context, Nic, RescueRequest, RootChoice};
pub use host::mount_point::place;
pub use host::mounts::holders_elsewhere;
pub use recovery::leftovers;

use super::Step;
use steps::{
    activate_volumes, bind_kernel_filesystems, chap, find_lun, initiator_name, interface_record, iscsid, login,
    mount_fstab, mount_root, network, node_record, requirements, resolv_conf,
};

/// The name of the interface record, and of all else that isctpl adds to open-iscsi's database: nothing
/// there that is not called so is touched.
pub const RECORD_NAME: &str = "isctpl";

/// The procedure's name in its journal.
pub const NAME: &str = "rescue";

/// The steps, in order.
pub const STEPS: [&dyn Step<Context>; 14] = [
    &requirements::Requirements,
    &network::Network,
    &initiator_name::InitiatorName,
    &chap::Chap,
    &iscsid::Daemon,
    &interface_record::Interface,
    &node_record::Record,
    &login::Login,
    &find_lun::FindLun,
    &activate_volumes::Volumes,
    &mount_root::MountRoot,
    &mount_fstab::MountRest,
    &bind_kernel_filesystems::Special,
    &resolv_conf::ResolvConf,
];
