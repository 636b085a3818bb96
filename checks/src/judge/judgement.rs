//! What comes of a judgement: each check's result, the chain, the verdict.

use crate::{Check, Evidence, Finding, Link, LinkStatus, Outcome, Severity, registry};
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
    pub(super) fn takes(&self, check: &Check) -> bool {
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
    pub(super) fn unknown(because: String, checks: Vec<&'static str>) -> Self {
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
    /// The findings that break a link.
    pub(super) fn criticals(&self) -> impl Iterator<Item = &Finding> {
        let findings = match &self.outcome {
            Outcome::Fail(findings) => findings.as_slice(),
            _ => &[],
        };
        findings.iter().filter(|finding| finding.severity == Severity::Critical)
    }

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
    /// Every check that breaks a link, with its finding in a sentence: in [`Self::results`] those of links that the boot
    /// does not reach are warnings.
    pub breaks: Vec<(&'static str, String)>,
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
        Self { verdict, chain, partial: false, results, breaks: Vec::new() }
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

/// Unknown, when a check of these links that could have said `fails` or `at-risk` could not be made.
pub(super) fn undecided(results: &[CheckResult], of: impl Fn(Link) -> bool) -> Option<Verdict> {
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
