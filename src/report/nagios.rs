//! The output of a monitoring plugin: one line that says the state and why, details behind it.
//!
//! Monitoring Plugins Development Guidelines, "Plugin Output for Nagios".

use super::{Report, Stand};
use crate::formats::text::printable;
use isctpl_checks::{BootVerdict, Check, Finding, Outcome, Severity};
use std::fmt::Write;

/// The most characters of the first line before the performance data: a monitor shows one line of a table.
const REASON_LIMIT: usize = 400;

/// The report as a plugin prints it.
pub(crate) fn nagios(report: &Report<'_>) -> String {
    let counts = report.counts();
    let mut text = first_line(state(report.exit_code()), &why(report));
    let _ = writeln!(
        text,
        " | critical={};;0 warning={};0 unknown={} passed={}",
        counts.critical, counts.warning, counts.unknown, counts.pass
    );
    for line in details(report) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// What decided the state, and whether it counts.
pub(super) fn why(report: &Report<'_>) -> String {
    let mut why = reason(report);
    if report.exit_code() != report.code() {
        let _ = write!(why, " (does not count: --fail-on {})", report.fail_on.name());
    }
    why
}

/// What is told behind the first line, a line each.
pub(super) fn details(report: &Report<'_>) -> Vec<String> {
    let findings = findings_by_summary(report).into_iter();
    let mut lines: Vec<String> = findings
        .map(|(severity, summary, ids)| format!("{severity} {}: {}", ids.join(", "), one_line(summary)))
        .collect();
    lines.extend(report.ignores.iter().filter_map(Stand::told).map(|line| one_line(&line)));
    lines.extend(report.complaints().map(|line| format!("warning {}", one_line(&line))));
    let unknowns = report.unknowns_by_reason().into_iter();
    lines.extend(unknowns.map(|(reason, ids)| format!("unknown: {}: {}", one_line(reason), ids.join(", "))));
    lines
}

/// The line for a run that came to no report; a value that was not determined is `U`.
pub(crate) fn nagios_unknown(why: &str) -> String {
    first_line("UNKNOWN", why) + " | critical=U;;0 warning=U;0 unknown=U passed=U\n"
}

/// The beginning of the first line, up to the performance data.
pub(super) fn first_line(state: &str, reason: &str) -> String {
    let reason = one_line(reason);
    let mut line = format!("ISCTPL {state} - ");
    if reason.chars().count() > REASON_LIMIT {
        line.extend(reason.chars().take(REASON_LIMIT));
        line.push_str("...");
    } else {
        line.push_str(&reason);
    }
    line
}

/// The word for an exit code.
pub(super) fn state(code: u8) -> &'static str {
    match code {
        0 => "OK",
        1 => "WARNING",
        2 => "CRITICAL",
        _ => "UNKNOWN",
    }
}

/// What decided the state, in a sentence.
fn reason(report: &Report<'_>) -> String {
    let judgement = report.judgement;
    let verdict = &judgement.verdict;
    let findings = judgement.findings();
    let named = |severity: Severity| told(&findings, severity);
    match (verdict.boot, verdict.broken_link) {
        (BootVerdict::Fails | BootVerdict::AtRisk, Some(link)) => {
            format!("{} at {link}: {}", verdict.boot.name(), verdict.because)
        }
        (BootVerdict::Fails | BootVerdict::AtRisk, None) => format!("{}: {}", verdict.boot.name(), verdict.because),
        (BootVerdict::Boots, _) => match named(Severity::Critical).or_else(|| named(Severity::Warning)) {
            Some(finding) => format!("boots, but {finding}"),
            None => match report.complaints().next() {
                Some(complaint) => format!("boots, but {complaint}"),
                None => format!("boots: {}", verdict.because),
            },
        },
        (BootVerdict::Unknown, _) => match (judgement.exit_code(), judgement.partial) {
            (2, _) => named(Severity::Critical).unwrap_or_else(|| verdict.because.clone()),
            (1, _) => named(Severity::Warning).unwrap_or_else(|| verdict.because.clone()),
            // Of the few checks that were asked for, none was judged: the first one's reason is the answer.
            (3, true) => not_judged(report).unwrap_or_else(|| verdict.because.clone()),
            _ => verdict.because.clone(),
        },
    }
}

/// The first finding of a severity, and how many more there are.
fn told(findings: &[(&'static Check, &Finding)], severity: Severity) -> Option<String> {
    let mut of_it = findings.iter().filter(|(_, finding)| finding.severity == severity);
    let (check, finding) = of_it.next()?;
    let more = match of_it.count() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Some(format!("{severity} {}: {}{more}", check.id, finding.summary))
}

fn not_judged(report: &Report<'_>) -> Option<String> {
    let results = &report.judgement.results;
    let unknown = results.iter().find_map(|result| match &result.outcome {
        Outcome::Unknown { reason, .. } => Some((result.check, reason)),
        _ => None,
    });
    let open = unknown.or_else(|| {
        results.iter().find_map(|result| match &result.outcome {
            Outcome::NotApplicable(reason) => Some((result.check, reason)),
            _ => None,
        })
    });
    open.map(|(check, reason)| format!("{} could not be judged: {reason}", check.id))
}

/// Findings that say the same are one line, with every check that says it.
fn findings_by_summary<'a>(report: &Report<'a>) -> Vec<(Severity, &'a str, Vec<&'static str>)> {
    let mut lines: Vec<(Severity, &str, Vec<&'static str>)> = Vec::new();
    for (check, finding) in report.judgement.findings() {
        let same = |line: &&mut (Severity, &str, _)| line.0 == finding.severity && line.1 == finding.summary;
        match lines.iter_mut().find(same) {
            Some((_, _, ids)) if ids.contains(&check.id) => {}
            Some((_, _, ids)) => ids.push(check.id),
            None => lines.push((finding.severity, &finding.summary, vec![check.id])),
        }
    }
    lines
}

/// A bar begins performance data, and a line end the long output: neither may come from a fact.
pub(super) fn one_line(what: &str) -> String {
    printable::line(what).replace('|', "/")
}
