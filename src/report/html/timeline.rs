//! The SAN route since the machine started, as a picture: a bar a phase, with each gap at its place.

use super::classes::of_status;
use crate::report::Report;
use crate::report::markup::text;
use crate::report::style::status_word;
use crate::report::timeline::{Seen, phases};
use isctpl_checks::Sight;
use isctpl_checks::facts::seconds;
use std::fmt::Write;

pub(super) fn section(page: &mut String, report: &Report<'_>) {
    let phases = phases(report);
    if phases.is_empty() {
        return;
    }
    page.push_str("<section>\n<h2>The SAN route since the kernel started</h2>\n<ol class=\"time\">\n");
    for seen in &phases {
        one(page, seen);
    }
    page.push_str("</ol>\n<p class=\"faint\">Each bar is a phase, whatever its length; the red parts are gaps.</p>\n");
    page.push_str("</section>\n");
}

fn one(page: &mut String, seen: &Seen<'_>) {
    let phase = &seen.phase;
    let class = match phase.sight {
        Sight::Whole => "good",
        Sight::Part => "doubt",
        Sight::None => "faint unwatched",
    };
    let _ = write!(page, "<li class=\"{class}\"><b>{}</b><div class=\"bar\">", text(phase.name));
    for (_, gap) in &phase.gaps {
        let end = gap.length_us.map_or(phase.to_us, |length| gap.from_us.saturating_add(length));
        let (from, to) = (percent(phase.from_us, phase.to_us, gap.from_us), percent(phase.from_us, phase.to_us, end));
        let _ = write!(page, "<i style=\"left:{from:.2}%;width:{:.2}%\"></i>", to - from);
    }
    let from = seconds(phase.from_us);
    let _ = write!(page, "</div><p class=\"faint\">from {from} to {}</p>", seconds(phase.to_us));
    let said = if seen.text.is_empty() { seen.word.to_owned() } else { format!("{}: {}", seen.word, seen.text) };
    let _ = write!(page, "<p>{}</p>", text(&said));
    if let Some(status) = seen.foretold {
        let (class, word) = (of_status(status), status_word(status));
        let _ = write!(page, "<p>foretold: <b class=\"{class}\">{} {word}</b></p>", phase.link);
    }
    page.push_str("</li>\n");
}

/// How far a time is from one end to the other.
fn percent(from: u64, to: u64, at: u64) -> f64 {
    let whole = to.saturating_sub(from).max(1);
    let part = at.saturating_sub(from).min(whole);
    // A share of a picture's width.
    #[allow(clippy::cast_precision_loss)]
    let share = part as f64 / whole as f64;
    share * 100.0
}
