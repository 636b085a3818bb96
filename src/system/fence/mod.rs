//! What a process gives up before it reads what others wrote.
//!
//! A parser that is made to misbehave can do whatever its process may do. So whoever parses first says what the reading
//! needs, and everything else is given up for good: the kernel then refuses it to this process and to all that it
//! starts. Four things hold beside each other, and each of them where this kernel has it: limits (setrlimit(2)),
//! capabilities (capabilities(7)), Landlock (landlock(7)) and a list of system calls (seccomp(2)). What a kernel lacks
//! stops no reading, but is told.

mod calls;
mod inherited;
mod limits;
mod needs;
mod paths;

pub use inherited::close_inherited;
pub use needs::{Extent, Needs};

use super::capabilities;
use needs::Outcome;
use nix::sys::prctl;
use rustix::thread::CapabilitySet;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What was given up, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// What holds.
    pub holds: Vec<String>,
    /// What this kernel, or what this process runs in, does not have, and why.
    pub lacks: Vec<String>,
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = "none";
        let holds = self.holds.join(", ");
        f.write_str(if holds.is_empty() { none } else { &holds })?;
        if !self.lacks.is_empty() {
            write!(f, "; not: {}", self.lacks.join(", "))?;
        }
        Ok(())
    }
}

/// Gives up what is not needed. It cannot be taken back. For a process it is to be called before the first thread is
/// started; [`Extent::Thread`] is the caller's own, beside which others may run.
pub fn enter(needs: &Needs) -> Fence {
    let mut fence = Fence::default();
    let mut note = |outcome: Outcome| match outcome {
        Ok(held) => fence.holds.push(held),
        Err(lacking) => fence.lacks.push(lacking),
    };
    // The list of system calls comes last: what sets up the others is not on it.
    note(paths::hold(needs));
    note(capabilities::keep_only(capabilities_for(needs)));
    if needs.extent == Extent::Reader {
        // Who starts a reader and is killed leaves nobody to listen to it.
        let _ = prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    }
    note(limits::hold(needs.extent));
    note(calls::hold(needs));
    fence
}

/// Root reads files of others by the first one, and puts a file of its own in the place of others' by the rest.
fn capabilities_for(needs: &Needs) -> CapabilitySet {
    let replaces = CapabilitySet::DAC_OVERRIDE | CapabilitySet::CHOWN | CapabilitySet::FOWNER;
    CapabilitySet::DAC_READ_SEARCH | if needs.replaces.is_empty() { CapabilitySet::empty() } else { replaces }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_hold_is_told() {
        let told = |holds: &[&str], lacks: &[&str]| {
            let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            Fence { holds: all(holds), lacks: all(lacks) }.to_string()
        };
        assert_eq!(told(&["Landlock (ABI 7)", "seccomp"], &[]), "Landlock (ABI 7), seccomp");
        assert_eq!(told(&["limits"], &["Landlock (x)"]), "limits; not: Landlock (x)");
        assert_eq!(told(&[], &["seccomp (y)"]), "none; not: seccomp (y)");
    }
}
