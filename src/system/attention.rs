//! How long what waits for this thread may have waited.
//!
//! Netlink's messages carry no time: all that is known of one is when it was read. A thread that sleeps in poll(2) reads it
//! at once, unless it had to wait for a processor, or was stopped: by SIGSTOP, a debugger, the freezer of cgroups. The
//! first is in `/proc/thread-self/schedstat` (Documentation/scheduler/sched-stats.rst); of the second the thread's count of
//! sleeps tells (getrusage(2), `ru_nvcsw`): one that is stopped while it sleeps goes to sleep once more. Of a virtual
//! machine that its host does not let run neither tells.

use nix::sys::resource::{UsageWho, getrusage};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// What the kernel counts of the thread that asks.
#[derive(Debug)]
pub(crate) struct Attention {
    schedstat: Option<File>,
}

/// The counts at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    /// How often it went to sleep.
    sleeps: i64,
    /// How long it waited for a processor, all together.
    queued: Duration,
}

impl Attention {
    /// Of this thread.
    pub(crate) fn of_this_thread() -> Self {
        Self { schedstat: File::open("/proc/thread-self/schedstat").ok() }
    }

    /// The counts now; `None` where the kernel does not keep them (`CONFIG_SCHED_INFO`).
    pub(crate) fn counts(&self) -> Option<Counts> {
        let mut bytes = [0; 128];
        let length = self.schedstat.as_ref()?.read_at(&mut bytes, 0).ok()?;
        let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
        // Time on a processor, time in wait of one, both in nanoseconds; then how often it got one.
        let mut numbers = text.split_ascii_whitespace().skip(1);
        let queued = Duration::from_nanos(numbers.next()?.parse().ok()?);
        // A thread that asks has run: where it is said not to have, nothing is counted.
        (numbers.next()? != "0").then_some(())?;
        let sleeps = getrusage(UsageWho::RUSAGE_THREAD).ok()?.voluntary_context_switches();
        Some(Counts { sleeps, queued })
    }

    /// How long after what ended it this thread came back from the one sleep since `before`, at most; `None` where it did
    /// not sleep, was stopped meanwhile, or nothing is known of that.
    pub(crate) fn late(&self, before: Option<Counts>) -> Option<Duration> {
        let (before, after) = (before?, self.counts()?);
        (after.sleeps - before.sleeps == 1).then(|| after.queued.saturating_sub(before.queued))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    fn sleep_in_poll(milliseconds: u16) {
        let (end, _other) = UnixStream::pair().unwrap();
        let mut sources = [PollFd::new(end.as_fd(), PollFlags::POLLIN)];
        poll(&mut sources, PollTimeout::from(milliseconds)).unwrap();
    }

    #[test]
    fn one_sleep_is_known_and_two_are_not() {
        let attention = Attention::of_this_thread();
        let before = attention.counts();
        assert!(before.is_some(), "this kernel does not count");
        assert_eq!(attention.late(before), None, "it has not slept");
        // A page that is waited for is a sleep as well.
        let once = || {
            let before = attention.counts();
            sleep_in_poll(20);
            attention.late(before).is_some()
        };
        assert!((0..20).any(|_| once()));
        sleep_in_poll(20);
        sleep_in_poll(20);
        assert_eq!(attention.late(before), None);
        assert_eq!(attention.late(None), None);
    }

    #[test]
    fn a_thread_that_is_stopped_in_its_sleep_is_known_by_its_count() {
        // The whole process would stop with its thread: it is a child that does.
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let sleeps = || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            line.trim().parse::<i64>().unwrap()
        };
        let is = |state: &str| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            status.lines().any(|line| line.starts_with("State:") && line.contains(state))
        };
        let until = |what: &dyn Fn() -> bool| {
            (0..500).any(|_| {
                what() || {
                    std::thread::sleep(Duration::from_millis(10));
                    false
                }
            })
        };
        std::thread::sleep(Duration::from_millis(200));
        assert!(until(&|| is("S (")));
        let before = sleeps();
        kill(pid, Signal::SIGSTOP).unwrap();
        assert!(until(&|| is("T (")));
        kill(pid, Signal::SIGCONT).unwrap();
        assert!(until(&|| sleeps() >= before + 2), "a stop is a sleep of its own, before the one that goes on");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
