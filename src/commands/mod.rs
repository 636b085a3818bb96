//! What the user asked: one file a subcommand.

mod checks;
mod completions;
mod config;
mod credentials;
mod deadline;
mod doctor;
mod exit_code;
mod explain;
mod fence;
mod fleet;
mod gate;
mod ipxe;
mod output;
mod prepare;
mod progress;
mod rescue;
mod seal;
mod show;
mod snapshot;
mod snmp;
mod source;
mod step_progress;
mod stopped;
mod timing;
mod watch;
mod watch_files;

pub use completions::{complete, completion_script};
pub use exit_code::EXIT_UNKNOWN;

use crate::cli::{Cli, Color, Command, ReportFormat, Rescue};
use crate::formats::text::printable;
use crate::report;
use output::Output;
use std::ffi::OsString;
use std::sync::{Mutex, PoisonError};

/// What to do where a fault of isctpl leaves things half changed; `None` for a run that changes nothing.
static AFTER_FAULT: Mutex<Option<&str>> = Mutex::new(None);

fn after_fault(command: &Command) -> Option<&'static str> {
    match command {
        Command::Rescue { action: Rescue::Up(_) | Rescue::Down } => {
            Some("; `isctpl rescue down` takes down what is up")
        }
        Command::Prepare(args) if !args.dry_run => Some("; `isctpl prepare --undo` puts back what was changed"),
        Command::Seal(args) if !args.dry_run => Some("; `isctpl seal` once more clears what is left"),
        _ => None,
    }
}

fn remember_advice(command: &Command) {
    *AFTER_FAULT.lock().unwrap_or_else(PoisonError::into_inner) = after_fault(command);
}

/// Does what was asked.
///
/// # Errors
/// When a file that the user named cannot be read, or the output cannot be written.
pub fn run(cli: &Cli) -> anyhow::Result<u8> {
    let mut output = Output::new(cli.color, cli.quiet, cli.verbose);
    remember_advice(&cli.command);
    let outcome = match &cli.command {
        Command::Doctor(args) => doctor::run(args, &mut output),
        Command::Show(args) => show::run(args, &mut output),
        Command::Checks(args) => checks::run(args, &mut output),
        Command::Explain(args) => explain::run(args, &mut output),
        Command::Snapshot(args) => snapshot::run(args, &mut output),
        Command::Rescue { action } => rescue::run(action, &mut output),
        Command::Prepare(args) => prepare::run(args, &mut output),
        Command::Ipxe(args) => ipxe::run(args, &mut output),
        Command::Gate(args) => gate::run(args, &mut output),
        Command::Snmp(args) => snmp::run(args, &mut output),
        Command::Seal(args) => seal::run(args, &mut output),
        Command::Watch(args) => watch::run(args, &mut output),
        Command::Completions { shell } => completions::run(*shell, &mut output),
    };
    if cli.verbose {
        output.complain(&fence::line());
    }
    let code = outcome?;
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
    let format = match &cli.command {
        Command::Doctor(args) if !cli.quiet => Some(args.format),
        _ => None,
    };
    if let Some(line) = format.and_then(|format| line_of_nothing(format, &why)) {
        output.tell(&line);
    }
}

/// The same for arguments that could not be understood, as far as they can be.
pub fn complain_of_usage(arguments: &[OsString], error: &clap::Error) {
    if let Some(format) = monitored(arguments) {
        let told = error.to_string();
        let what = told.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let what = what.strip_prefix("error: ").unwrap_or(&what);
        let line = line_of_nothing(format, &format!("wrong usage: {what}"));
        Output::new(Color::Never, false, false).tell(&line.unwrap_or_default());
    }
}

/// The same for a fault of isctpl itself; gives the exit code. Nothing is judged then. What a rescue has changed
/// stays, and its journal knows of it.
pub fn complain_of_fault(arguments: &[OsString], fault: &str) -> u8 {
    let fault = format!("internal error, please report it: {fault}");
    let mut output = Output::new(Color::Never, false, false);
    if let Some(line) = monitored(arguments).and_then(|format| line_of_nothing(format, &fault)) {
        output.tell(&line);
    }
    let advice = *AFTER_FAULT.lock().unwrap_or_else(PoisonError::into_inner);
    output.complain(&format!("isctpl: {fault}{}\n", advice.unwrap_or_default()));
    if advice.is_some() { rescue::NOT_UNDONE } else { EXIT_UNKNOWN }
}

/// What a monitor or a pipeline reads where there is no report; nothing for a format that neither reads.
fn line_of_nothing(format: ReportFormat, why: &str) -> Option<String> {
    match format {
        ReportFormat::Nagios => Some(report::nagios_unknown(why)),
        ReportFormat::Checkmk => Some(report::checkmk_unknown(why)),
        ReportFormat::Junit => Some(report::junit_unknown(why)),
        ReportFormat::Table | ReportFormat::Json | ReportFormat::Prometheus | ReportFormat::Html => None,
    }
}

/// The monitor or pipeline that reads standard output, as far as the arguments can be understood.
fn monitored(arguments: &[OsString]) -> Option<ReportFormat> {
    let has = |words: &[&str]| arguments.windows(words.len()).any(|window| window.iter().eq(words));
    let asked = |name: &str| has(&[&format!("--format={name}")]) || has(&["--format", name]);
    let formats =
        [("nagios", ReportFormat::Nagios), ("checkmk", ReportFormat::Checkmk), ("junit", ReportFormat::Junit)];
    let (_, format) = formats.into_iter().find(|(name, _)| asked(name))?;
    (has(&["doctor"]) && !has(&["-q"]) && !has(&["--quiet"])).then_some(format)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn a_fault_ends_with_2_only_where_the_machine_may_be_half_changed() {
        for (line, changing) in [
            ("isctpl -q rescue up", true),
            ("isctpl --color always rescue down", true),
            ("isctpl seal --root /target --yes", true),
            ("isctpl seal --dry-run", false),
            ("isctpl rescue plan", false),
            ("isctpl rescue status", false),
            ("isctpl doctor --san-nic rescue", false),
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let cli = Cli::try_parse_from(&words).unwrap();
            remember_advice(&cli.command);
            assert_eq!(complain_of_fault(&words, "a test"), if changing { 2 } else { 3 }, "{line}");
        }
    }

    #[test]
    fn a_monitor_has_a_line_whatever_happens() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        let of = |line| monitored(&words(line));
        assert_eq!(of("isctpl doctor --format nagios"), Some(ReportFormat::Nagios));
        assert_eq!(of("isctpl doctor --format junit --output x.xml"), Some(ReportFormat::Junit));
        assert_eq!(of("isctpl doctor --format=checkmk --root /x"), Some(ReportFormat::Checkmk));
        assert_eq!(of("isctpl doctor --format nagios -q"), None);
        assert_eq!(of("isctpl show nics --format json"), None);
    }
}
