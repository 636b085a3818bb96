//! The results laid along the chain.

use super::judgement::{ChainLink, CheckResult};
use crate::facts::Mode;
use crate::{Link, LinkStatus, Outcome, Severity};

/// The boot stops at the first broken link, so what a later link of the boot path would do wrong was
/// not reached: it is told, as a warning, and the first one stays the answer.
pub(super) fn downgrade_unreached(results: &mut [CheckResult]) {
    let Some(broken) = first_broken(results, Link::is_boot_path) else { return };
    for result in results.iter_mut().filter(|result| result.check.link > broken && result.check.link.is_boot_path()) {
        if let Outcome::Fail(findings) = &mut result.outcome {
            for finding in findings.iter_mut().filter(|finding| finding.severity == Severity::Critical) {
                finding.severity = Severity::Warning;
                finding.summary = format!("also stops the boot, after the {broken} is fixed: {}", finding.summary);
            }
        }
    }
}

/// The checks that break a link, each with the first of its findings in a sentence.
pub(super) fn breaks<'r>(results: impl IntoIterator<Item = &'r CheckResult>) -> Vec<(&'static str, String)> {
    let first = |result: &CheckResult| Some((result.check.id, result.criticals().next()?.summary.clone()));
    results.into_iter().filter_map(first).collect()
}

/// The first of these links that a finding breaks.
pub(super) fn first_broken(results: &[CheckResult], of: fn(Link) -> bool) -> Option<Link> {
    results
        .iter()
        .filter(|result| of(result.check.link) && result.criticals().next().is_some())
        .map(|result| result.check.link)
        .min()
}

/// The status of one link, by the worst that its checks said.
pub(super) fn link_status(link: Link, mode: Mode, results: &[CheckResult]) -> ChainLink {
    let of_link = || results.iter().filter(move |result| result.check.link == link);
    let findings = |severity: Severity| {
        of_link().find_map(move |result| match &result.outcome {
            Outcome::Fail(findings) => findings.iter().find(|finding| finding.severity == severity),
            _ => None,
        })
    };
    let unknown = of_link().find_map(|result| match &result.outcome {
        Outcome::Unknown { reason, .. } if result.check.severity == Severity::Critical => Some(reason),
        _ => None,
    });
    let (status, summary) = if let Some(finding) = findings(Severity::Critical) {
        (LinkStatus::Fail, finding.summary.clone())
    } else if let Some(reason) = unknown {
        (LinkStatus::Unknown, reason.clone())
    } else if let Some(finding) = findings(Severity::Warning) {
        (LinkStatus::Warn, finding.summary.clone())
    } else if let Some(reason) = telling_pass(of_link().map(|result| &result.outcome))
        // Files can show that uptime is broken, but only the running kernel that it holds.
        && (link, mode) != (Link::Uptime, Mode::Root)
    {
        (LinkStatus::Pass, reason)
    } else {
        let reason = of_link().find_map(|result| match &result.outcome {
            Outcome::NotApplicable(reason) | Outcome::Unknown { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        (
            LinkStatus::NotApplicable,
            reason.unwrap_or_else(|| "not checked: no check of this link was selected".to_owned()),
        )
    };
    ChainLink { link, status, summary }
}

/// The reason of the first check that passed: the registry lists the most telling one first.
fn telling_pass<'a>(mut outcomes: impl Iterator<Item = &'a Outcome>) -> Option<String> {
    outcomes.find_map(|outcome| match outcome {
        Outcome::Pass(reason) => Some(reason.clone()),
        _ => None,
    })
}
