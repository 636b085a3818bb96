//! `isctpl completions SHELL`, and the answers to the shells that ask.

use super::output::Output;
use crate::cli::Cli;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};
use std::io;

/// The environment variable by which a shell's completion asks this program.
const ASKED: &str = "ISCTPL_COMPLETE";

pub(super) fn run(shell: Shell, output: &mut Output) -> anyhow::Result<u8> {
    let script = completion_script(&shell.to_string())?;
    output.print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}

/// Answers a shell that asks what can be typed next; says whether one did.
///
/// # Errors
/// When the shell is none that is known here, or the answer cannot be written.
pub fn complete() -> clap::error::Result<bool> {
    // The current directory is looked up for completion alone.
    if std::env::var_os(ASKED).is_none() {
        return Ok(false);
    }
    CompleteEnv::with_factory(Cli::command)
        .var(ASKED)
        .try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref())
}

/// The script that makes a shell ask this program; `shell` is one of clap's.
///
/// # Errors
/// When the shell is none that is known here.
pub fn completion_script(shell: &str) -> io::Result<Vec<u8>> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell).ok_or_else(|| io::Error::other(format!("unknown shell {shell}")))?;
    let mut script = Vec::new();
    completer.write_registration(ASKED, "isctpl", "isctpl", "isctpl", &mut script)?;
    Ok(script)
}
