//! Prometheus text exposition (version 0.0.4), gauges only, for node_exporter's textfile collector.

use super::{Report, Status};
use isctpl_checks::{BootVerdict, Check, LinkStatus, Outcome, Severity, registry};
use std::fmt::Write;
use std::time::Duration;

/// How long a run took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durations {
    /// All of it.
    pub whole: Duration,
    /// Each stage of the reading; zero for one that had no turn.
    pub stages: Vec<(&'static str, Duration)>,
}

/// The report as metrics. Every series is always there, whatever `--only` says: an absent one would hide a failure.
pub(crate) fn prometheus(report: &Report<'_>, took: &Durations) -> String {
    let mut text = String::new();
    let judgement = report.judgement;
    head(&mut text, "isctpl_build_info", "The isctpl that wrote this; always 1.");
    let _ = writeln!(text, "isctpl_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));

    head(&mut text, "isctpl_last_run_timestamp_seconds", "When the facts were read.");
    let _ = writeln!(text, "isctpl_last_run_timestamp_seconds {}", report.facts.scope.epoch_seconds);

    head(&mut text, "isctpl_run_duration_seconds", "How long the run took.");
    let _ = writeln!(text, "isctpl_run_duration_seconds {:.6}", took.whole.as_secs_f64());
    head(
        &mut text,
        "isctpl_stage_duration_seconds",
        "How long each stage of the reading took; 0 where it had no turn.",
    );
    for (stage, taken) in &took.stages {
        let _ = writeln!(text, "isctpl_stage_duration_seconds{{stage=\"{stage}\"}} {:.6}", taken.as_secs_f64());
    }

    head(&mut text, "isctpl_boot_verdict", "1 for the verdict that holds.");
    for boot in [BootVerdict::Boots, BootVerdict::Fails, BootVerdict::AtRisk, BootVerdict::Unknown] {
        let holds = u8::from(judgement.verdict.boot == boot);
        let _ = writeln!(text, "isctpl_boot_verdict{{verdict=\"{}\"}} {holds}", boot.name());
    }

    head(&mut text, "isctpl_link_status", "0 pass, 1 warning, 2 fails, 3 unknown, -1 not judged.");
    for link in &judgement.chain {
        let value = match link.status {
            LinkStatus::Pass => 0,
            LinkStatus::Warn => 1,
            LinkStatus::Fail => 2,
            LinkStatus::Unknown => 3,
            LinkStatus::NotApplicable => -1,
        };
        let _ = writeln!(text, "isctpl_link_status{{link=\"{}\"}} {value}", link.link.name());
    }

    head(&mut text, "isctpl_check_status", "0 pass or info, 1 warning, 2 critical, 3 unknown, -1 not judged.");
    let judged = |check: &Check| judgement.results.iter().any(|result| result.check.id == check.id);
    for check in registry::all().filter(|check| !judged(check)) {
        let _ = writeln!(text, "isctpl_check_status{{check=\"{}\",link=\"{}\"}} -1", check.id, check.link.name());
    }
    for result in &judgement.results {
        let value = match &result.outcome {
            Outcome::Pass(_) => 0,
            Outcome::NotApplicable(_) => -1,
            Outcome::Unknown { .. } => 3,
            Outcome::Fail(findings) => match findings.iter().map(|finding| finding.severity).max() {
                Some(Severity::Critical) => 2,
                Some(Severity::Warning) => 1,
                Some(Severity::Info) | None => 0,
            },
        };
        let (check, link) = (result.check.id, result.check.link.name());
        let _ = writeln!(text, "isctpl_check_status{{check=\"{check}\",link=\"{link}\"}} {value}");
    }

    head(&mut text, "isctpl_ignored", "1 for a check whose findings isctpl.toml takes out of account.");
    for stand in report.ignores.iter().filter(|stand| stand.status == Status::Applied) {
        let (check, until) = (&stand.ignore.check, stand.ignore.until);
        let _ = writeln!(text, "isctpl_ignored{{check=\"{check}\",until=\"{until}\"}} 1");
    }
    head(&mut text, "isctpl_stale_ignores", "Ignores that ended, or match nothing.");
    let _ = writeln!(text, "isctpl_stale_ignores {}", report.complaints().count());

    let counts = report.counts();
    head(&mut text, "isctpl_findings", "Findings by severity.");
    for (severity, count) in [("critical", counts.critical), ("warning", counts.warning), ("info", counts.info)] {
        let _ = writeln!(text, "isctpl_findings{{severity=\"{severity}\"}} {count}");
    }
    text
}

pub(super) fn head(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}
