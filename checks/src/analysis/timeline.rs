//! The time since the machine started, in phases: what the SAN route did in each, beside the link that foretells it.

use crate::Link;
use crate::facts::{Manager, SanGap, Timeline, UnitStart};

/// Instances of templates that configure interfaces.
const TEMPLATES: [&str; 3] = ["ifup@", "dhcpcd@", "dhclient@"];

/// Services of managers that isctpl does not read.
const UNREAD: [&str; 2] = ["connman.service", "wickedd-nanny.service"];

/// It starts when the network is up and people may log in (systemd-user-sessions.service(8)).
const MACHINE_IS_UP: &str = "systemd-user-sessions.service";

/// How long a manager may work after its start: none tells when it is done.
const A_START: u64 = 60_000_000;

/// The phase before the watch began.
const INITRAMFS: &str = "initramfs";

/// The last phase.
const UP: &str = "machine is up";

/// A part of the time since the machine started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase<'a> {
    /// The service that begins it, or what it is.
    pub name: &'a str,
    /// When it began, in microseconds since the kernel started.
    pub from_us: u64,
    /// When it ended; for the last one, when the watch looked last.
    pub to_us: u64,
    /// The link whose checks foretell it.
    pub link: Link,
    /// The gaps of which a part lies in it, with their portals.
    pub gaps: Vec<(&'a str, &'a SanGap)>,
    /// How much of it was seen.
    pub sight: Sight,
}

/// How much of a phase was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// All of it.
    Whole,
    /// A part: the watch began again, messages were lost, the kernel did not answer, or there were too many gaps.
    Part,
    /// Nothing: the watch had not begun.
    None,
}

impl Timeline {
    /// The phases: the initramfs, then from each start of a network manager to the next, then the machine that is up. Where
    /// the watch began after a manager had, the start of the machine is one phase that nobody watched.
    pub fn phases(&self) -> Vec<Phase<'_>> {
        let mut bounds = if self.saw_the_start() {
            let mut bounds = vec![(0, INITRAMFS, Link::Login), (self.begun_us, "start of the root", Link::Handover)];
            let up = self.up_from_us();
            bounds.extend(
                self.starts().into_iter().filter(|(at, _)| *at < up).map(|(at, unit)| (at, unit, Link::Handover)),
            );
            bounds.push((up, UP, Link::Uptime));
            bounds
        } else {
            vec![(0, "start of the machine", Link::Handover), (self.begun_us, UP, Link::Uptime)]
        };
        bounds.dedup_by_key(|(at, ..)| *at);
        let ends = bounds.iter().skip(1).map(|(at, ..)| *at).chain([u64::MAX]).collect::<Vec<_>>();
        let phases = bounds.into_iter().zip(ends).map(|((from, name, link), end)| {
            let to = end.min(self.seen_us).max(from);
            Phase {
                name,
                from_us: from,
                to_us: to,
                link,
                gaps: self.gaps_between(from, to),
                sight: self.sight(from, to),
            }
        });
        // What had no time to happen in tells nothing.
        phases.filter(|phase| phase.to_us > phase.from_us).collect()
    }

    /// Whether the watch began before the managers and what waits for them. Something is always started before it; where
    /// nothing is known of that, systemd's starts could not be followed.
    pub fn saw_the_start(&self) -> bool {
        let late =
            |start: &UnitStart| start.at_us.is_none() && (is_manager(&start.unit) || start.unit == MACHINE_IS_UP);
        !self.started.is_empty() && !self.started.iter().any(late)
    }

    /// When the machine was up, in microseconds since the kernel started: what went wrong until then goes wrong at each
    /// start. A manager that was started just before may work for a while still.
    pub fn up_from_us(&self) -> u64 {
        if !self.saw_the_start() {
            return self.begun_us;
        }
        let said = self.started.iter().find(|start| start.unit == MACHINE_IS_UP).and_then(|start| start.at_us);
        let until = said.unwrap_or(u64::MAX);
        let last = self.starts().into_iter().map(|(at, _)| at).filter(|at| *at <= until).max().unwrap_or(self.begun_us);
        said.unwrap_or_default().max(last.saturating_add(A_START))
    }

    /// How many gaps there were, and how long those took that are over, in microseconds: of the portal that had most.
    pub fn sums(&self) -> (u64, u64) {
        let gaps = self.portals.iter().map(|portal| portal.gaps).max();
        let without = self.portals.iter().map(|portal| portal.without_us).max();
        (gaps.unwrap_or_default(), without.unwrap_or_default())
    }

    /// Every gap that is kept, with its portal.
    pub fn gaps(&self) -> impl Iterator<Item = (&str, &SanGap)> {
        self.portals.iter().flat_map(|portal| portal.kept.iter().map(|gap| (portal.portal.as_str(), gap)))
    }

    /// Whether gaps are counted that are not kept.
    pub fn has_more_gaps(&self) -> bool {
        self.portals.iter().any(|portal| portal.gaps > u64::try_from(portal.kept.len()).unwrap_or(u64::MAX))
    }

    /// The first start of each manager that the watch saw.
    fn starts(&self) -> Vec<(u64, &str)> {
        let mut starts: Vec<(u64, &str)> = Vec::new();
        for (at, unit) in self.started.iter().filter_map(|start| Some((start.at_us?, start.unit.as_str()))) {
            // One that is started again later begins nothing.
            if is_manager(unit) && !starts.iter().any(|(_, known)| *known == unit) {
                starts.push((at, unit));
            }
        }
        starts.sort_unstable();
        starts
    }

    /// The gaps of which a part lies in this time.
    fn gaps_between(&self, from: u64, to: u64) -> Vec<(&str, &SanGap)> {
        let end = |gap: &SanGap| gap.length_us.map_or(self.seen_us, |length| gap.from_us.saturating_add(length));
        self.gaps().filter(|(_, gap)| gap.from_us < to && end(gap) > from).collect()
    }

    fn sight(&self, from: u64, to: u64) -> Sight {
        if to <= self.begun_us {
            return Sight::None;
        }
        let missed = self.unseen.iter().any(|unseen| unseen.from_us < to && unseen.to_us > from);
        let known = !self.portals.is_empty() && self.portals.iter().all(|portal| portal.last.held.is_some());
        if missed || !known || self.has_more_gaps() { Sight::Part } else { Sight::Whole }
    }
}

fn is_manager(unit: &str) -> bool {
    Manager::ALL.iter().any(|manager| manager.services().contains(&unit))
        || UNREAD.contains(&unit)
        || TEMPLATES.iter().any(|template| unit.starts_with(template))
}
