//! Starts isctpl and turns its answer into an exit code.

use clap::Parser;
use isctpl::cli::Cli;
use isctpl::commands::{self, EXIT_UNKNOWN};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A terminal that cannot be written to leaves the exit code as the only answer.
            let _ = error.print();
            // clap's own 2 would read as CRITICAL to a monitor.
            return if error.use_stderr() { ExitCode::from(EXIT_UNKNOWN) } else { ExitCode::SUCCESS };
        }
    };
    match commands::run(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "isctpl: {error:#}");
            ExitCode::from(EXIT_UNKNOWN)
        }
    }
}

/// A reader that has seen enough, such as `head`, is no error.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
