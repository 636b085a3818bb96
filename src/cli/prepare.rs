//! The options of `isctpl prepare`.

use super::source::{Source, selector};
use crate::names;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use isctpl_checks::LONGEST_DHCP_TIMEOUT;
use std::net::IpAddr;

/// `isctpl prepare`
#[derive(Debug, Args)]
pub struct PrepareArgs {
    /// Whose files
    #[command(flatten)]
    pub source: Source,

    /// The gateway to the networks of --san-subnet, for a static route where no lease and no iBFT tells it
    #[arg(long, value_name = "ADDR", requires = "san_subnets", conflicts_with = "san_on_link")]
    pub san_gateway: Option<IpAddr>,

    /// Fix only what these checks, or the checks of these links, have found, comma-separated
    #[arg(long, value_name = "ID,...", value_delimiter = ',', value_parser = selector)]
    #[arg(add = ArgValueCandidates::new(names::checks_and_links))]
    pub only: Vec<String>,

    /// Have DHCP clients give up after this time
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_DHCP_TIMEOUT)))]
    pub dhcp_timeout: u32,

    /// Install snmpd and Python first where the root lacks them, by its own package manager; that is not undone
    #[arg(long, conflicts_with_all = ["undo", "dry_run"])]
    pub install: bool,

    /// Show what would change, and change nothing
    #[arg(long, conflicts_with_all = ["yes", "undo"])]
    pub dry_run: bool,

    /// Do not ask: make the changes that are shown; with --undo, also put back what somebody has changed since
    #[arg(long)]
    pub yes: bool,

    /// Put everything back that prepare has changed in this root
    #[arg(long, conflicts_with_all = ["only", "dhcp_timeout", "san_gateway", "portals", "san_subnets", "san_on_link", "san_nic"])]
    pub undo: bool,
}
