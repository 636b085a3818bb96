//! What isctpl judges, and how: facts, the boot chain, findings and every check.
//!
//! Pure: nothing here reads a file, runs a program, asks the kernel or looks at a clock. Facts come
//! in, outcomes go out, so each check can be tested with a healthy case and a broken one.

mod analysis;
mod chain;
mod check;
pub mod facts;
mod finding;
mod judge;
mod outcome;
pub mod readers;
pub mod registry;
mod repair;
mod sed;
mod shell_command;
mod taken_down;

// One folder a link of the chain, one file a check.
mod firmware;
mod handover;
mod initramfs;
mod kernel;
mod loader;
mod login;
mod root;
mod shutdown;
mod template;
mod uptime;

pub use analysis::{Analysis, DeviceSpec, Family, Phase, RootSpec, Sight, mapper_name, parse_root_spec};
pub use chain::{Link, LinkStatus};
pub use check::{Check, Doc, Scope};
pub use finding::{Evidence, Finding, Remedy, Severity};
pub use handover::{LONGEST_DHCP_TIMEOUT, is_unborne_san_nic, unborne_san_nic};
pub use judge::{
    BootVerdict, ChainLink, CheckResult, Judgement, LoginWords, Reboot, Selection, Verdict, judge, login_words,
};
pub use outcome::Outcome;
pub use repair::{ImageContents, Repair, SanNicNeed, WordMatch};
pub use sed::Sed;
pub use shell_command::{Reach, RunsIn, ShellCommand, is_plain, is_typable, quoted};
pub use taken_down::{TakenDown, taken_down};

#[cfg(test)]
extern crate self as isctpl_checks;
#[cfg(test)]
#[path = "../tests/it/main.rs"]
mod it;
