//! The output of a local check of Checkmk: a line a service, the verdict's first, then a service for each link.
//!
//! Checkmk user guide, "Local checks": status, name, metrics or `-`, text; `\n` begins the details.

use super::Report;
use super::nagios::{self, details, why};
use isctpl_checks::LinkStatus;
use std::fmt::Write;

/// The service that has the verdict.
const BOOT: &str = "iSCSI boot";

/// The report as a local check prints it.
pub(crate) fn checkmk(report: &Report<'_>) -> String {
    let counts = report.counts();
    let mut text = format!(
        "{} \"{BOOT}\" critical={}|warning={}|unknown={} {}",
        report.exit_code(),
        counts.critical,
        counts.warning,
        counts.unknown,
        one_line(&why(report))
    );
    for line in details(report) {
        let _ = write!(text, "\\n{}", one_line(&line));
    }
    text.push('\n');
    for link in &report.judgement.chain {
        let (code, summary) = match link.status {
            LinkStatus::Pass => (0, link.summary.clone()),
            LinkStatus::Warn => (1, link.summary.clone()),
            LinkStatus::Fail => (2, link.summary.clone()),
            LinkStatus::Unknown => (3, link.summary.clone()),
            LinkStatus::NotApplicable => (0, format!("not judged: {}", link.summary)),
        };
        let code = report.fail_on.applied_to(code);
        let _ = writeln!(text, "{code} \"{BOOT} {}\" - {}", link.link.name(), one_line(&summary));
    }
    text
}

/// The line for a run that came to no report.
pub(crate) fn checkmk_unknown(why: &str) -> String {
    format!("3 \"{BOOT}\" - {}\n", one_line(why))
}

/// A backslash of a fact's would begin a new line, and a bar metrics.
fn one_line(what: &str) -> String {
    nagios::one_line(what).replace('\\', "/")
}
