//! The shell's language: the one reader of it, and what is looked for in scripts.
//!
//! [`lexer`] cuts text into words and operators, with [`skip`] for what stands within a word, [`words`] takes words
//! apart, [`expansion`] puts variables in, with [`pattern`] and [`number`] for what is cut off and computed, and
//! [`grammar`] tells what a command hangs on. [`assignments`] follows what a file does to [`variables`], [`commands`]
//! lists what a script may run.
//!
//! Files such as `/etc/default/grub` are read by a shell, so quotes, escapes, comments, continued lines and variables
//! count. Nothing is run: a command's output, a condition or a file that is read in between is reported, not guessed
//! at. What dash and bash read differently is not understood.

mod assignments;
mod cmdline_reads;
mod cmdline_words;
mod commands;
pub(crate) mod dhcp_hook;
pub(crate) mod edit;
mod expansion;
mod grammar;
pub(crate) mod initramfs_script;
#[cfg(test)]
mod initramfs_script_tests;
pub(crate) mod iscsi_logout;
mod lexer;
mod number;
pub(crate) mod option_121;
mod options;
mod pattern;
mod skip;
#[cfg(test)]
mod tests;
mod variables;
pub(crate) mod words;

pub use commands::{Command, commands};
pub(crate) use commands::{is_run_by_shell, is_shell};
pub use lexer::Unread;
pub use variables::{Setting, Variables};

/// The shell that reads a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// `/bin/sh`, which may be dash, bash, busybox or klibc's: what these read differently is not understood.
    Any,
    /// bash.
    Bash,
}
