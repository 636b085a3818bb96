//! How a run came out: for people, and for the project's record.

use anyhow::{Context, Result};
use comfy_table::{Cell, ContentArrangement, Row, Table};
use isctpl_lab::record::kept_rows;
use isctpl_lab::scenario::{Catalogue, Scenario};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A scenario that something was tried on.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// The scenario's name.
    pub(crate) scenario: String,
    /// Every disagreement; none is what everybody wants.
    pub(crate) disagreements: Vec<String>,
    /// When it was tried, RFC 3339, UTC.
    pub(crate) time: String,
    /// Where the logs are.
    #[serde(skip)]
    pub(crate) logs: PathBuf,
}

impl Tried {
    /// One that begins now, with nothing said against it yet.
    pub(crate) fn now(scenario: &Scenario, logs: &Path) -> Self {
        let time = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { scenario: scenario.name.clone(), disagreements: Vec::new(), time, logs: logs.to_owned() }
    }
}

/// How a scenario came out, whatever was tried on it.
pub(crate) trait Told: Serialize + DeserializeOwned + Send {
    /// The folder of the lab's cache that keeps the last of each scenario.
    const KEPT_IN: &str;
    /// The record in the lab's folder: its name, its title, and who writes it.
    const RECORD: [&str; 3];
    /// What the columns between the scenario and whether it agrees are called: for people, and in the record.
    const COLUMNS: (&[&str], &[&str]);

    /// What it is tried on.
    fn tried_on(catalogue: &Catalogue) -> Vec<&Scenario> {
        catalogue.scenarios().collect()
    }
    /// What was tried, and where it disagrees.
    fn tried(&self) -> &Tried;
    /// The columns for people.
    fn cells(&self) -> Vec<String>;
    /// The columns of the record.
    fn recorded(&self) -> Vec<String>;
    /// What all of them came to, in a sentence.
    fn sum(outcomes: &[&Self], scenarios: usize) -> String;
}

/// For people: a line a scenario.
pub(crate) fn table<T: Told>(outcomes: &[T]) -> String {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(100);
    }
    table.set_header([&["scenario"], T::COLUMNS.0, &["agrees"]].concat());
    for outcome in outcomes {
        let cells = std::iter::once(outcome.tried().scenario.to_owned()).chain(outcome.cells());
        let cells: Vec<Cell> = cells.chain([agrees(outcome).to_owned()]).map(Cell::new).collect();
        table.add_row(Row::from(cells));
    }
    let mut text = table.to_string();
    for outcome in outcomes.iter().filter(|outcome| !outcome.tried().disagreements.is_empty()) {
        let _ = write!(text, "\n\n{} disagrees ({}):", outcome.tried().scenario, outcome.tried().logs.display());
        for difference in &outcome.tried().disagreements {
            let _ = write!(text, "\n  {difference}");
        }
    }
    text
}

/// The record that the project keeps of how every scenario came out last. A scenario that was not tried on this machine
/// keeps its row.
///
/// # Errors
/// When it cannot be written, or the one that stands there cannot be read.
pub(crate) fn record<T: Told>(
    lab: &Path,
    outcomes: &[(&Scenario, Option<T>)],
    versions: &[(String, String)],
) -> Result<()> {
    let [name, title, writer] = T::RECORD;
    let mut text = format!(
        "# {title}\n\nWritten by `tests/lab/run {writer}`; not edited by hand. The times are when each was booted, UTC.\n\n"
    );
    text.push_str("| what | version |\n|---|---|\n");
    for (what, version) in versions {
        let _ = writeln!(text, "| {what} | {version} |");
    }
    let path = lab.join(name);
    let kept = match std::fs::read_to_string(&path) {
        Ok(before) => kept_rows(&before, T::COLUMNS.1.len() + 2),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error).with_context(|| format!("{}: cannot be read", path.display())),
    };
    let tried: Vec<&T> = outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref()).collect();
    let _ = write!(text, "\n{}", T::sum(&tried, outcomes.len()));
    let is_kept =
        |(scenario, outcome): &&(&Scenario, Option<T>)| outcome.is_none() && kept.contains_key(&scenario.name);
    match outcomes.iter().filter(is_kept).count() {
        0 => text.push_str("\n\n"),
        rows => {
            let _ = writeln!(text, " {rows} rows are as earlier runs left them, maybe with other versions.\n");
        }
    }
    let columns = [&["scenario", "made from"], T::COLUMNS.1, &["agrees", "when"]].concat();
    let _ = writeln!(text, "| {} |\n|{}", columns.join(" | "), "---|".repeat(columns.len()));
    for (scenario, outcome) in outcomes {
        let title = scenario.title.replace('|', "\\|");
        let _ = write!(text, "| `{}`: {title} | {} | ", scenario.name, scenario.from);
        let cells = match outcome {
            Some(outcome) => {
                let more = [agrees(outcome).to_owned(), outcome.tried().time.to_owned()];
                outcome.recorded().into_iter().map(|cell| cell.replace('|', "\\|")).chain(more).collect()
            }
            None => match kept.get(&scenario.name) {
                Some(cells) => vec![cells.clone()],
                None => vec!["-".to_owned(); T::COLUMNS.1.len() + 2],
            },
        };
        let _ = writeln!(text, "{} |", cells.join(" | "));
    }
    std::fs::write(&path, text).with_context(|| format!("{}: cannot be written", path.display()))
}

fn agrees<T: Told>(outcome: &T) -> &'static str {
    if outcome.tried().disagreements.is_empty() { "yes" } else { "NO" }
}
