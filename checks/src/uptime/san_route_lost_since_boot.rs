//! `san-route-lost-since-boot`

use crate::facts::{SanGap, TIMELINE, Timeline, seconds};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "san-route-lost-since-boot",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[],
    title: "the SAN route was lost for a time since the machine started",
    doc: Doc {
        finds: "The file of `isctpl watch --since-boot` (/run/isctpl/timeline.json, written by isctpl-watch.service) \
                tells of times since the machine started in which a portal was not reached through the SAN NIC. A gap \
                that began while the machine came up, or in the last day before the watch looked last, is a warning; \
                an older one is only told. Where no gap was seen and the watch has ended, or has not seen all, that is \
                unknown; where nobody watches, nothing is judged.",
        breaks: "The root's disk does not answer for as long. Up to the session's replacement timeout the kernel keeps \
                 the requests, later it fails them and the filesystem becomes read-only. What happens while the \
                 machine comes up happens at each start, and may take longer the next time.",
        fix: "The evidence names the kernel's message that took the route away, and the service that had been started \
               before it. Have that one leave the SAN NIC alone: see the checks of the link handover.",
        references: &["rtnetlink(7)", "isctpl-watch(8)"],
    },
    judge,
};

/// How many gaps are told one by one.
const TOLD: usize = 6;

/// What is older, in microseconds, is told and no warning.
const A_DAY: u64 = 86_400_000_000;

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let Some(timeline) = facts.network.timeline.needed()? else {
        return Err(Outcome::not_applicable("not checked: isctpl watch --since-boot does not run, so nobody saw it"));
    };
    if timeline.gaps().next().is_none() {
        return Ok(without_gap(timeline));
    }
    let up = timeline.up_from_us();
    let in_start = |gap: &SanGap| timeline.saw_the_start() && gap.from_us < up;
    let is_recent = |gap: &SanGap| timeline.seen_us.saturating_sub(gap.from_us) < A_DAY;
    let matters = timeline.gaps().any(|(_, gap)| in_start(gap) || is_recent(gap));
    let (count, without) = timeline.sums();
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    let when = if timeline.gaps().all(|(_, gap)| in_start(gap)) {
        "while the machine came up"
    } else {
        "since the machine started"
    };
    let mut summary = format!("the SAN route was lost {times} {when}");
    if without > 0 {
        summary.push_str(&format!(", {} in all", seconds(without)));
    }
    if timeline.gaps().any(|(_, gap)| gap.length_us.is_none()) {
        summary.push_str(", and was not back when the watch looked last");
    }
    let finding = if matters { Finding::warning(summary) } else { Finding::info(summary) };
    let evidence = timeline.gaps().take(TOLD).map(|(portal, gap)| Evidence::new(TIMELINE, told(timeline, portal, gap)));
    finding
        .evidences(evidence)
        .remedy(
            Remedy::new("Have what took the route away leave the SAN NIC alone; the watch's log has each message")
                .command(ShellCommand::new(&["journalctl", "-b", "-u", "isctpl-watch"]).on_machine()),
        )
        .into()
}

/// What it comes to that no gap was seen: a pass only where all was seen.
fn without_gap(timeline: &Timeline) -> Outcome {
    let since =
        format!("no gap in the SAN route was seen since {} after the kernel started", seconds(timeline.begun_us));
    if timeline.ended {
        return Outcome::unknown(format!("{since}, but the watch ended after {}", seconds(timeline.seen_us)));
    }
    if let Some(unseen) = timeline.unseen.first() {
        return Outcome::unknown(format!("{since}, but not all was seen: {}", unseen.why));
    }
    if timeline.portals.is_empty() || timeline.portals.iter().any(|portal| portal.last.held != Some(true)) {
        return Outcome::unknown(format!("{since}, but the kernel did not tell the way to every portal"));
    }
    let from = if timeline.saw_the_start() { "" } else { ", when its managers had started already" };
    Outcome::pass(format!("{since}{from}"))
}

fn told(timeline: &Timeline, portal: &str, gap: &SanGap) -> String {
    let mut text =
        format!("{portal} at {} {}: {}", seconds(gap.from_us), gap.length_in_words(timeline.seen_us), gap.how);
    if !gap.cause.is_empty() {
        text.push_str(&format!("; by: {}", gap.cause));
    }
    let before = |at: u64| at <= gap.from_us;
    let started =
        timeline.started.iter().filter(|start| start.at_us.is_some_and(before)).max_by_key(|start| start.at_us);
    if let Some((unit, at)) = started.and_then(|start| Some((&start.unit, start.at_us?)))
        && gap.from_us < timeline.up_from_us()
    {
        text.push_str(&format!("; {} after {unit} was started", seconds(gap.from_us - at)));
    }
    text
}
