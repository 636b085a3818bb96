//! Whose facts are read, for every command that reads any.

use super::credentials::portal;
use crate::names;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Whose facts are read.
#[derive(Debug, Clone, Args)]
pub struct Source {
    /// The root directory to check
    #[arg(long, default_value = "/", value_name = "DIR")]
    pub root: PathBuf,

    /// With --root: this is the instance's own hardware, so this host's iBFT, NICs and SAN lease count; not needed where
    /// the LUN below the root is the one that this host's iBFT names
    #[arg(long)]
    pub same_machine: bool,

    /// A portal that the instance must reach; may be repeated
    #[arg(long = "portal", value_name = "ADDR[:PORT]", value_parser = portal)]
    pub portals: Vec<SocketAddr>,

    /// A network that targets are in; may be repeated
    #[arg(long = "san-subnet", value_name = "CIDR")]
    pub san_subnets: Vec<IpNet>,

    /// The targets are in the SAN NIC's own network: no route to them is needed, and none can be lost
    #[arg(long)]
    pub san_on_link: bool,

    /// The SAN NIC by its name or MAC address, where isctpl cannot tell which it is; `unconfigured`: no network
    /// configuration of the root is for it
    #[arg(long, value_name = "NAME|MAC", add = ArgValueCandidates::new(names::interfaces))]
    pub san_nic: Option<String>,

    /// Read this saved ACPI iBFT table instead of the machine's
    #[arg(long, value_name = "FILE")]
    pub ibft_table: Option<PathBuf>,

    /// Read this captured sysfs tree (DIR/firmware/ibft, DIR/class/net) instead of the machine's
    #[arg(long, value_name = "DIR")]
    pub sysfs: Option<PathBuf>,
}

/// The id of a check or the name of a link.
pub(super) fn selector(text: &str) -> Result<String, String> {
    let known = isctpl_checks::registry::find(text).is_some() || isctpl_checks::Link::from_name(text).is_some();
    if known { Ok(text.to_owned()) } else { Err(names::unknown_name(text)) }
}
