//! Starts isctpl and turns its answer into an exit code.

use clap::Parser;
use isctpl::cli::Cli;
use isctpl::commands::{self, EXIT_UNKNOWN};
use isctpl::formats::text;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let error = of_clean_arguments(&error);
            // A terminal that cannot be written to leaves the exit code as the only answer.
            let _ = error.print();
            // clap's own 2 would read as CRITICAL to a monitor.
            return if error.use_stderr() { ExitCode::from(EXIT_UNKNOWN) } else { ExitCode::SUCCESS };
        }
    };
    match commands::run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "isctpl: {}", text::told(&format_args!("{error:#}")));
            ExitCode::from(EXIT_UNKNOWN)
        }
    }
}

/// A complaint of the command line quotes it, between colours of its own: the same complaint, of arguments that
/// a terminal can be given.
fn of_clean_arguments(error: &clap::Error) -> clap::Error {
    let clean = std::env::args_os().map(|argument| text::path(Path::new(&argument)));
    // What is wrong may be the very characters that are clean now.
    Cli::try_parse_from(clean).err().unwrap_or_else(|| clap::Error::raw(error.kind(), text::told(error) + "\n"))
}
