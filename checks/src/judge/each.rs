//! A verdict where it is not known which NIC is the SAN NIC: every NIC that can be it is tried, and what they all
//! lead to is the verdict.

use super::chain::{breaks, downgrade_unreached};
use super::judgement::{BootVerdict, CheckResult, Judgement, Verdict};
use super::run::Run;
use super::sentence::listed_or;
use crate::handover::Candidate;
use crate::{Check, Evidence, Finding, Link, Outcome, Severity};

/// The most NICs that are named in a sentence.
const NAMED: usize = 4;

/// One NIC that was tried, and what came of it.
struct Trial {
    candidate: Candidate,
    results: Vec<CheckResult>,
    verdict: Verdict,
}

impl Trial {
    fn result(&self, check: &Check) -> Option<&CheckResult> {
        self.results.iter().find(|result| result.check.id == check.id)
    }

    fn breaks(&self, id: &str) -> bool {
        self.results.iter().any(|result| result.check.id == id && result.criticals().next().is_some())
    }
}

/// Whether a check asks which NIC is the SAN NIC on the real root.
fn asks(check: &Check) -> bool {
    matches!(check.link, Link::Handover | Link::Shutdown)
}

/// Judges with each candidate in turn.
pub(super) fn judge(run: &Run<'_>, candidates: Vec<Candidate>) -> Judgement {
    let mut facts = run.facts.clone();
    let mut common = run.results(&facts, |check| !asks(check));
    let mut broken = breaks(&common);
    downgrade_unreached(&mut common);
    let mut trials: Vec<Trial> = Vec::new();
    for candidate in candidates {
        facts.scope.supposed = Some(candidate.nic.clone());
        let mut results: Vec<CheckResult> = common.iter().cloned().chain(run.results(&facts, asks)).collect();
        // The order of the registry; what is equal stays as it is.
        results.sort_by_key(|result| result.check.link);
        let verdict = run.verdict_of(&results);
        trials.push(Trial { candidate, results, verdict });
    }
    let agreed = trials.windows(2).all(|pair| pair[0].verdict.boot == pair[1].verdict.boot);
    let certain = agreed.then(|| certain(&trials)).flatten();
    // Where all are at risk, each by something of its own, those findings are what the verdict rests on.
    let each = agreed && certain.is_none();
    let mut results = trials.first().map(|trial| trial.results.clone()).unwrap_or_default();
    for result in results.iter_mut().filter(|result| asks(result.check)) {
        let check = result.check;
        let mut all = trials.iter().filter_map(|trial| trial.result(check));
        // What is ignored with one NIC is no pass whichever NIC it is.
        match all.find(|other| other.ignored.is_some()) {
            Some(ignored) => *result = ignored.clone(),
            None => result.outcome = merged(check, &trials, each),
        }
    }
    let verdict = match (certain, agreed) {
        (Some(verdict), _) => verdict,
        (None, true) => by_each(&trials),
        (None, false) => open(&trials, &results),
    };
    broken.extend(breaks(results.iter().filter(|result| asks(result.check))));
    run.judgement(results, Some(verdict), broken)
}

/// The verdict that holds whichever NIC it is: all of its checks say the same in every trial.
fn certain(trials: &[Trial]) -> Option<Verdict> {
    let in_all = |verdict: &&Verdict| match verdict.boot {
        BootVerdict::Boots | BootVerdict::Unknown => true,
        BootVerdict::Fails | BootVerdict::AtRisk => {
            verdict.checks.iter().all(|id| trials.iter().all(|trial| trial.breaks(id)))
        }
    };
    let mut verdict = trials.iter().map(|trial| &trial.verdict).find(in_all)?.clone();
    if let [first, rest @ ..] = trials
        && verdict.boot == BootVerdict::AtRisk
        && rest.iter().any(|trial| trial.verdict.because != first.verdict.because)
    {
        verdict.because = format!(
            "no matter which NIC is the SAN NIC; for example, if {}: {}",
            first.candidate.sentence(),
            first.verdict.because
        );
    }
    Some(verdict)
}

/// All come to the same, each by a check of its own.
fn by_each(trials: &[Trial]) -> Verdict {
    let mut checks: Vec<&'static str> = trials.iter().flat_map(|trial| trial.verdict.checks.iter().copied()).collect();
    checks.sort_unstable();
    checks.dedup();
    let first = trials.first();
    let because = first.map(|trial| {
        format!(
            "no matter which NIC is the SAN NIC; for example, if {}: {}",
            trial.candidate.sentence(),
            trial.verdict.because
        )
    });
    Verdict {
        boot: first.map_or(BootVerdict::Unknown, |trial| trial.verdict.boot),
        broken_link: trials.iter().filter_map(|trial| trial.verdict.broken_link).min(),
        because: because.unwrap_or_default(),
        checks,
        hangs_on: None,
    }
}

/// They do not come to the same: on what it hangs.
fn open(trials: &[Trial], results: &[CheckResult]) -> Verdict {
    // What the one comes to that the others are exceptions to, which is the last; else what most come to.
    let count = |boot: BootVerdict| trials.iter().filter(|trial| trial.verdict.boot == boot).count();
    let boots = [BootVerdict::Boots, BootVerdict::AtRisk, BootVerdict::Unknown, BootVerdict::Fails];
    let usual = boots.into_iter().max_by_key(|boot| (count(*boot), *boot == BootVerdict::Boots));
    let usual = match trials.last() {
        Some(last) if last.candidate.is_usual() => last.verdict.boot,
        _ => usual.unwrap_or(BootVerdict::Unknown),
    };
    let others: Vec<&Candidate> =
        trials.iter().filter(|trial| trial.verdict.boot != usual).map(|trial| &trial.candidate).collect();
    let hangs_on = format!("{} unless {}", words(usual), sentences(&others));
    let checks = results
        .iter()
        .filter(|result| asks(result.check) && result.check.severity == Severity::Critical)
        .filter(|result| matches!(result.outcome, Outcome::Unknown { .. }))
        .map(|result| result.check.id)
        .collect();
    let because = format!("it {hangs_on}; name the SAN NIC with --san-nic NAME, or use --same-machine");
    Verdict { hangs_on: Some(hangs_on), ..Verdict::unknown(because, checks) }
}

fn words(boot: BootVerdict) -> &'static str {
    match boot {
        BootVerdict::Boots => "boots",
        BootVerdict::Fails => "fails",
        BootVerdict::AtRisk => "is at risk",
        BootVerdict::Unknown => "cannot be judged",
    }
}

/// `enp0s3 or enp0s4 is the SAN NIC`
fn sentences(candidates: &[&Candidate]) -> String {
    let mut predicates: Vec<&str> = Vec::new();
    for candidate in candidates {
        if !predicates.contains(&candidate.predicate.as_str()) {
            predicates.push(&candidate.predicate);
        }
    }
    let each: Vec<String> = predicates
        .into_iter()
        .map(|predicate| {
            let mut subjects: Vec<String> = candidates
                .iter()
                .filter(|candidate| candidate.predicate == predicate)
                .map(|candidate| candidate.subject.clone())
                .collect();
            let more = subjects.len().saturating_sub(NAMED);
            if more > 0 {
                subjects.truncate(NAMED);
                subjects.push(format!("one of {more} others"));
            }
            format!("{} {predicate}", listed_or(&subjects))
        })
        .collect();
    listed_or(&each)
}

/// What a check says in all trials together.
fn merged(check: &Check, trials: &[Trial], each: bool) -> Outcome {
    let outcomes: Vec<(&Candidate, &Outcome)> =
        trials.iter().filter_map(|trial| Some((&trial.candidate, &trial.result(check)?.outcome))).collect();
    let Some((_, first)) = outcomes.first() else {
        return Outcome::not_applicable("not checked: no NIC can be the SAN NIC");
    };
    if outcomes.iter().all(|(_, outcome)| outcome == first) {
        return (*first).clone();
    }
    let critical = |outcome: &Outcome| worst(outcome) == Some(Severity::Critical);
    let broken = outcomes.iter().filter(|(_, outcome)| critical(outcome)).count();
    if broken > 0 && (each || broken == outcomes.len()) {
        return Outcome::Fail(conditional(&outcomes, Severity::Critical));
    }
    if broken > 0 {
        let those = outcomes.iter().filter(|(_, outcome)| critical(outcome));
        return depends(&those.map(|(candidate, outcome)| (*candidate, *outcome)).collect::<Vec<_>>());
    }
    if let Some((_, unknown)) = outcomes.iter().find(|(_, outcome)| matches!(outcome, Outcome::Unknown { .. })) {
        return (*unknown).clone();
    }
    let warned: Vec<_> = outcomes.iter().copied().filter(|(_, outcome)| worst(outcome).is_some()).collect();
    if warned.len() == outcomes.len() || (check.severity == Severity::Critical && !warned.is_empty()) {
        return Outcome::Fail(conditional(&outcomes, Severity::Info));
    }
    if !warned.is_empty() {
        return depends(&warned);
    }
    match outcomes.iter().find(|(_, outcome)| matches!(outcome, Outcome::Pass(_))) {
        Some(_) => Outcome::pass(harmless(check)),
        None => (*first).clone(),
    }
}

/// What a check that passes says of the real root, in a sentence that is true of every candidate.
fn harmless(check: &Check) -> &'static str {
    match check.link {
        Link::Handover => "no network configuration takes away what the SAN NIC needs, whichever NIC it is",
        _ => "shutdown keeps the SAN NIC up until the root is synced, whichever NIC it is",
    }
}

fn worst(outcome: &Outcome) -> Option<Severity> {
    match outcome {
        Outcome::Fail(findings) => findings.iter().map(|finding| finding.severity).max(),
        _ => None,
    }
}

/// The findings of all trials, each with the NIC that it is true of.
fn conditional(outcomes: &[(&Candidate, &Outcome)], least: Severity) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for (candidate, outcome) in outcomes {
        let Outcome::Fail(findings) = outcome else { continue };
        for finding in findings.iter().filter(|finding| finding.severity >= least) {
            let everywhere =
                outcomes.iter().all(|(_, other)| matches!(other, Outcome::Fail(list) if list.contains(finding)));
            let mut finding = finding.clone();
            if !everywhere {
                finding.summary = format!("if {}: {}", candidate.sentence(), finding.summary);
                // The configuration of a NIC that may be another is not changed.
                finding.remedy = finding.remedy.without_repairs();
            }
            if !all.contains(&finding) {
                all.push(finding);
            }
        }
    }
    all
}

/// Some NICs make the check fail, and others do not.
fn depends(those: &[(&Candidate, &Outcome)]) -> Outcome {
    let candidates: Vec<&Candidate> = those.iter().map(|(candidate, _)| *candidate).collect();
    let findings = || {
        those.iter().filter_map(|(_, outcome)| match outcome {
            Outcome::Fail(findings) => findings.iter().max_by_key(|finding| finding.severity),
            _ => None,
        })
    };
    let what = findings().next().map(|finding| finding.summary.clone()).unwrap_or_default();
    let evidence: Vec<Evidence> = findings().flat_map(|finding| finding.evidence.iter().cloned()).collect();
    Outcome::Unknown { reason: format!("fails if {}: {what}", sentences(&candidates)), evidence }
}
