//! The checks, asked of one instance.

use super::chain::{first_broken, link_status};
use super::judgement::{BootVerdict, ChainLink, CheckResult, Judgement, Selection, Verdict, undecided};
use super::login_words::login_words;
use super::sentence;
use crate::facts::{Facts, Mode, Source};
use crate::{Analysis, Check, Link, Outcome, Repair, Scope, registry};

/// What is judged, and what of it.
pub(super) struct Run<'a> {
    pub(super) facts: &'a Facts,
    pub(super) selection: &'a Selection,
    /// Why the machine is none that boots from a LUN.
    pub(super) not_iscsi_root: Option<String>,
    /// Checks that could decide the verdict were not asked for.
    pub(super) partial: bool,
}

impl Run<'_> {
    /// What the checks that were asked for say of facts, in the order of the registry.
    pub(super) fn results(&self, facts: &Facts, of: impl Fn(&Check) -> bool) -> Vec<CheckResult> {
        let analysis = Analysis::of(facts);
        registry::all()
            .filter(|check| self.selection.takes(check) && of(check))
            .map(|check| self.result(check, &analysis))
            .collect()
    }

    /// What one check says, and whether that counts.
    fn result(&self, check: &'static Check, facts: &Analysis<'_>) -> CheckResult {
        if let Some(reason) = self.reason_not_to_ask(check, facts) {
            return CheckResult { check, outcome: Outcome::not_applicable(reason), asked: false, ignored: None };
        }
        let outcome = outcome_of(check, facts);
        let open = matches!(outcome, Outcome::Fail(_) | Outcome::Unknown { .. });
        if open && self.selection.ignore.iter().any(|id| id == check.id) {
            let none = Outcome::not_applicable("isctpl.toml ignores what this check says");
            return CheckResult { check, outcome: none, asked: true, ignored: Some(outcome) };
        }
        CheckResult { check, outcome, asked: true, ignored: None }
    }

    /// Why a check is not for this mode, this selection or this machine.
    fn reason_not_to_ask(&self, check: &Check, facts: &Facts) -> Option<&'static str> {
        if check.link == Link::Template {
            // A machine in use has logs, keys and a history: only who seals a template asks about them.
            if self.selection.only.is_empty() {
                return Some("not checked: template checks run only on request (--only template)");
            }
        } else if self.not_iscsi_root.is_some() && !asks_for_a_told_portal(check, facts) {
            return Some("not checked: nothing shows that this root is an iSCSI LUN");
        }
        let live = facts.scope.mode == Mode::Live;
        match check.scope {
            Scope::Live if !live => Some("not checked: the running kernel of this host is not the instance's"),
            Scope::Machine if !facts.scope.is_on_its_machine() => {
                Some("not checked: this host may not be the instance (--same-machine if it is)")
            }
            _ => None,
        }
    }

    /// What results come to, or what somebody else has drawn from them.
    pub(super) fn judgement(
        &self,
        mut results: Vec<CheckResult>,
        verdict: Option<Verdict>,
        breaks: Vec<(&'static str, String)>,
    ) -> Judgement {
        drop_vain_requests(self.facts, &mut results);
        let mode = self.facts.scope.mode;
        let chain: Vec<ChainLink> = Link::CHAIN.into_iter().map(|link| link_status(link, mode, &results)).collect();
        let mut verdict = verdict.unwrap_or_else(|| self.verdict_of(&results));
        if verdict.boot == BootVerdict::Boots {
            verdict.because = sentence::why_it_boots(self.facts, &chain);
            let ignored = results.iter().filter(|result| result.ignored.is_some()).map(|result| result.check.id);
            let ignored: Vec<&str> = ignored.collect();
            if !ignored.is_empty() {
                verdict.because = format!("{}, apart from what is ignored: {}", verdict.because, ignored.join(", "));
            }
        }
        Judgement { verdict, chain, partial: self.partial, results, breaks }
    }

    /// What results come to.
    pub(super) fn verdict_of(&self, results: &[CheckResult]) -> Verdict {
        if let Some(because) = &self.not_iscsi_root {
            return Verdict::unknown(because.clone(), Vec::new());
        }
        for (of, boot) in [
            (Link::is_boot_path as fn(Link) -> bool, BootVerdict::Fails),
            (|link: Link| link > Link::Root && link < Link::Template, BootVerdict::AtRisk),
        ] {
            // A boot that cannot be told outranks what may happen once it is up; but not what is broken now,
            // which may be the very reason that files could not be read.
            let broken_now =
                self.facts.scope.mode == Mode::Live && first_broken(results, |link| link == Link::Uptime).is_some();
            if boot == BootVerdict::AtRisk
                && !broken_now
                && let Some(verdict) = undecided(results, Link::is_boot_path)
            {
                return verdict;
            }
            if let Some(link) = first_broken(results, of) {
                let decisive: Vec<_> = results
                    .iter()
                    .filter(|result| result.check.link == link && result.criticals().next().is_some())
                    .collect();
                let because = decisive.first().and_then(|result| result.criticals().next());
                return Verdict {
                    boot,
                    broken_link: Some(link),
                    because: because.map(|finding| finding.summary.clone()).unwrap_or_default(),
                    checks: decisive.iter().map(|result| result.check.id).collect(),
                    hangs_on: None,
                };
            }
        }
        if let Some(verdict) = undecided(results, |_| true) {
            return verdict;
        }
        if self.partial {
            let because = "only some checks were selected, and none of them found a fault";
            return Verdict::unknown(because.to_owned(), Vec::new());
        }
        Verdict {
            boot: BootVerdict::Boots,
            broken_link: None,
            because: String::new(),
            checks: Vec::new(),
            hangs_on: None,
        }
    }
}

/// Takes the request for a login out of the repairs where no words are known that the image reads.
fn drop_vain_requests(facts: &Facts, results: &mut [CheckResult]) {
    let mut known = None;
    for result in results {
        let Outcome::Fail(findings) = &mut result.outcome else { continue };
        for finding in findings.iter_mut().filter(|finding| finding.remedy.repairs().contains(&Repair::RequestLogin)) {
            let known = *known.get_or_insert_with(|| login_words(facts).is_some_and(|words| !words.is_empty()));
            finding.remedy.retain_repairs(|repair| known || *repair != Repair::RequestLogin);
        }
    }
}

/// What a check says.
fn outcome_of(check: &Check, facts: &Analysis<'_>) -> Outcome {
    // Where no file could be read, what is judged from files is not known.
    let of_root = (check.scope == Scope::Everywhere).then_some(Source::Root);
    match (check.judge)(facts).unwrap_or_else(|ended| ended) {
        // A check that fails without a finding would be a mute alarm.
        Outcome::Fail(findings) if findings.is_empty() => {
            Outcome::unknown("the check failed without a finding; please report it")
        }
        outcome @ (Outcome::Fail(_) | Outcome::Unknown { .. }) => outcome,
        Outcome::Pass(reason) => {
            unread_file(facts, of_root.iter().chain(check.decided_by)).unwrap_or(Outcome::Pass(reason))
        }
        not_for_it => unread_file(facts, &of_root).unwrap_or(not_for_it),
    }
}

/// Whether a check is on the way to a portal: one that the user told is a fact to reach, whatever the root lies on.
/// What is asked of the SAN NIC needs that told as well.
fn asks_for_a_told_portal(check: &Check, facts: &Facts) -> bool {
    let of_route = check.id == "san-route-missing";
    check.link == Link::Uptime && !facts.scope.portals.is_empty() && (of_route || facts.scope.san_nic.is_some())
}

/// What silence is worth when a file that decides could not be read: nothing.
fn unread_file<'a>(facts: &Facts, sources: impl IntoIterator<Item = &'a Source>) -> Option<Outcome> {
    sources.into_iter().find_map(|source| facts.unread(*source)).map(Outcome::unread)
}
