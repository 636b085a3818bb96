//! The options of `isctpl seal`.

use crate::report::PlatformCli;
use clap::Args;
use isctpl_checks::is_typable;
use std::path::PathBuf;

/// `isctpl seal`
#[derive(Debug, Args)]
#[command(next_line_help = true)]
pub struct SealArgs {
    /// The root directory to clear
    #[arg(long, default_value = "/", value_name = "DIR")]
    pub root: PathBuf,

    /// List what would be cleared, and clear nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Do not ask before clearing; without a terminal this is required
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,

    /// Clear the root of the running system itself: this machine is the one that becomes the template
    #[arg(long)]
    pub yes_this_machine: bool,

    /// Remove the SSH host keys, too
    #[arg(long)]
    pub host_keys: bool,

    /// The generation of metalcloud-cli whose commands are printed in the end
    #[arg(long, value_enum, default_value_t = PlatformCli::V3, value_name = "VERSION", help_heading = "Template")]
    pub cli: PlatformCli,

    /// The id of the drive that becomes the template, for the command that is printed; may be repeated
    #[arg(long = "volume-id", value_name = "ID", value_parser = id, help_heading = "Template")]
    pub volume_ids: Vec<String>,
}

/// An id, as the platform prints it.
fn id(text: &str) -> Result<String, String> {
    let is_id = !text.is_empty() && !text.starts_with('-') && is_typable(text);
    is_id.then(|| text.to_owned()).ok_or_else(|| "not the id of a drive; write 75618".to_owned())
}
