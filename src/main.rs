//! Starts isctpl and turns its answer into an exit code.

use clap::Parser;
use isctpl::cli::Cli;
use isctpl::commands::{self, EXIT_UNKNOWN};
use isctpl::formats::text::printable;
use isctpl::probes;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(give_up));
    match probes::answer_watcher() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        // Who asked sees that no answer came.
        Err(_) => return ExitCode::from(EXIT_UNKNOWN),
    }
    match commands::complete() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        // A shell that completes has no place for a complaint.
        Err(_) => return ExitCode::from(EXIT_UNKNOWN),
    }
    output_colours();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let arguments: Vec<_> = std::env::args_os().collect();
            let error = of_clean_arguments(&error);
            // A terminal that cannot be written to leaves the exit code as the only answer.
            let _ = error.print();
            // clap's own 2 would read as CRITICAL to a monitor.
            if !error.use_stderr() {
                return ExitCode::SUCCESS;
            }
            commands::complain_of_usage(&arguments, &error);
            return ExitCode::from(EXIT_UNKNOWN);
        }
    };
    match commands::run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            commands::complain(&cli, &error);
            ExitCode::from(EXIT_UNKNOWN)
        }
    }
}

/// A fault of isctpl itself.
#[allow(clippy::exit, reason = "a panic must not end as a signal, which no monitor takes for UNKNOWN")]
fn give_up(panic: &std::panic::PanicHookInfo<'_>) {
    let arguments: Vec<_> = std::env::args_os().collect();
    std::process::exit(commands::complain_of_fault(&arguments, &printable::told(panic)).into());
}

/// A complaint of the command line quotes it, between colours of its own: the same complaint, of arguments that
/// a terminal can be given.
fn of_clean_arguments(error: &clap::Error) -> clap::Error {
    let clean = std::env::args_os().map(|argument| printable::path(Path::new(&argument)));
    // What is wrong may be the very characters that are clean now.
    Cli::try_parse_from(clean).err().unwrap_or_else(|| clap::Error::raw(error.kind(), printable::told(error) + "\n"))
}

/// FORCE_COLOR counts as CLICOLOR_FORCE does, for everything that is printed; NO_COLOR goes before both.
fn output_colours() {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_none() && set("FORCE_COLOR").is_some_and(|value| value != "0" && value != "false") {
        anstream::ColorChoice::Always.write_global();
    }
}
