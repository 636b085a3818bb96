//! What was read, before anybody judges it.
//!
//! Probes fill these types, checks read them, `isctpl show` prints them and a snapshot keeps them.
//! A secret never enters a fact: where one was found, a `bool` says so.

mod boot;
mod bounded;
mod config;
mod fact;
mod firmware;
mod image;
mod leftover;
mod manager;
mod modules;
mod network;
mod problems;
mod runtime;
mod scope;
mod source;
mod storage;
mod timeline;
mod words;

pub use boot::*;
pub use config::*;
pub use fact::*;
pub use firmware::*;
pub use image::*;
pub use leftover::LeftoverKind;
pub use manager::Manager;
pub use modules::{Asked, ModuleIndex, REQUESTS};
pub use network::*;
pub use problems::Group;
pub use runtime::*;
pub use scope::*;
pub use source::Source;
pub use storage::*;
pub use timeline::*;
pub use words::{LeaseClient, LinkKind, OperState, Startup};

use serde::{Deserialize, Serialize};

/// The name of this set of facts where it is written out.
pub const SCHEMA: &str = "isctpl.facts/v1";

/// Everything known of one instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Facts {
    /// How, where and when the facts were read.
    pub scope: Scope,
    /// What the firmware handed over: from each of its sources.
    pub firmware: Firmware,
    /// The network interfaces of the instance's hardware.
    pub nics: Fact<Vec<Nic>>,
    /// The running kernel's network.
    pub network: Network,
    /// The running kernel's command line.
    pub cmdline: Fact<Cmdline>,
    /// What GRUB or another loader will do.
    pub loader: Loader,
    /// The kernels that the loader's entries name.
    pub kernels: Vec<Kernel>,
    /// The initramfs images that the loader's entries name.
    #[serde(deserialize_with = "bounded::list::<_, _, 64>")]
    pub images: Vec<Initramfs>,
    /// Kernels and images on the disk, those too that no entry names.
    pub boot_files: Vec<BootFile>,
    /// DHCP clients: how they are set up and what they were given.
    pub dhcp: Dhcp,
    /// Who configures the network of the real root, and how.
    pub netconfig: NetConfig,
    /// open-iscsi: identity, defaults, records, sessions.
    pub iscsi: Iscsi,
    /// Mounts, volumes and filters.
    pub storage: Storage,
    /// Units, their links, and what they run.
    pub services: Services,
    /// What lies on the disk that a template must or must not carry.
    pub template: Template,
}
