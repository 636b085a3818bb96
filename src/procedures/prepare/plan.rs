//! What `prepare` would do to a root: which files change, what is rebuilt, and what is left to the person.

use super::apply::{Fixed, Wanted, apply};
use super::build::Build;
use super::draft::{Draft, FileChange, Refusal};
use super::packages::Packages;
use super::recipe;
use super::runs::Runs;
use super::tree::Tree;
use crate::procedures::Failure;
use isctpl_checks::facts::Facts;
use isctpl_checks::{Check, Finding, Judgement, Link};
use std::collections::BTreeMap;

/// What the user wants of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Ids of checks and names of links; all where there is none.
    pub(crate) only: Vec<String>,
    /// How long a DHCP client may take, in seconds.
    pub(crate) dhcp_timeout: u32,
}

impl Options {
    /// Whether the findings of a check are asked for.
    pub(crate) fn takes(&self, check: &Check) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| word == check.id || word == check.link.name())
    }
}

/// A finding that is fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fix {
    /// The check that found it.
    pub(crate) check: &'static str,
    /// What it says.
    pub(crate) summary: String,
}

/// A finding that is left to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    /// The check that found it.
    pub(crate) check: &'static str,
    /// Why.
    pub(crate) refusal: Refusal,
}

/// What would be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Files and links, by their path in the root.
    pub(crate) files: BTreeMap<String, FileChange>,
    /// What is rebuilt then.
    pub(crate) builds: Vec<Build>,
    /// Findings that this fixes.
    pub(crate) fixes: Vec<Fix>,
    /// Findings of which this makes the image; the words that it then takes are the next plan's.
    pub(crate) begins: Vec<&'static str>,
    /// Findings that could be fixed, and are not.
    pub(crate) left: Vec<Left>,
    /// What the root lacks, and `--install` installs.
    pub(crate) missing: Option<Packages>,
}

/// What cannot be built, and why: findings that ask for it are left to the person.
#[derive(Debug, Clone, Default)]
struct Unbuilt {
    image: Option<Refusal>,
    loader: Option<Refusal>,
}

impl Plan {
    /// Plans what fixes the findings of a judgement.
    ///
    /// # Errors
    /// When what earlier runs have done cannot be told.
    pub(crate) fn of(
        tree: &Tree,
        facts: &Facts,
        judgement: &Judgement,
        options: &Options,
        runs: Option<&Runs>,
    ) -> Result<Self, Failure> {
        let tried = runs.map(Runs::found_after_last).transpose()?.unwrap_or_default();
        let mut unbuilt = Unbuilt::default();
        loop {
            let (plan, refused) = Self::without(&unbuilt, tree, facts, judgement, options, &tried);
            match refused {
                // Each is refused once: then nothing asks for it any more.
                Some(refused) => unbuilt = refused,
                None => return Ok(plan),
            }
        }
    }

    /// A plan without what cannot be built; gives what turned out to be that besides.
    fn without(
        unbuilt: &Unbuilt,
        tree: &Tree,
        facts: &Facts,
        judgement: &Judgement,
        options: &Options,
        tried: &[(String, String)],
    ) -> (Self, Option<Unbuilt>) {
        let mut plan = Self { missing: Packages::missing(&tree.root, facts), ..Self::default() };
        let mut draft = Draft::of(&tree.root);
        let mut wanted = Wanted::default();
        for (check, finding) in judgement.findings() {
            if finding.remedy.repairs().is_empty() || !options.takes(check) || check.link == Link::Template {
                continue;
            }
            let (mut changed, mut asked) = (draft.clone(), wanted.clone());
            let done = apply(&mut changed, &mut asked, facts, finding, options.dhcp_timeout);
            let asks = asked.asks_more_than(&wanted);
            let refused = match &done {
                Err(refusal) => Some(refusal.clone()),
                Ok(_) if asks.image && unbuilt.image.is_some() => unbuilt.image.clone(),
                Ok(_) if asks.loader && unbuilt.loader.is_some() => unbuilt.loader.clone(),
                Ok(_) if changed.changes_as(&draft) && is_tried(tried, check, finding) => Some(no_help(check, finding)),
                Ok(_) => None,
            };
            if let Some(refusal) = refused {
                plan.left.push(Left { check: check.id, refusal });
                continue;
            }
            (draft, wanted) = (changed, asked);
            match done {
                Ok(Fixed::Later) => plan.begins.push(check.id),
                _ => plan.fixes.push(Fix { check: check.id, summary: finding.summary.clone() }),
            }
        }
        if options.only.is_empty() {
            let before = draft.clone();
            match recipe::apply(&mut draft, facts) {
                Ok(done) => plan.fixes.extend(done.into_iter().map(|(check, summary)| Fix { check, summary })),
                Err(refusal) => {
                    draft = before;
                    plan.left.push(Left { check: "template-snmpd-missing", refusal });
                }
            }
        }
        match (wanted.image(&mut draft, facts), wanted.loader(facts)) {
            (Ok(image), Ok(loader)) => plan.builds = image.into_iter().chain(loader).collect(),
            (image, loader) => {
                let image = image.err().or_else(|| unbuilt.image.clone());
                let loader = loader.err().or_else(|| unbuilt.loader.clone());
                return (plan, Some(Unbuilt { image, loader }));
            }
        }
        plan.files = draft.into_changes();
        (plan, None)
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.builds.is_empty()
    }
}

/// Whether a finding was there right after the last run, which did the same for it.
fn is_tried(tried: &[(String, String)], check: &Check, finding: &Finding) -> bool {
    tried.iter().any(|(id, summary)| id == check.id && *summary == finding.summary)
}

fn no_help(check: &Check, finding: &Finding) -> Refusal {
    let what = "is still found after prepare has rebuilt what it is about";
    Refusal::new(check.link.name(), what, finding.remedy.text.clone())
}
