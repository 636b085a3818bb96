//! The SAN route since the machine started: a line a phase, what was seen beside what the chain foretells.

use super::style::{BAD, GOOD, Style, paint, status_word};
use super::{Report, columns};
use isctpl_checks::facts::{SanGap, Timeline, Unseen, seconds};
use isctpl_checks::{Link, LinkStatus, Phase, Sight};
use serde::Serialize;

/// What a phase saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen<'a> {
    /// The phase.
    pub(super) phase: Phase<'a>,
    /// `held`, `lost`, or that nobody watched.
    pub(super) word: &'static str,
    /// The rest of the sentence.
    pub(super) text: String,
    /// What the checks of the phase's link come to; `None` where they were not made.
    pub(super) foretold: Option<LinkStatus>,
}

/// The timeline that the report has, if there is one.
pub(super) fn of<'a>(report: &Report<'a>) -> Option<&'a Timeline> {
    report.facts.network.timeline.known()?.as_ref()
}

/// Each phase with what was seen in it.
pub(super) fn phases<'a>(report: &Report<'a>) -> Vec<Seen<'a>> {
    let Some(timeline) = of(report) else { return Vec::new() };
    let status = |phase: &Phase<'_>| {
        let link = report.judgement.chain.iter().find(|link| link.link == phase.link)?;
        // How the machine stands now is no forecast of how it stood before.
        Some(link.status).filter(|status| link.link != Link::Uptime && *status != LinkStatus::NotApplicable)
    };
    let phases = timeline.phases().into_iter();
    phases
        .map(|phase| {
            let (word, text) = seen(timeline, &phase);
            Seen { word, text, foretold: status(&phase), phase }
        })
        .collect()
}

fn seen(timeline: &Timeline, phase: &Phase<'_>) -> (&'static str, String) {
    if phase.sight == Sight::None {
        let left = timeline.portals.iter().map(|portal| format!("{}: {}", portal.portal, portal.first.how));
        let left = format!("it left {}", left.collect::<Vec<_>>().join("; "));
        return ("not watched", if timeline.saw_the_start() { left } else { String::new() });
    }
    let Some((portal, longest)) = phase.gaps.iter().max_by_key(|(_, gap)| gap.length_us.unwrap_or(u64::MAX)) else {
        return match phase.sight {
            Sight::Whole if timeline.ended && phase.to_us == timeline.seen_us => {
                ("held", format!("until {}, when the watch ended", seconds(phase.to_us)))
            }
            Sight::Whole => ("held", String::new()),
            Sight::Part | Sight::None => ("not all seen", "no gap among what was seen".to_owned()),
        };
    };
    let at_least = if timeline.has_more_gaps() { "at least " } else { "" };
    let times = match phase.gaps.len() {
        1 => "once".to_owned(),
        count => format!("{at_least}{count} times, the longest time"),
    };
    ("lost", format!("{times} {}; {portal}: {}", longest.length_in_words(timeline.seen_us), why(longest)))
}

fn why(gap: &SanGap) -> String {
    if gap.cause.is_empty() { gap.how.clone() } else { format!("{}, then {}", gap.cause, gap.how) }
}

/// The lines for people; nothing where nobody watched.
pub(super) fn text(report: &Report<'_>, style: &Style) -> String {
    let phases = phases(report);
    if phases.is_empty() {
        return String::new();
    }
    let row = |seen: &Seen<'_>| {
        let foretold = seen.foretold.map(|status| format!(" [{}: {}]", seen.phase.link, status_word(status)));
        let text = if seen.text.is_empty() { seen.word.to_owned() } else { format!("{}: {}", seen.word, seen.text) };
        vec![
            format!("  {}", seen.phase.name),
            format!("from {}", seconds(seen.phase.from_us)),
            text + &foretold.unwrap_or_default(),
        ]
    };
    let rows = columns::rows(&phases.iter().map(row).collect::<Vec<_>>(), style);
    let painted = rows.into_iter().zip(&phases).map(|(row, seen)| match seen.word {
        "held" => row.replacen("  held", &format!("  {}", paint(GOOD, "held")), 1),
        "lost" => row.replacen("  lost", &format!("  {}", paint(BAD, "lost")), 1),
        _ => row,
    });
    let head =
        style.wrap("The SAN route since the kernel started, as isctpl watch saw it [and what foretells it]:", "", "  ");
    format!("\n{head}{}", painted.collect::<String>())
}

/// The timeline as programs read it.
#[derive(Serialize)]
pub(super) struct TimelineV1<'a> {
    begun_us: u64,
    seen_us: u64,
    ended: bool,
    unseen: &'a [Unseen],
    phases: Vec<PhaseV1<'a>>,
}

#[derive(Serialize)]
struct PhaseV1<'a> {
    name: &'a str,
    from_us: u64,
    to_us: u64,
    watched: bool,
    whole: bool,
    link: &'static str,
    gaps: Vec<GapV1<'a>>,
}

#[derive(Serialize)]
struct GapV1<'a> {
    portal: &'a str,
    from_us: u64,
    length_us: Option<u64>,
    at_most: bool,
    answer: &'a str,
    cause: &'a str,
}

/// The timeline of a report.
pub(super) fn json<'a>(report: &Report<'a>) -> Option<TimelineV1<'a>> {
    let timeline = of(report)?;
    let gap = |(portal, gap): (&'a str, &'a SanGap)| GapV1 {
        portal,
        from_us: gap.from_us,
        length_us: gap.length_us,
        at_most: gap.at_most,
        answer: &gap.how,
        cause: &gap.cause,
    };
    let phase = |phase: Phase<'a>| PhaseV1 {
        name: phase.name,
        from_us: phase.from_us,
        to_us: phase.to_us,
        watched: phase.sight != Sight::None,
        whole: phase.sight == Sight::Whole,
        link: phase.link.name(),
        gaps: phase.gaps.into_iter().map(gap).collect(),
    };
    Some(TimelineV1 {
        begun_us: timeline.begun_us,
        seen_us: timeline.seen_us,
        ended: timeline.ended,
        unseen: &timeline.unseen,
        phases: timeline.phases().into_iter().map(phase).collect(),
    })
}
