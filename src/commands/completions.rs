//! `isctpl completions SHELL`.

use super::Output;
use crate::cli::Cli;
use clap::CommandFactory;
use clap_complete::Shell;

pub(super) fn run(shell: Shell, output: &mut Output) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "isctpl", &mut script);
    output.print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
