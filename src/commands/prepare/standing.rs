//! How a root stood before `prepare`: what it may not break.

use crate::procedures::Failure;
use isctpl_checks::{BootVerdict, Check, Finding, Judgement, Link, LinkStatus, Outcome, Severity};

/// What held before.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    verdict: BootVerdict,
    /// Links without anything critical.
    held: Vec<Link>,
    /// Checks that passed.
    passed: Vec<&'static str>,
}

impl Standing {
    pub(super) fn of(judgement: &Judgement) -> Self {
        let held = judgement.chain.iter().filter(|link| matches!(link.status, LinkStatus::Pass | LinkStatus::Warn));
        let passed = judgement.results.iter().filter(|result| matches!(result.outcome, Outcome::Pass(_)));
        Self {
            verdict: judgement.verdict.boot,
            held: held.map(|link| link.link).collect(),
            passed: passed.map(|result| result.check.id).collect(),
        }
    }

    /// What is broken now that was not: a link that held, or a check that passed and whose finding `prepare` cannot
    /// fix. With `goes_on`, another round follows: what that can fix is not broken, unless the root would not even do
    /// meanwhile what it did before.
    pub(super) fn broken(&self, now: &Judgement, goes_on: bool) -> Option<Failure> {
        let is_bridged = goes_on && rank(now.verdict.boot) <= rank(self.verdict);
        let is_new = |check: &Check, finding: &Finding| {
            let is_critical = finding.severity == Severity::Critical && check.link != Link::Template;
            let is_hopeless = finding.remedy.repairs().is_empty();
            let held = self.held.contains(&check.link) && (is_hopeless || !is_bridged);
            is_critical && (held || is_hopeless && self.passed.contains(&check.id))
        };
        let (check, finding) = now.findings().into_iter().find(|(check, finding)| is_new(check, finding))?;
        let what = format!("these changes would break {}: {}: {}", check.link, check.id, finding.summary);
        Some(Failure::failed(what))
    }
}

/// From a machine that boots to one that does not.
fn rank(verdict: BootVerdict) -> u8 {
    match verdict {
        BootVerdict::Boots => 0,
        BootVerdict::Unknown => 1,
        BootVerdict::AtRisk => 2,
        BootVerdict::Fails => 3,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use isctpl_checks::{ChainLink, CheckResult, Remedy, Repair, Verdict, registry};

    const OF_HANDOVER: &str = "handover-san-nic-reconfigured";

    fn judgement(boot: BootVerdict, handover: Outcome) -> Judgement {
        let verdict = Verdict { boot, broken_link: None, because: String::new(), checks: Vec::new(), hangs_on: None };
        let status = if matches!(handover, Outcome::Pass(_)) { LinkStatus::Pass } else { LinkStatus::Fail };
        let chain = vec![ChainLink { link: Link::Handover, status, summary: String::new() }];
        let check = registry::find(OF_HANDOVER).unwrap();
        let results = vec![CheckResult { check, outcome: handover, asked: true, ignored: None }];
        Judgement { verdict, chain, partial: false, results, breaks: Vec::new() }
    }

    fn found(repair: Option<Repair>) -> Outcome {
        Outcome::Fail(vec![Finding::critical("it is taken over").remedy(Remedy::new("Stop it.").repairs_by(repair))])
    }

    #[test]
    fn what_the_next_round_fixes_is_broken_only_where_none_follows_or_the_verdict_is_worse_meanwhile() {
        let repairable = || found(Some(Repair::DisableUnit { unit: "a.service".to_owned() }));
        let failed = Standing::of(&judgement(BootVerdict::Fails, Outcome::pass("nothing takes it over")));
        let meanwhile = judgement(BootVerdict::AtRisk, repairable());
        assert!(failed.broken(&meanwhile, true).is_none());
        let said = failed.broken(&meanwhile, false).unwrap().what;
        assert!(said.contains(&format!("would break handover: {OF_HANDOVER}: it is taken over")), "{said}");
        let booted = Standing::of(&judgement(BootVerdict::Boots, Outcome::pass("nothing takes it over")));
        assert!(booted.broken(&meanwhile, true).is_some());
    }

    #[test]
    fn what_nobody_can_fix_is_broken_at_once_and_what_was_broken_before_is_not_new() {
        let failed = Standing::of(&judgement(BootVerdict::Fails, Outcome::pass("nothing takes it over")));
        assert!(failed.broken(&judgement(BootVerdict::AtRisk, found(None)), true).is_some());
        let broken = Standing::of(&judgement(BootVerdict::Fails, found(None)));
        assert!(broken.broken(&judgement(BootVerdict::AtRisk, found(None)), false).is_none());
    }
}
