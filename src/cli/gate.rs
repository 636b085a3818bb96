//! The options of `isctpl gate`.

use super::{Source, examples};
use clap::{Args, Subcommand};

/// `isctpl gate`
#[derive(Debug, Args)]
pub struct GateArgs {
    /// What to do; without one, as `status`
    #[command(subcommand)]
    pub action: Option<GateAction>,
}

/// The actions.
#[derive(Debug, Clone, Subcommand)]
pub enum GateAction {
    /// Tell whether reboots are held, and by what: the exit code is 2 where they are, 0 where the machine comes back or what
    /// keeps it away was passed over, and 1 where neither is known
    #[command(after_help = examples::GATE_STATUS)]
    Status,
    /// Check this machine as doctor does, and hold reboots where it would not come back, or let them through where it would;
    /// what is not known changes nothing. The exit code is that of status
    #[command(after_help = examples::GATE_JUDGE)]
    Judge {
        /// What isctpl cannot know
        #[command(flatten)]
        source: Source,

        /// Answer within this time
        #[arg(long, value_name = "SECONDS", default_value_t = 240, value_parser = clap::value_parser!(u64).range(1..))]
        timeout: u64,
    },
    /// Let reboots through, whatever is wrong now: the checks that hold them are passed over until they find nothing any
    /// more, or the machine starts again. What others find holds them
    #[command(after_help = examples::GATE_PASS)]
    Pass,
    /// Let reboots through, and forget what was judged: for when isctpl-gate.path was turned off
    #[command(after_help = examples::GATE_OFF)]
    Off,
}
