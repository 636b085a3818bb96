//! The time since the machine started, in phases: what the SAN route did in each, beside the link that foretells it.

use crate::Link;
use crate::facts::{PortalTimeline, SanGap, Timeline};

/// The services that configure interfaces: each begins a phase.
const MANAGERS: [&str; 10] = [
    "networking.service",
    "NetworkManager.service",
    "systemd-networkd.service",
    "network.service",
    "dhcpcd.service",
    "wicked.service",
    "wickedd-nanny.service",
    "cloud-init-local.service",
    "cloud-init.service",
    "connman.service",
];

/// Instances of templates that do so.
const TEMPLATES: [&str; 3] = ["ifup@", "dhcpcd@", "dhclient@"];

/// It starts when the network is up and people may log in (systemd-user-sessions.service(8)).
const MACHINE_IS_UP: &str = "systemd-user-sessions.service";

/// How long a manager may take where nothing tells that the machine is up.
const A_START: u64 = 60_000_000;

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
    /// The gaps that began in it, with their portals.
    pub gaps: Vec<(&'a str, &'a SanGap)>,
    /// Whether anybody watched.
    pub watched: bool,
}

impl Timeline {
    /// The phases: the initramfs, then from each start of a network manager to the next, then the machine that is up.
    pub fn phases(&self) -> Vec<Phase<'_>> {
        let mut starts: Vec<(u64, &str)> = Vec::new();
        for (at, unit) in self.started.iter().filter_map(|start| Some((start.at_us?, start.unit.as_str()))) {
            // One that is started again later begins nothing.
            if is_manager(unit) && !starts.iter().any(|(_, known)| *known == unit) {
                starts.push((at, unit));
            }
        }
        starts.sort_unstable();
        let last_manager = starts.last().map_or(self.begun_us, |(at, _)| *at);
        let said = self.started.iter().find(|start| start.unit == MACHINE_IS_UP).and_then(|start| start.at_us);
        let up = said.filter(|at| *at >= last_manager).unwrap_or(last_manager.saturating_add(A_START));
        let mut bounds = vec![(0, "initramfs", Link::Login), (self.begun_us, "start of the root", Link::Handover)];
        bounds.extend(starts.into_iter().map(|(at, unit)| (at, unit, Link::Handover)));
        bounds.push((up, "machine is up", Link::Uptime));
        let ends = bounds.iter().skip(1).map(|(at, ..)| *at).chain([u64::MAX]).collect::<Vec<_>>();
        let phases = bounds.into_iter().zip(ends).map(|((from, name, link), end)| Phase {
            name,
            from_us: from,
            to_us: end.min(self.seen_us).max(from),
            link,
            gaps: self.gaps_between(from, end),
            watched: from >= self.begun_us,
        });
        // What had no time to happen in tells nothing.
        phases.filter(|phase| phase.to_us > phase.from_us).collect()
    }

    /// The last phase of the machine's start: what went wrong until then goes wrong at each start.
    pub fn up_from_us(&self) -> u64 {
        self.phases().into_iter().find(|phase| phase.link == Link::Uptime).map_or(self.seen_us, |phase| phase.from_us)
    }

    /// How many gaps there were, and how long those took that are over, in microseconds.
    pub fn sums(&self) -> (u64, u64) {
        let add = |(gaps, without): (u64, u64), portal: &PortalTimeline| {
            (gaps.saturating_add(portal.gaps), without.saturating_add(portal.without_us))
        };
        self.portals.iter().fold((0, 0), add)
    }

    fn gaps_between(&self, from: u64, to: u64) -> Vec<(&str, &SanGap)> {
        self.portals
            .iter()
            .flat_map(|portal| portal.kept.iter().map(|gap| (portal.portal.as_str(), gap)))
            .filter(|(_, gap)| (from..to).contains(&gap.from_us))
            .collect()
    }
}

fn is_manager(unit: &str) -> bool {
    MANAGERS.contains(&unit) || TEMPLATES.iter().any(|template| unit.starts_with(template))
}

/// Microseconds as seconds to the millisecond, or to the microsecond below one second.
pub fn seconds(micros: u64) -> String {
    match micros {
        0 => "0 s".to_owned(),
        1_000_000.. => format!("{}.{:03} s", micros / 1_000_000, micros % 1_000_000 / 1000),
        _ => format!("0.{micros:06} s"),
    }
}
