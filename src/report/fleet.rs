//! Many snapshots: a line each, and what they come to together.

use super::json::json_line;
use super::junit;
use super::nagios::{first_line, one_line, state};
use super::style::{DOUBTFUL, STRONG, of_boot, paint};
use super::{FailOn, Report, Stand, Status, rank};
use crate::formats::text::printable;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use isctpl_checks::facts::Facts;
use isctpl_checks::{BootVerdict, Judgement, Selection, Severity};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The width of the word that a line begins with: `AT RISK at handover` and a space.
const WORD: usize = 20;

/// How many files are named for one finding.
const NAMED: usize = 5;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineFormat {
    /// For people.
    Table,
    /// `isctpl.doctor/v1`, one object a line.
    Json,
    /// A suite of JUnit's.
    Junit,
    /// None: the end says it all.
    None,
}

/// One snapshot that was judged, or could not be.
#[derive(Debug)]
pub(crate) struct Judged {
    name: String,
    /// What is printed of it at once.
    pub line: String,
    boot: Option<BootVerdict>,
    because: String,
    code: u8,
    findings: Vec<(Severity, &'static str)>,
    ignores: Vec<Stand>,
}

impl Judged {
    /// What a snapshot's report comes to.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which no fact can bring about.
    pub(crate) fn of(report: &Report<'_>, format: LineFormat) -> serde_json::Result<Self> {
        let judgement = report.judgement;
        let mut findings: Vec<_> =
            judgement.findings().into_iter().map(|(check, finding)| (finding.severity, check.id)).collect();
        findings.dedup();
        let name = report.snapshot.unwrap_or_default().to_owned();
        let line = match format {
            LineFormat::Table => table_line(&name, report),
            LineFormat::Json => json_line(report, None)?,
            LineFormat::Junit => junit::junit_of_many(report),
            LineFormat::None => String::new(),
        };
        let because = judgement.verdict.because.clone();
        // That an ignore matches nothing is told at the end, when it matched nowhere.
        let code = report.fail_on.applied_to(judgement.exit_code());
        Ok(Self {
            name,
            line,
            boot: Some(judgement.verdict.boot),
            because,
            code,
            findings,
            ignores: report.ignores.to_vec(),
        })
    }

    /// A snapshot that could not be judged, and why.
    ///
    /// # Errors
    /// As [`Judged::of`].
    pub(crate) fn unreadable(
        name: &str,
        why: &str,
        facts: &Facts,
        selection: &Selection,
        format: LineFormat,
    ) -> serde_json::Result<Self> {
        let line = match format {
            LineFormat::Table => line_of("unreadable", DOUBTFUL, name, why),
            LineFormat::Json => {
                let judgement = Judgement::of_nothing(selection, why);
                let report = Report {
                    facts,
                    judgement: &judgement,
                    snapshot: Some(name),
                    ignores: &[],
                    fail_on: FailOn::Warning,
                };
                json_line(&report, Some(why))?
            }
            LineFormat::Junit => junit::junit_unreadable(name, why),
            LineFormat::None => String::new(),
        };
        Ok(Self {
            name: name.to_owned(),
            line,
            boot: None,
            because: why.to_owned(),
            code: 3,
            findings: Vec::new(),
            ignores: Vec::new(),
        })
    }
}

/// `FAILS at login      web1.snapshot (web1): no module ...`
fn table_line(name: &str, report: &Report<'_>) -> String {
    let verdict = &report.judgement.verdict;
    let mut word = match verdict.boot {
        BootVerdict::Unknown if report.judgement.partial => "PARTIAL",
        BootVerdict::Boots => "BOOTS",
        BootVerdict::Fails => "FAILS",
        BootVerdict::AtRisk => "AT RISK",
        BootVerdict::Unknown => "UNKNOWN",
    }
    .to_owned();
    if let Some(link) = verdict.broken_link {
        let _ = write!(word, " at {link}");
    }
    let name = match &report.facts.scope.hostname {
        Some(host) => format!("{name} ({host})"),
        None => name.to_owned(),
    };
    let because = match (verdict.boot, report.counts()) {
        (BootVerdict::Boots, counts) if counts.warning == 0 => String::new(),
        (BootVerdict::Boots, counts) => {
            format!("{} warning{}", counts.warning, if counts.warning == 1 { "" } else { "s" })
        }
        _ => verdict.because.clone(),
    };
    line_of(&word, of_boot(verdict.boot), &name, &because)
}

fn line_of(word: &str, colour: anstyle::Style, name: &str, because: &str) -> String {
    let colon = if because.is_empty() { "" } else { ": " };
    let gap = " ".repeat(WORD.saturating_sub(word.len()).max(1));
    format!("{}{gap}{}{colon}{}\n", paint(colour, word), printable::line(name), printable::line(because))
}

/// How many snapshots have a finding, and the names of the first of them.
type Holders = (usize, Vec<String>);

/// What many snapshots come to together.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    judged: usize,
    verdicts: BTreeMap<&'static str, usize>,
    findings: BTreeMap<(Severity, &'static str), Holders>,
    /// The first of the worst.
    first: Option<(u8, String)>,
    worst: u8,
    /// Each ignore as it stands at best.
    ignores: Vec<Stand>,
}

/// The kinds of answers, worst first.
const ANSWERS: [&str; 5] = ["fails", "at-risk", "unknown", "unreadable", "boots"];

/// Rows that end in a number, at whatever width they need.
fn counted(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled).add_rows(rows);
    if let Some(numbers) = table.column_iter_mut().last() {
        numbers.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().fold(String::new(), |text, line| text + "  " + line.trim() + "\n")
}

impl Fleet {
    /// Counts one more.
    pub(crate) fn add(&mut self, judged: Judged) {
        self.add_ignores(judged.ignores);
        self.judged += 1;
        *self.verdicts.entry(judged.boot.map_or("unreadable", BootVerdict::name)).or_default() += 1;
        for (severity, check) in judged.findings {
            let (count, names) = self.findings.entry((severity, check)).or_default();
            *count += 1;
            if names.len() < NAMED {
                names.push(judged.name.clone());
            }
        }
        if judged.code != 0 && self.first.as_ref().is_none_or(|(code, _)| rank(judged.code) > rank(*code)) {
            self.first = Some((judged.code, format!("{}: {}", judged.name, judged.because)));
        }
        if rank(judged.code) > rank(self.worst) {
            self.worst = judged.code;
        }
    }

    /// How the run ends: as the worst of all.
    pub(crate) fn exit_code(&self, fail_on: FailOn) -> u8 {
        match self.worst {
            0 if !self.complaints().is_empty() => fail_on.applied_to(1),
            worst => worst,
        }
    }

    /// An ignore that matched anywhere is not stale.
    fn add_ignores(&mut self, ignores: Vec<Stand>) {
        if self.ignores.is_empty() {
            self.ignores = ignores;
            return;
        }
        for (known, new) in self.ignores.iter_mut().zip(ignores) {
            let better =
                matches!((known.status, new.status), (Status::NotJudged, _) | (Status::Unmatched, Status::Applied));
            if better {
                *known = new;
            }
        }
    }

    /// What is wrong with the operator's ignores.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.ignores.iter().filter_map(Stand::complaint).collect()
    }

    fn count(&self, answer: &str) -> usize {
        self.verdicts.get(answer).copied().unwrap_or_default()
    }

    /// The findings, worst first, and of those the most frequent.
    fn findings(&self) -> Vec<(Severity, &'static str, usize, &[String])> {
        let mut findings: Vec<_> = self
            .findings
            .iter()
            .map(|((severity, check), (count, names))| (*severity, *check, *count, names.as_slice()))
            .collect();
        findings.sort_by_key(|(severity, _, count, _)| std::cmp::Reverse((*severity, *count)));
        findings
    }

    /// The table at the end: by verdict, and by finding.
    pub(crate) fn table(&self) -> String {
        let mut text = format!("\n{}\n", paint(STRONG, &format!("{} snapshots", self.judged)));
        let verdicts = ANSWERS.iter().filter(|answer| self.count(answer) > 0);
        text.push_str(&counted(verdicts.map(|answer| vec![(*answer).to_owned(), self.count(answer).to_string()])));
        let findings = self.findings();
        if !findings.is_empty() {
            let _ = writeln!(text, "\n{}", paint(STRONG, "snapshots by finding"));
            text.push_str(&counted(findings.iter().map(|(severity, check, count, _)| {
                vec![(*check).to_owned(), severity.name().to_owned(), count.to_string()]
            })));
        }
        for complaint in self.complaints() {
            let _ = writeln!(text, "\nwarning {}", printable::line(&complaint));
        }
        text
    }

    /// As a monitoring plugin prints it.
    pub(crate) fn nagios(&self, code: u8) -> String {
        let mut reason = self.tally();
        if let Some((_, first)) = &self.first {
            let _ = write!(reason, "; first: {first}");
        }
        let mut text = first_line(state(code), &reason);
        let _ = writeln!(
            text,
            " | fails={};;0 at_risk={};;0 unknown={} unreadable={} boots={}",
            self.count("fails"),
            self.count("at-risk"),
            self.count("unknown"),
            self.count("unreadable"),
            self.count("boots")
        );
        for (severity, check, count, names) in self.findings() {
            let more = if count > names.len() { ", ..." } else { "" };
            let _ = writeln!(text, "{severity} {check}: {count} snapshots: {}{more}", one_line(&names.join(", ")));
        }
        for complaint in self.complaints() {
            let _ = writeln!(text, "warning {}", one_line(&complaint));
        }
        text
    }

    /// What ends JUnit's document.
    pub(crate) fn junit_end(&self, fail_on: FailOn) -> String {
        junit::junit_of_complaints(self.complaints().into_iter(), fail_on) + junit::END
    }

    /// `10 snapshots: 2 fail, 8 boot`
    fn tally(&self) -> String {
        let counts: Vec<String> = ANSWERS
            .iter()
            .filter(|answer| self.count(answer) > 0)
            .map(|answer| format!("{} {answer}", self.count(answer)))
            .collect();
        format!("{} snapshots: {}", self.judged, counts.join(", "))
    }

    /// As metrics: how many snapshots by verdict and by finding.
    pub(crate) fn prometheus(&self) -> String {
        let mut text = String::new();
        super::prometheus::head(&mut text, "isctpl_snapshots", "Snapshots that were judged, by verdict.");
        for answer in ANSWERS {
            let _ = writeln!(text, "isctpl_snapshots{{verdict=\"{answer}\"}} {}", self.count(answer));
        }
        super::prometheus::head(&mut text, "isctpl_snapshots_with_finding", "Snapshots with this finding.");
        for (severity, check, count, _) in self.findings() {
            let labels = format!("check=\"{check}\",severity=\"{severity}\"");
            let _ = writeln!(text, "isctpl_snapshots_with_finding{{{labels}}} {count}");
        }
        text
    }
}
