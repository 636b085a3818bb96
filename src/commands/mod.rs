//! What the user asked: one file a subcommand.

mod checks;
mod completions;
mod doctor;
mod explain;
mod output;
mod progress;
mod reader;
mod rescue;
mod show;
mod snapshot;

use crate::cli::{Cli, Command, Source};
use crate::probes;
use isctpl_checks::facts::{Facts, Problem};
use output::Output;
use progress::Progress;

/// The exit code for what could not be done or was asked wrongly: monitoring's UNKNOWN.
pub const EXIT_UNKNOWN: u8 = 3;

/// Does what was asked.
///
/// # Errors
/// When a file that the user named cannot be read, or the output cannot be written.
pub fn run(cli: &Cli) -> anyhow::Result<u8> {
    let mut output = Output::new(cli.color, cli.quiet, cli.verbose);
    match &cli.command {
        Command::Doctor(args) => doctor::run(args, &mut output),
        Command::Show(args) => show::run(args, &mut output),
        Command::Checks(args) => checks::run(args, &mut output),
        Command::Explain(args) => explain::run(args, &mut output),
        Command::Snapshot(args) => snapshot::run(args, &mut output),
        Command::Rescue { action } => rescue::run(action, &mut output),
        Command::Completions { shell } => completions::run(*shell, &mut output),
    }
}

/// Reads the facts that the user pointed at, and says what is being read when that takes long.
fn gather(source: &Source) -> Result<Facts, Problem> {
    if source.same_machine && probes::is_running_root(&source.root) {
        return Err(Problem::new("--same-machine", "needs --root DIR; on the booted instance leave it out"));
    }
    let progress = Progress::start();
    if probes::is_running_root(&source.root) {
        return reader::gather(source, &progress);
    }
    let mut facts = probes::gather(&reader::request_of(source), &|what| progress.say(what))?;
    facts.scope.rescued = rescue::is_up_at(&source.root);
    Ok(facts)
}
