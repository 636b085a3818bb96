//! `isctpl completions SHELL`.

use super::Output;
use crate::names;
use clap_complete::Shell;

pub(super) fn run(shell: Shell, output: &mut Output) -> anyhow::Result<u8> {
    let script = names::completion_script(&shell.to_string())?;
    output.print(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
