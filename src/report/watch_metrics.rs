//! What `isctpl watch` has seen, as metrics: text exposition (version 0.0.4) for node_exporter's textfile collector.

use super::watch::decimal;
use crate::watch::{Record, Stand, What};
use isctpl_checks::facts::Session;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// The sums since the watch began. Every series is there from the beginning: an absent one would hide a failure.
#[derive(Debug, Default)]
pub(crate) struct WatchMetrics {
    /// Whether each portal is reached through the SAN NIC.
    present: BTreeMap<String, bool>,
    gaps: u64,
    without: Duration,
    last_gap: Duration,
    last_gap_micros: i64,
    resyncs: u64,
    restored: u64,
    /// How each session stands.
    sessions: BTreeMap<String, String>,
    session_failures: u64,
    stopped: bool,
}

impl WatchMetrics {
    /// Takes in what happened.
    pub(crate) fn take(&mut self, record: &Record) {
        match &record.what {
            What::Start { portals, .. } => {
                for (flow, stand) in portals {
                    let is_gap = stand.is_gap();
                    self.present.insert(flow.portal().to_string(), matches!(stand, Stand::Held(_)));
                    self.gaps += u64::from(is_gap);
                    if is_gap {
                        self.last_gap_micros = record.epoch_micros;
                    }
                }
            }
            What::Gap { portal, .. } => {
                self.present.insert(portal.to_string(), false);
                self.gaps += 1;
                self.last_gap_micros = record.epoch_micros;
            }
            What::GapEnd { portal, length, .. } => {
                self.present.insert(portal.to_string(), true);
                self.without += *length;
                self.last_gap = *length;
            }
            What::Resync { .. } => self.resyncs += 1,
            What::Restored { .. } => self.restored += 1,
            What::Stop { .. } => self.stopped = true,
            What::Session { name, state, was, .. } => {
                let worked = was.as_ref().is_some_and(|(was, _)| was == Session::LOGGED_IN);
                self.session_failures += u64::from(worked);
                match state {
                    Some(state) => self.sessions.insert(name.clone(), state.clone()),
                    None => self.sessions.remove(name),
                };
            }
            What::Change { .. }
            | What::NotRestored { .. }
            | What::UnitStart { .. }
            | What::StoodStill { .. }
            | What::NotFollowed { .. } => {}
        }
    }

    /// As it stands.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        let build = "isctpl_watch_build_info";
        head(&mut text, build, "gauge", "The isctpl that watches; always 1.");
        let _ = writeln!(text, "{build}{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
        let present = "isctpl_watch_route_present";
        head(&mut text, present, "gauge", "1 while the portal is reached through the SAN NIC.");
        for (portal, is_present) in &self.present {
            let _ = writeln!(text, "{present}{{portal=\"{portal}\"}} {}", u8::from(*is_present));
        }
        let sessions = "isctpl_watch_sessions";
        head(&mut text, sessions, "gauge", "iSCSI sessions by state; all 0 where they cannot be followed.");
        for state in [Session::LOGGED_IN, "FAILED", "FREE"] {
            let count = self.sessions.values().filter(|known| *known == state).count();
            let _ = writeln!(text, "{sessions}{{state=\"{}\"}} {count}", state.to_ascii_lowercase());
        }
        let last = Duration::from_micros(u64::try_from(self.last_gap_micros).unwrap_or_default());
        for (name, kind, help, value) in [
            ("running", "gauge", "1 until the watch is stopped.", u8::from(!self.stopped).to_string()),
            ("gaps_total", "counter", "Gaps that began since the watch did.", self.gaps.to_string()),
            ("without_route_seconds_total", "counter", "How long gaps that ended took.", decimal(self.without)),
            (
                "last_gap_seconds",
                "gauge",
                "How long the last gap took that ended; 0 without one.",
                decimal(self.last_gap),
            ),
            ("last_gap_timestamp_seconds", "gauge", "When the last gap began; 0 without one.", decimal(last)),
            (
                "session_failures_total",
                "counter",
                "How often a session stopped working since the watch began.",
                self.session_failures.to_string(),
            ),
            ("resyncs_total", "counter", "How often messages of the kernel were lost.", self.resyncs.to_string()),
            ("routes_restored_total", "counter", "Routes that --keep-route has put back.", self.restored.to_string()),
        ] {
            let name = format!("isctpl_watch_{name}");
            head(&mut text, &name, kind, help);
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }
}
