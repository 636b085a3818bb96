//! From facts to a verdict: run the checks, lay the results along the chain, say what it comes to.

mod each;
mod sentence;

use crate::facts::{Facts, Mode, Problem};
use crate::{Check, Evidence, Finding, Link, LinkStatus, Outcome, Scope, Severity, analysis, handover, registry};
use serde::{Deserialize, Serialize};

/// Which checks to run. Empty lists mean all, and none left out.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Ids and links to run.
    pub only: Vec<String>,
    /// Ids and links to leave out.
    pub skip: Vec<String>,
    /// Ids of checks that are judged, and whose findings decide nothing.
    pub ignore: Vec<String>,
}

impl Selection {
    fn takes(&self, check: &Check) -> bool {
        let named = |list: &[String]| list.iter().any(|word| word == check.id || word == check.link.name());
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}

/// Whether the instance will boot, stay up, and shut down cleanly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootVerdict {
    /// Nothing stands in the way.
    Boots,
    /// A link from firmware to root is broken.
    Fails,
    /// It comes up, but handover, uptime or shutdown is broken.
    AtRisk,
    /// A fact that decides it could not be read.
    Unknown,
}

impl BootVerdict {
    /// The word that stands for it in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boots => "boots",
            Self::Fails => "fails",
            Self::AtRisk => "at-risk",
            Self::Unknown => "unknown",
        }
    }
}

/// What it all comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The answer.
    pub boot: BootVerdict,
    /// The first link that breaks.
    pub broken_link: Option<Link>,
    /// One sentence: why.
    pub because: String,
    /// The checks that decided it.
    pub checks: Vec<&'static str>,
    /// What the verdict hangs on, where one unknown alone keeps it open: `boots unless enp0s4 is the SAN NIC`.
    pub hangs_on: Option<String>,
}

impl Verdict {
    fn unknown(because: String, checks: Vec<&'static str>) -> Self {
        Self { boot: BootVerdict::Unknown, broken_link: None, because, checks, hangs_on: None }
    }
}

/// One link as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLink {
    /// Which.
    pub link: Link,
    /// How it stands.
    pub status: LinkStatus,
    /// One line: the finding that decides, or what was seen.
    pub summary: String,
}

/// What one check said.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// Which.
    pub check: &'static Check,
    /// What it said.
    pub outcome: Outcome,
    /// It was asked, and is not one that this mode or this selection leaves out.
    pub asked: bool,
    /// What it said and is ignored; the outcome is then that it does not apply.
    pub ignored: Option<Outcome>,
}

impl CheckResult {
    /// Whether the check came to a result of its own.
    fn is_judged(&self) -> bool {
        matches!(self.outcome, Outcome::Pass(_) | Outcome::Fail(_))
    }
}

/// Everything that was judged.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// What it comes to.
    pub verdict: Verdict,
    /// The nine links in order.
    pub chain: Vec<ChainLink>,
    /// Checks that could have decided the verdict were not asked for.
    pub partial: bool,
    /// Every check that was run, in registry order.
    pub results: Vec<CheckResult>,
}

impl Judgement {
    /// What comes of no facts at all: everything is unknown, for this one reason.
    pub fn of_nothing(selection: &Selection, why: &str) -> Self {
        let asked =
            |check: &&Check| selection.takes(check) && (check.link != Link::Template || !selection.only.is_empty());
        let results = registry::all()
            .filter(asked)
            .map(|check| CheckResult { check, outcome: Outcome::unknown(why), asked: false, ignored: None })
            .collect();
        let chain = Link::CHAIN
            .into_iter()
            .map(|link| ChainLink { link, status: LinkStatus::Unknown, summary: why.to_owned() })
            .collect();
        let verdict = Verdict::unknown(why.to_owned(), Vec::new());
        Self { verdict, chain, partial: false, results }
    }

    /// The findings in the order in which a person wants them: by severity, then by link.
    pub fn findings(&self) -> Vec<(&'static Check, &Finding)> {
        let mut findings: Vec<_> = self
            .results
            .iter()
            .flat_map(|result| {
                match &result.outcome {
                    Outcome::Fail(findings) => findings.as_slice(),
                    _ => &[],
                }
                .iter()
                .map(|finding| (result.check, finding))
            })
            .collect();
        findings.sort_by_key(|(check, finding)| (std::cmp::Reverse(finding.severity), check.link));
        findings
    }

    /// The checks that could not be made, with the reason and what was seen.
    pub fn unknowns(&self) -> impl Iterator<Item = (&'static Check, &str, &[Evidence])> {
        self.results.iter().filter_map(|result| match &result.outcome {
            Outcome::Unknown { reason, evidence } => Some((result.check, reason.as_str(), evidence.as_slice())),
            _ => None,
        })
    }

    /// The monitoring state: 0 OK, 1 warning, 2 critical, 3 unknown.
    pub fn exit_code(&self) -> u8 {
        let worst = self.findings().first().map(|(_, finding)| finding.severity);
        // Who asks for some checks wants to know of these: the verdict is open then, and no alarm.
        let open = match self.partial {
            true => undecided(&self.results, |_| true).is_some() || !self.results.iter().any(CheckResult::is_judged),
            false => self.verdict.boot == BootVerdict::Unknown,
        };
        match (open, worst) {
            (_, Some(Severity::Critical)) => 2,
            (true, _) => 3,
            (false, Some(Severity::Warning)) => 1,
            _ => 0,
        }
    }
}

/// Judges an instance. Where it is not known which NIC is the SAN NIC, every one that can be it is tried.
pub fn judge(facts: &Facts, selection: &Selection) -> Judgement {
    let not_iscsi_root = analysis::no_sign_of_iscsi_root(facts);
    let candidates = if not_iscsi_root.is_some() { Vec::new() } else { handover::candidates(facts) };
    let decides = |check: &&Check| check.severity == Severity::Critical && check.link != Link::Template;
    let run = Run {
        facts,
        selection,
        not_iscsi_root,
        partial: registry::all().filter(decides).any(|check| !selection.takes(check)),
    };
    if !candidates.is_empty() {
        return each::judge(&run, candidates);
    }
    let mut results = run.results(facts, |_| true);
    downgrade_unreached(&mut results);
    run.judgement(results, None)
}

/// What is judged, and what of it.
struct Run<'a> {
    facts: &'a Facts,
    selection: &'a Selection,
    /// Why the machine is none that boots from a LUN.
    not_iscsi_root: Option<String>,
    /// Checks that could decide the verdict were not asked for.
    partial: bool,
}

impl Run<'_> {
    /// What the checks that were asked for say of facts, in the order of the registry.
    fn results(&self, facts: &Facts, of: impl Fn(&Check) -> bool) -> Vec<CheckResult> {
        registry::all()
            .filter(|check| self.selection.takes(check) && of(check))
            .map(|check| self.result(check, facts))
            .collect()
    }

    /// What one check says, and whether that counts.
    fn result(&self, check: &'static Check, facts: &Facts) -> CheckResult {
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
            Scope::Machine if !live && !facts.scope.same_machine && !facts.scope.firmware_given => {
                Some("not checked: this host may not be the instance (--same-machine if it is)")
            }
            _ => None,
        }
    }

    /// What results come to, or what somebody else has drawn from them.
    fn judgement(&self, results: Vec<CheckResult>, verdict: Option<Verdict>) -> Judgement {
        let mode = self.facts.scope.mode;
        let chain: Vec<ChainLink> = Link::CHAIN.into_iter().map(|link| link_status(link, mode, &results)).collect();
        let mut verdict = verdict.unwrap_or_else(|| verdict_of(self, &results));
        if verdict.boot == BootVerdict::Boots {
            verdict.because = sentence::why_it_boots(self.facts, &chain);
            let ignored = results.iter().filter(|result| result.ignored.is_some()).map(|result| result.check.id);
            let ignored: Vec<&str> = ignored.collect();
            if !ignored.is_empty() {
                verdict.because = format!("{}, apart from what is ignored: {}", verdict.because, ignored.join(", "));
            }
        }
        Judgement { verdict, chain, partial: self.partial, results }
    }
}

/// What a check says.
fn outcome_of(check: &Check, facts: &Facts) -> Outcome {
    match (check.judge)(facts) {
        // A check that fails without a finding would be a mute alarm.
        Outcome::Fail(findings) if findings.is_empty() => {
            Outcome::unknown("the check failed without a finding; please report it")
        }
        outcome @ (Outcome::Fail(_) | Outcome::Unknown { .. }) => outcome,
        sound => unread_file(check, facts).unwrap_or(sound),
    }
}

/// Whether a check is on the way to a portal: one that the user told is a fact to reach, whatever the root lies on.
/// What is asked of the SAN NIC needs that told as well.
fn asks_for_a_told_portal(check: &Check, facts: &Facts) -> bool {
    let of_route = check.id == "san-route-missing";
    check.link == Link::Uptime && !facts.scope.portals.is_empty() && (of_route || facts.scope.san_nic.is_some())
}

/// What silence is worth when a file that decides could not be read: nothing.
fn unread_file(check: &Check, facts: &Facts) -> Option<Outcome> {
    let decides = |problem: &&Problem| check.decided_by.iter().any(|file| problem.place.starts_with(file));
    // Where no file could be read, what is judged from files is not known.
    let no_file = facts.scope.problems.iter().find(|problem| problem.place == "/");
    if let (Scope::Everywhere, Some(problem)) = (check.scope, no_file) {
        return Some(Outcome::unread(problem));
    }
    if check.decided_by.is_empty() {
        return None;
    }
    facts.problems().into_iter().find(decides).map(Outcome::unread)
}

/// The boot stops at the first broken link, so what a later link of the boot path would do wrong was
/// not reached: it is told, as a warning, and the first one stays the answer.
fn downgrade_unreached(results: &mut [CheckResult]) {
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

fn criticals(result: &CheckResult) -> impl Iterator<Item = &Finding> {
    match &result.outcome {
        Outcome::Fail(findings) => findings.as_slice(),
        _ => &[],
    }
    .iter()
    .filter(|finding| finding.severity == Severity::Critical)
}

fn first_broken(results: &[CheckResult], of: fn(Link) -> bool) -> Option<Link> {
    results
        .iter()
        .filter(|result| of(result.check.link) && criticals(result).next().is_some())
        .map(|result| result.check.link)
        .min()
}

/// How one link stands, by the worst that its checks said.
fn link_status(link: Link, mode: Mode, results: &[CheckResult]) -> ChainLink {
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

fn verdict_of(run: &Run<'_>, results: &[CheckResult]) -> Verdict {
    if let Some(because) = &run.not_iscsi_root {
        return Verdict::unknown(because.clone(), Vec::new());
    }
    for (of, boot) in [
        (Link::is_boot_path as fn(Link) -> bool, BootVerdict::Fails),
        (|link: Link| link > Link::Root && link < Link::Template, BootVerdict::AtRisk),
    ] {
        // A boot that cannot be told outranks what may happen once it is up; but not what is broken now,
        // which may be the very reason that files could not be read.
        let broken_now =
            run.facts.scope.mode == Mode::Live && first_broken(results, |link| link == Link::Uptime).is_some();
        if boot == BootVerdict::AtRisk
            && !broken_now
            && let Some(verdict) = undecided(results, Link::is_boot_path)
        {
            return verdict;
        }
        if let Some(link) = first_broken(results, of) {
            let decisive: Vec<_> = results
                .iter()
                .filter(|result| result.check.link == link && criticals(result).next().is_some())
                .collect();
            let because = decisive.first().and_then(|result| criticals(result).next());
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
    if run.partial {
        let because = "only some checks were selected, and none of them found a fault";
        return Verdict::unknown(because.to_owned(), Vec::new());
    }
    Verdict { boot: BootVerdict::Boots, broken_link: None, because: String::new(), checks: Vec::new(), hangs_on: None }
}

/// Unknown, when a check of these links that could have said `fails` or `at-risk` could not be made.
fn undecided(results: &[CheckResult], of: impl Fn(Link) -> bool) -> Option<Verdict> {
    let open: Vec<_> = results
        .iter()
        .filter(|result| of(result.check.link))
        .filter(|result| result.check.severity == Severity::Critical && result.check.link != Link::Template)
        .filter_map(|result| match &result.outcome {
            Outcome::Unknown { reason, .. } => Some((result.check, reason)),
            _ => None,
        })
        .collect();
    let (first, reason) = open.first()?;
    let because = format!("{} could not be judged: {reason}", first.link);
    Some(Verdict::unknown(because, open.iter().map(|(check, _)| check.id).collect()))
}
