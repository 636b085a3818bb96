//! What `isctpl watch --since-boot` has seen of the way to the SAN since the machine started.

use serde::{Deserialize, Serialize};

/// The file that the watch keeps and doctor reads. /run is carried over from the initramfs, and needs no disk.
pub const TIMELINE: &str = "/run/isctpl/timeline.json";

/// The form of that file.
pub const TIMELINE_SCHEMA: &str = "isctpl.timeline/v1";

/// The way to the portals since the machine started. All times are in microseconds since the kernel started
/// (`CLOCK_BOOTTIME`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeline {
    /// [`TIMELINE_SCHEMA`].
    pub schema: String,
    /// The boot that it is of: `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
    /// When the watch began.
    pub begun_us: u64,
    /// When it looked last.
    pub seen_us: u64,
    /// The same by the clock that stands still in suspend (`CLOCK_MONOTONIC`): by that it looks once a minute.
    pub seen_awake_us: u64,
    /// It has ended: what came after `seen_us` nobody saw.
    pub ended: bool,
    /// Times in which nobody watched, or messages of the kernel were lost. The last one may stand for several.
    pub unseen: Vec<Unseen>,
    /// The SAN NIC.
    pub nic: Option<String>,
    /// Each portal.
    pub portals: Vec<PortalTimeline>,
    /// The services that systemd started while the machine came up, in their order.
    pub started: Vec<UnitStart>,
}

/// A time in which nobody saw what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unseen {
    /// From when.
    pub from_us: u64,
    /// Until when.
    pub to_us: u64,
    /// Why.
    pub why: String,
}

/// The way to one portal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortalTimeline {
    /// The portal, with its port.
    pub portal: String,
    /// How it stood when the watch began: what the initramfs had left.
    pub first: Way,
    /// How it stood last.
    pub last: Way,
    /// How many gaps there were.
    pub gaps: u64,
    /// How long those took that are over.
    pub without_us: u64,
    /// The gaps: the first and the last ones where there were more.
    pub kept: Vec<SanGap>,
}

/// How a portal stood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Way {
    /// It was reached through the SAN NIC; `None` where the kernel did not say.
    pub held: Option<bool>,
    /// By which route, or why not.
    pub how: String,
}

/// A time without the SAN route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SanGap {
    /// When it began.
    pub from_us: u64,
    /// How long it took; `None` where the watch did not see its end.
    pub length_us: Option<u64>,
    /// Nobody saw its end, or its messages may have waited to be read: it took so long at most.
    pub at_most: bool,
    /// What took the packets instead.
    pub how: String,
    /// The kernel's message that made it; empty where it came without one.
    pub cause: String,
    /// What brought the route back.
    pub ended_by: String,
}

impl SanGap {
    /// How long it took, in words; `seen_us` is when the watch looked last.
    pub fn length_in_words(&self, seen_us: u64) -> String {
        match self.length_us {
            Some(length) if self.at_most => format!("for {} at most", seconds(length)),
            Some(length) => format!("for {}", seconds(length)),
            None => format!("until {} at least", seconds(seen_us)),
        }
    }
}

/// Microseconds as seconds: to the millisecond, and below one second to the microsecond.
pub fn seconds(micros: u64) -> String {
    match micros {
        0 => "0 s".to_owned(),
        1_000_000.. => format!("{}.{:03} s", micros / 1_000_000, micros % 1_000_000 / 1000),
        _ => format!("0.{micros:06} s"),
    }
}

/// A service that systemd started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitStart {
    /// Its name.
    pub unit: String,
    /// When; `None` for one that was started before the watch began.
    pub at_us: Option<u64>,
}
