//! How a run came out: for people, for programs, and for the project's record.

use crate::trial::Outcome;
use anyhow::{Context, Result};
use comfy_table::{Cell, ContentArrangement, Row, Table};
use isctpl_lab::scenario::Scenario;
use std::fmt::Write as _;
use std::path::Path;

/// For people: a line a scenario.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(100);
    }
    table.set_header(["scenario", "said before", "what happened", "agrees"]);
    for outcome in outcomes {
        let happened = outcome.happened.as_ref().map_or("not booted", |happened| &happened.summary);
        let said = match &outcome.injected {
            Some(injected) => format!("{}, then {injected}", outcome.predicted),
            None => outcome.predicted.clone(),
        };
        let agrees = if outcome.disagreements.is_empty() { "yes".to_owned() } else { "NO".to_owned() };
        table.add_row(Row::from([
            Cell::new(&outcome.scenario),
            Cell::new(said),
            Cell::new(happened),
            Cell::new(agrees),
        ]));
    }
    let mut text = table.to_string();
    for outcome in outcomes.iter().filter(|outcome| !outcome.disagreements.is_empty()) {
        let _ = write!(text, "\n\n{} disagrees ({}):", outcome.scenario, outcome.logs.display());
        for difference in &outcome.disagreements {
            let _ = write!(text, "\n  {difference}");
        }
    }
    text
}

/// The record that the project keeps of every scenario's last boot.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn record(
    path: &Path,
    outcomes: &[(&Scenario, Option<Outcome>)],
    versions: &[(String, String)],
) -> Result<()> {
    let mut text =
        "# How every scenario came out\n\nWritten by `tests/lab/run --record`; not edited by hand. The times \
                    are when each was booted, UTC.\n\n"
            .to_owned();
    text.push_str("| what | version |\n|---|---|\n");
    for (what, version) in versions {
        let _ = writeln!(text, "| {what} | {version} |");
    }
    let booted: Vec<&Outcome> = outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref()).collect();
    let agreed = booted.iter().filter(|outcome| outcome.disagreements.is_empty()).count();
    let _ = writeln!(
        text,
        "\n{} scenarios: {} were booted, {agreed} of them did what doctor had said.\n",
        outcomes.len(),
        booted.len()
    );
    text.push_str(
        "| scenario | made from | said before the boot | what happened | said in the instance | agrees | when |\n",
    );
    text.push_str("|---|---|---|---|---|---|---|\n");
    for (scenario, outcome) in outcomes {
        let told = match outcome {
            Some(outcome) => row(outcome),
            None => "- | not booted yet | - | - | -".to_owned(),
        };
        let title = scenario.title.replace('|', "\\|");
        let _ = writeln!(text, "| `{}`: {title} | {} | {told} |", scenario.name, scenario.from);
    }
    std::fs::write(path, text).with_context(|| format!("{}: cannot be written", path.display()))
}

/// What was said and what happened, as cells.
fn row(outcome: &Outcome) -> String {
    let happened = outcome.happened.as_ref().map_or("not booted", |happened| &happened.summary);
    let inside = match (&outcome.live, &outcome.injected) {
        (Some(live), Some(injected)) => format!("{live}; after the injection {injected}"),
        (Some(live), None) => live.clone(),
        (None, _) => "-".to_owned(),
    };
    let agrees = if outcome.disagreements.is_empty() { "yes" } else { "NO" };
    let happened = happened.replace('|', "\\|");
    format!("{} | {happened} | {inside} | {agrees} | {}", outcome.predicted, outcome.time)
}
