//! `isctpl.doctor/v1`: what programs read. These structs are frozen; fields are only ever added.

use super::Report;
use super::timeline::{self, TimelineV1};
use crate::formats::text::printable;
use isctpl_checks::{Check, CheckResult, Evidence, Finding, Outcome, RunsIn};
use serde::Serialize;

/// The schema's name.
pub(crate) const SCHEMA: &str = "isctpl.doctor/v1";

/// What to do about a check that could not be made.
const UNKNOWN_REMEDY: &str = "Give isctpl what it could not read: run it as root, mount what is missing, or name it \
                              by an option; then judge again.";

#[derive(Serialize)]
struct Doctor<'a> {
    schema: &'static str,
    tool: Tool,
    time: &'a str,
    root: &'a str,
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'a str>,
    verdict: VerdictV1<'a>,
    chain: Vec<LinkV1<'a>>,
    findings: Vec<FindingV1<'a>>,
    checks: Vec<CheckV1<'a>>,
    counts: CountsV1,
    problems: Vec<ProblemV1<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignores: Vec<IgnoreV1<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<TimelineV1<'a>>,
}

/// What `isctpl.toml` takes out of account.
#[derive(Serialize)]
struct IgnoreV1<'a> {
    check: &'a str,
    reason: &'a str,
    until: String,
    at: &'a str,
    status: &'static str,
    summaries: &'a [String],
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct VerdictV1<'a> {
    boot: &'static str,
    broken_link: Option<&'static str>,
    because: &'a str,
    checks: &'a [&'static str],
}

#[derive(Serialize)]
struct LinkV1<'a> {
    link: &'static str,
    status: &'static str,
    summary: &'a str,
}

#[derive(Serialize)]
struct FindingV1<'a> {
    check: &'static str,
    link: &'static str,
    status: &'static str,
    severity: &'static str,
    summary: &'a str,
    evidence: Vec<EvidenceV1<'a>>,
    remedy: RemedyV1<'a>,
}

#[derive(Serialize)]
struct EvidenceV1<'a> {
    source: &'a str,
    excerpt: &'a str,
}

#[derive(Serialize)]
struct RemedyV1<'a> {
    text: &'a str,
    commands: Vec<String>,
    runs_in: &'static str,
    fixed_by: Option<String>,
}

#[derive(Serialize)]
struct CheckV1<'a> {
    check: &'static str,
    link: &'static str,
    outcome: &'static str,
    reason: &'a str,
}

/// Something that could not be read or understood, whether or not a check asked for it.
#[derive(Serialize)]
struct ProblemV1<'a> {
    place: &'a str,
    what: &'a str,
}

#[derive(Serialize)]
struct CountsV1 {
    critical: usize,
    warning: usize,
    info: usize,
    unknown: usize,
    pass: usize,
    not_applicable: usize,
}

/// The report as one JSON object.
///
/// # Errors
/// When it cannot be written as JSON, which no fact can bring about.
pub(crate) fn json(report: &Report<'_>) -> serde_json::Result<String> {
    written(&doctor(report, None))
}

/// The report as one line of JSON; `unreadable` says why there were no facts to judge.
///
/// # Errors
/// As [`json`].
pub(super) fn json_line(report: &Report<'_>, unreadable: Option<&str>) -> serde_json::Result<String> {
    let mut line = printable::json(&serde_json::to_string(&doctor(report, unreadable))?).into_owned();
    line.push('\n');
    Ok(line)
}

fn doctor<'a>(report: &'a Report<'a>, unreadable: Option<&'a str>) -> Doctor<'a> {
    let judgement = report.judgement;
    let counts = report.counts();
    let unknowns = judgement.results.iter().filter_map(unknown_finding);
    Doctor {
        schema: SCHEMA,
        tool: Tool { name: "isctpl", version: env!("CARGO_PKG_VERSION") },
        time: &report.facts.scope.time,
        root: &report.facts.scope.root,
        mode: report.mode(),
        snapshot: report.snapshot,
        unreadable,
        verdict: VerdictV1 {
            boot: judgement.verdict.boot.name(),
            broken_link: judgement.verdict.broken_link.map(isctpl_checks::Link::name),
            because: &judgement.verdict.because,
            checks: &judgement.verdict.checks,
        },
        chain: judgement
            .chain
            .iter()
            .map(|link| LinkV1 { link: link.link.name(), status: link.status.name(), summary: &link.summary })
            .collect(),
        findings: judgement
            .findings()
            .into_iter()
            .map(|(check, finding)| failed_finding(report, check, finding))
            .chain(unknowns)
            .collect(),
        checks: judgement.results.iter().map(check).collect(),
        counts: CountsV1 {
            critical: counts.critical,
            warning: counts.warning,
            info: counts.info,
            unknown: counts.unknown,
            pass: counts.pass,
            not_applicable: counts.not_applicable,
        },
        problems: report
            .facts
            .problems()
            .into_iter()
            .map(|problem| ProblemV1 { place: &problem.place, what: &problem.what })
            .collect(),
        ignores: report
            .ignores
            .iter()
            .map(|stand| IgnoreV1 {
                check: &stand.ignore.check,
                reason: &stand.ignore.reason,
                until: stand.ignore.until.to_string(),
                at: &stand.at,
                status: stand.status.name(),
                summaries: &stand.summaries,
            })
            .collect(),
        timeline: timeline::json(report),
    }
}

/// Any value as every JSON output is written.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn written(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = printable::json(&serde_json::to_string_pretty(value)?).into_owned();
    text.push('\n');
    Ok(text)
}

fn failed_finding<'a>(report: &Report<'_>, check: &'static Check, finding: &'a Finding) -> FindingV1<'a> {
    FindingV1 {
        check: check.id,
        link: check.link.name(),
        status: "fail",
        severity: finding.severity.name(),
        summary: &finding.summary,
        evidence: evidence(&finding.evidence),
        remedy: RemedyV1 {
            text: &finding.remedy.text,
            commands: finding.remedy.typed(report.reach()),
            runs_in: finding.remedy.runs_in().name(),
            fixed_by: report.fixed_by(check, &finding.remedy),
        },
    }
}

/// A check that could not be made is a finding too: with the severity that it would have had.
fn unknown_finding(result: &CheckResult) -> Option<FindingV1<'_>> {
    let Outcome::Unknown { reason, evidence: seen } = &result.outcome else { return None };
    Some(FindingV1 {
        check: result.check.id,
        link: result.check.link.name(),
        status: "unknown",
        severity: result.check.severity.name(),
        summary: reason,
        evidence: evidence(seen),
        remedy: RemedyV1 {
            text: UNKNOWN_REMEDY,
            commands: Vec::new(),
            runs_in: RunsIn::Machine.name(),
            fixed_by: None,
        },
    })
}

fn evidence(evidence: &[Evidence]) -> Vec<EvidenceV1<'_>> {
    evidence.iter().map(|piece| EvidenceV1 { source: &piece.source, excerpt: &piece.excerpt }).collect()
}

fn check(result: &CheckResult) -> CheckV1<'_> {
    let (outcome, reason) = match &result.outcome {
        Outcome::Pass(reason) => ("pass", reason.as_str()),
        Outcome::Fail(findings) => {
            let worst = findings.iter().max_by_key(|finding| finding.severity);
            ("fail", worst.map_or("", |finding| finding.summary.as_str()))
        }
        Outcome::Unknown { reason, .. } => ("unknown", reason.as_str()),
        Outcome::NotApplicable(reason) => ("not-applicable", reason.as_str()),
    };
    CheckV1 { check: result.check.id, link: result.check.link.name(), outcome, reason }
}
