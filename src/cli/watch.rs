//! The options of `isctpl watch`.

use super::Source;
use clap::{Args, ValueEnum};
use isctpl_checks::facts::TIMELINE;
use std::path::PathBuf;

/// `isctpl watch`
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// What isctpl cannot know
    #[command(flatten)]
    pub source: Source,

    /// Put a lost SAN route back at once, as it was
    #[arg(long)]
    pub keep_route: bool,

    /// Write every line to this device, too; it is opened in the beginning, and needs no disk
    #[arg(long, value_enum, value_name = "DEVICE", value_delimiter = ',')]
    pub also_to: Vec<AlsoTo>,

    /// Keep what was seen as metrics in this file, for node_exporter's textfile collector; it is replaced whole. Name one
    /// below /run: a file on the root's disk stops the watch when that disk is gone
    #[arg(long, value_name = "FILE")]
    pub textfile: Option<PathBuf>,

    /// Keep what happens while the machine comes up, with the services that systemd starts, in this file: doctor reads
    /// /run/isctpl/timeline.json. One watch at a time keeps it
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = TIMELINE)]
    pub since_boot: Option<PathBuf>,

    /// How to print what happens
    #[arg(long, value_enum, default_value_t = WatchFormat::Text)]
    pub format: WatchFormat,
}

/// How a line of the watch is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WatchFormat {
    /// For people
    Text,
    /// For programs: a line of JSON each time, schema isctpl.watch/v1
    Json,
}

/// Where lines go besides standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AlsoTo {
    /// /dev/console
    Console,
    /// The kernel's log, /dev/kmsg
    Kmsg,
}
