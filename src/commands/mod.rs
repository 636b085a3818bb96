//! What the user asked: one file a subcommand.

mod checks;
mod completions;
mod config;
mod deadline;
mod doctor;
mod explain;
mod fleet;
mod output;
mod progress;
mod reader;
mod rescue;
mod show;
mod snapshot;
mod timing;

use crate::cli::{Cli, Color, Command, ReportFormat, Source};
use crate::formats::text::printable;
use crate::{probes, report};
use isctpl_checks::facts::{Facts, Problem};
use isctpl_checks::unborne_san_nic;
use output::Output;
use progress::Progress;
use std::ffi::OsString;
use std::time::Instant;

/// The exit code for what could not be done or was asked wrongly: monitoring's UNKNOWN.
pub const EXIT_UNKNOWN: u8 = 3;

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
    if cli.verbose && !reader::is_asked_for() {
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

/// Reads the facts that the user pointed at, and says what is being read when that takes long.
fn gather(source: &Source) -> Result<Facts, Problem> {
    let facts = gather_until(source, &Progress::start(), None)?;
    facts.ok_or_else(|| Problem::new("/", "was not read in time"))
}

/// The same, until a time; `None` when that came first.
fn gather_until(source: &Source, progress: &Progress, until: Option<Instant>) -> Result<Option<Facts>, Problem> {
    // With a time to keep, nothing of the root is touched here: who touches a disk that is gone never ends.
    if until.is_some() || probes::is_running_root(&source.root) {
        return reader::gather(source, progress, until);
    }
    gather_here(source, &|what| progress.say(what)).map(Some)
}

/// The same, in this process.
fn gather_here(source: &Source, say: &dyn Fn(&str)) -> Result<Facts, Problem> {
    if source.same_machine && probes::is_running_root(&source.root) {
        return Err(Problem::new("--same-machine", "needs --root DIR; on the booted instance leave it out"));
    }
    let mut facts = probes::gather(&reader::request_of(source), say)?;
    facts.scope.rescued = rescue::is_up_at(&source.root);
    Ok(facts)
}

/// What the person asking knows may be more than was known where a snapshot was taken.
///
/// # Errors
/// When nothing in the snapshot bears the SAN NIC that was named.
fn add_what_is_known(facts: &mut Facts, source: &Source) -> Result<(), Problem> {
    facts.scope.portals.extend(&source.portals);
    facts.scope.san_subnets.extend(&source.san_subnets);
    if let Some(nic) = &source.san_nic {
        facts.scope.san_nic = Some(nic.clone());
        if let Some(wrong) = unborne_san_nic(facts) {
            return Err(wrong);
        }
    }
    Ok(())
}
