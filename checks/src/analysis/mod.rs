//! What follows from the facts, asked by several checks: the SAN NIC, the portals, the image that will boot.

mod boot;
mod entry;
mod flow;
mod handoff;
mod image;
mod instance;
mod ip_word;
mod layers;
mod modules;
mod omits;
pub(crate) mod policy;
mod portals;
mod remedies;
mod request;
mod rootspec;
pub(crate) mod san;
mod san_route;
mod sign;
mod stack;
mod static_routes;
mod target_network;
mod timeline;

pub use instance::Analysis;
pub(crate) use request::describe;
pub use request::{RootSpec, parse_root_spec};
pub use rootspec::{DeviceSpec, mapper_name};
pub use timeline::{Phase, Sight};

pub(crate) use handoff::BootHandoff;
pub use image::Family;
pub(crate) use image::path_inside;
pub(crate) use ip_word::{IpWord, is_ibft};
pub(crate) use layers::{Crypt, Multipath, Raid, plain_uuid};
pub(crate) use modules::{InImage, filesystem_module, option_of};
pub(crate) use request::portal_addresses;
pub(crate) use rootspec::is_stand_in;
pub(crate) use stack::inactive_volumes;
pub(crate) use target_network::TargetNetwork;
