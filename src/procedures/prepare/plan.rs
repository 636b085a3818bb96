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
use isctpl_checks::{Check, Judgement, Link};
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
    fn takes(&self, check: &Check) -> bool {
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
    /// Findings that could be fixed, and are not.
    pub(crate) left: Vec<Left>,
    /// What the root lacks, and `--install` installs.
    pub(crate) missing: Option<Packages>,
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
        let mut plan = Self::default();
        let mut draft = Draft::of(&tree.root);
        let mut wanted = Wanted::default();
        for (check, finding) in judgement.findings() {
            if finding.remedy.repairs().is_empty() || !options.takes(check) || check.link == Link::Template {
                continue;
            }
            let (before, asked) = (draft.clone(), wanted.clone());
            match apply(&mut draft, &mut wanted, facts, finding, options.dhcp_timeout) {
                Ok(Fixed::Now) => plan.fixes.push(Fix { check: check.id, summary: finding.summary.clone() }),
                Ok(Fixed::Later) => {}
                Err(refusal) => {
                    (draft, wanted) = (before, asked);
                    plan.left.push(Left { check: check.id, refusal });
                }
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
        match wanted.configure(&mut draft, facts) {
            Ok(builds) => plan.builds = builds,
            Err(refusal) => {
                let checks = plan.fixes.iter().map(|fix| fix.check).collect::<Vec<_>>();
                plan.left.extend(checks.into_iter().map(|check| Left { check, refusal: refusal.clone() }));
            }
        }
        plan.missing = Packages::missing(&tree.root, facts);
        plan.files = draft.into_changes();
        if let Some(runs) = runs
            && plan.files.is_empty()
        {
            // Built by an earlier run from the very files that are there now: it would come out the same.
            let mut builds = Vec::new();
            for build in plan.builds {
                if !runs.has_written(build.path())? {
                    builds.push(build);
                }
            }
            plan.builds = builds;
        }
        Ok(plan)
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.builds.is_empty()
    }
}
