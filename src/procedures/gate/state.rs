//! What the gate knows of this boot.

use isctpl_checks::Reboot;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What keeps the machine away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Break {
    /// The check that says so.
    pub(crate) check: String,
    /// Its finding in a sentence.
    pub(crate) because: String,
}

/// The last judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    /// Why it came to nothing, where it did.
    pub(crate) unknown: Option<String>,
}

/// What the gate knows of this boot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct GateState {
    /// Which boot it is of (`/proc/sys/kernel/random/boot_id`).
    pub(super) boot_id: String,
    /// The last judgement that came to its end; `None` before the first.
    pub(crate) last: Option<Last>,
    /// When the last one began, whether or not it has come to its end, or when everything was forgotten: what began before
    /// that is too late. In microseconds since the kernel started (`CLOCK_BOOTTIME`).
    begun_us: u64,
    /// Whether one has begun, and not come to its end.
    pending: bool,
    /// What keeps the machine away, by the last judgement that came to something.
    pub(crate) breaks: Vec<Break>,
    /// The checks that somebody has passed over.
    passed: Vec<String>,
    /// Whether systemd knows that reboots are held, or let through; `None` where it was not asked to the end.
    pub(super) in_force: Option<bool>,
}

impl GateState {
    /// Of a boot in which nothing was judged yet.
    pub(crate) fn of(boot_id: &str) -> Self {
        Self { boot_id: boot_id.to_owned(), in_force: Some(false), ..Self::default() }
    }

    /// Of a boot whose file cannot be read: what systemd knows is not known.
    pub(super) fn unread(boot_id: &str) -> Self {
        Self { boot_id: boot_id.to_owned(), ..Self::default() }
    }

    /// What holds reboots: what nobody has passed over.
    pub(crate) fn holding(&self) -> impl Iterator<Item = &Break> {
        self.breaks.iter().filter(|broken| !self.passed.contains(&broken.check))
    }

    /// Whether reboots are to be held.
    pub(crate) fn holds(&self) -> bool {
        self.holding().next().is_some()
    }

    /// Whether systemd does what is to be.
    pub(crate) fn is_in_force(&self) -> bool {
        self.in_force == Some(self.holds())
    }

    /// Whether a judgement has begun, and not come to its end.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending
    }

    /// A judgement begins.
    pub(crate) fn begin(&mut self, began: Duration) {
        (self.begun_us, self.pending) = (self.begun_us.max(micros(began)), true);
    }

    /// Takes in what a judgement came to that began then. Where another one has begun since, that one counts. What is not known
    /// changes nothing, and what is passed over and was fixed holds again when it breaks anew.
    pub(crate) fn take(&mut self, began: Duration, reboot: Reboot) {
        if micros(began) < self.begun_us {
            return;
        }
        self.pending = false;
        let (breaks, unknown) = match reboot {
            Reboot::ComesBack => (Some(Vec::new()), None),
            Reboot::StaysAway(breaks) => (Some(breaks), None),
            Reboot::Unknown(why) => (None, Some(why)),
        };
        self.last = Some(Last { unknown });
        if let Some(breaks) = breaks {
            let owned = |(check, because): (&str, String)| Break { check: check.to_owned(), because };
            self.breaks = breaks.into_iter().map(owned).collect();
            self.passed.retain(|passed| self.breaks.iter().any(|broken| broken.check == *passed));
        }
    }

    /// Passes over what holds now.
    pub(crate) fn pass(&mut self) {
        self.passed = self.breaks.iter().map(|broken| broken.check.clone()).collect();
    }

    /// Forgets everything, what a judgement comes to that has begun before as well.
    pub(crate) fn forget(&mut self, now: Duration) {
        (self.last, self.breaks, self.passed) = (None, Vec::new(), Vec::new());
        (self.begun_us, self.pending) = (micros(now).saturating_add(1), false);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
