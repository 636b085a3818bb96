//! The output of a monitoring plugin: one line that counts, details behind it.
//!
//! Monitoring Plugins Development Guidelines, "Plugin Output for Nagios".

use super::Report;
use crate::formats::text;
use isctpl_checks::Boot;
use std::fmt::Write;

/// The report as a plugin prints it.
pub fn nagios(report: &Report<'_>) -> String {
    let judgement = report.judgement;
    let state = match judgement.exit_code() {
        0 => "OK",
        1 => "WARNING",
        2 => "CRITICAL",
        _ => "UNKNOWN",
    };
    let verdict = &judgement.verdict;
    let answer = match (verdict.boot, verdict.broken_link) {
        (Boot::Boots, _) => "boots".to_owned(),
        (Boot::Unknown, _) => verdict.because.clone(),
        (boot, Some(link)) => format!("{} at {link}: {}", boot.name(), verdict.because),
        (boot, None) => format!("{}: {}", boot.name(), verdict.because),
    };
    let counts = report.counts();
    let mut text = format!(
        "ISCTPL {state} - {} | critical={};;0 warning={};0 unknown={} passed={}\n",
        one_line(&answer),
        counts.critical,
        counts.warning,
        counts.unknown,
        counts.pass
    );
    for (check, finding) in judgement.findings() {
        let _ = writeln!(text, "{} {}: {}", finding.severity, check.id, one_line(&finding.summary));
    }
    for (check, reason, _) in judgement.unknowns() {
        let _ = writeln!(text, "unknown {}: {}", check.id, one_line(reason));
    }
    text
}

/// A bar begins performance data, and a line end the long output: neither may come from a fact.
fn one_line(text: &str) -> String {
    text::line(text).replace('|', "/")
}
