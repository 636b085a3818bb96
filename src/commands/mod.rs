//! What the user asked: one file a subcommand.

mod checks;
mod completions;
mod config;
mod deadline;
mod doctor;
mod exit_code;
mod explain;
mod fleet;
mod output;
mod progress;
mod rescue;
mod show;
mod snapshot;
mod source;
mod timing;

pub use completions::{complete, completion_script};
pub use exit_code::EXIT_UNKNOWN;

use crate::cli::{Cli, Color, Command, ReportFormat};
use crate::formats::text::printable;
use crate::report;
use output::Output;
use std::ffi::OsString;

/// Does what was asked.
///
/// # Errors
/// When a file that the user named cannot be read, or the output cannot be written.
pub fn run(cli: &Cli) -> anyhow::Result<u8> {
    let mut output = Output::new(cli.color, cli.quiet, cli.verbose);
    let code = match &cli.command {
        Command::Doctor(args) => doctor::run(args, &mut output),
        Command::Show(args) => show::run(args, &mut output),
        Command::Checks(args) => checks::run(args, &mut output),
        Command::Explain(args) => explain::run(args, &mut output),
        Command::Snapshot(args) => snapshot::run(args, &mut output),
        Command::Rescue { action } => rescue::run(action, &mut output),
        Command::Completions { shell } => completions::run(*shell, &mut output),
    }?;
    if cli.verbose {
        output.complain(&timing::table(&output.style));
    }
    Ok(code)
}

/// Says what came to nothing: on standard error, and in the line that a monitor reads where it asked for one.
pub fn complain(cli: &Cli, error: &anyhow::Error) {
    let mut output = Output::new(cli.color, cli.quiet, cli.verbose);
    // Also who wants no word must learn why there is no answer.
    output.quiet = false;
    let why = printable::told(&format_args!("{error:#}"));
    output.complain(&format!("isctpl: {why}\n"));
    let monitored = matches!(&cli.command, Command::Doctor(args) if args.format == ReportFormat::Nagios);
    if monitored && !cli.quiet {
        output.tell(&report::nagios_unknown(&why));
    }
}

/// The same for arguments that could not be understood, as far as they can be.
pub fn complain_of_usage(arguments: &[OsString], error: &clap::Error) {
    let has = |words: &[&str]| arguments.windows(words.len()).any(|window| window.iter().eq(words));
    let monitored = has(&["doctor"]) && (has(&["--format=nagios"]) || has(&["--format", "nagios"]));
    if monitored && !has(&["-q"]) && !has(&["--quiet"]) {
        let told = error.to_string();
        let what = told.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let what = what.strip_prefix("error: ").unwrap_or(&what);
        Output::new(Color::Never, false, false).tell(&report::nagios_unknown(&format!("wrong usage: {what}")));
    }
}
