//! The parts of doctor's JSON (`isctpl.doctor/v1`) that the lab holds against the machine.

use anyhow::{Context, Result};
use isctpl_lab::scenario::Expectation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// What doctor said.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Report {
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The nine links.
    pub(crate) chain: Vec<Link>,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
    /// What isctpl is.
    pub(crate) tool: Tool,
}

/// The verdict.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Verdict {
    /// `boots`, `fails`, `at-risk` or `unknown`.
    pub(crate) boot: String,
    /// The link that breaks.
    pub(crate) broken_link: Option<String>,
    /// The checks that decided it.
    pub(crate) checks: Vec<String>,
}

/// One link of the chain.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Link {
    /// Its name.
    pub(crate) link: String,
    /// `pass`, `warn`, `fail`, `unknown` or `not-applicable`.
    pub(crate) status: String,
    /// In one sentence.
    pub(crate) summary: String,
}

/// One finding.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Finding {
    /// The check.
    pub(crate) check: String,
    /// The link that it is of.
    pub(crate) link: String,
    /// `fail` or `unknown`.
    pub(crate) status: String,
    /// `critical`, `warning` or `info`.
    pub(crate) severity: String,
    /// In one sentence.
    pub(crate) summary: String,
    /// What helps.
    pub(crate) remedy: Remedy,
}

impl Finding {
    /// Whether `prepare` is said to fix it.
    pub(crate) fn is_claimed(&self) -> bool {
        self.remedy.fixed_by.as_ref().is_some_and(|command| command.starts_with("isctpl prepare"))
    }
}

/// What helps against a finding.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Remedy {
    /// The isctpl command that fixes it, where there is one.
    pub(crate) fixed_by: Option<String>,
}

/// The tool that wrote the report.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Tool {
    /// Its version.
    pub(crate) version: String,
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// When the file is not there or not a report.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{}: is no report of doctor", path.display()))
    }

    /// What was found by a check.
    pub(crate) fn finding(&self, check: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check && finding.status == "fail")
    }

    /// The links that do not pass, each in a sentence, but for those of which nothing is found except warnings that
    /// are allowed.
    pub(crate) fn unsound(&self, allowed: &[String]) -> Vec<String> {
        let explained = |link: &&Link| {
            let mut found = self.findings.iter().filter(|finding| finding.link == link.link);
            link.status == "warn" && found.all(|finding| finding.severity == "info" || allowed.contains(&finding.check))
        };
        let unsound = self.chain.iter().filter(|link| link.status != "pass" && !explained(link));
        unsound.map(|link| format!("{} is {}: {}", link.link, link.status, link.summary)).collect()
    }

    /// The verdict in a few words.
    pub(crate) fn words(&self) -> String {
        let verdict = &self.verdict;
        match &verdict.broken_link {
            Some(link) => format!("{} at {link}: {}", verdict.boot, verdict.checks.join(", ")),
            None => verdict.boot.clone(),
        }
    }

    /// Where the report is not as expected, each in a sentence. `live` asks every link to pass that no
    /// expected finding explains; `inherited` are findings of the healthy machine that this one is made from.
    pub(crate) fn unlike(&self, expected: &Expectation, live: bool, inherited: &[String]) -> Vec<String> {
        let mut differences = Vec::new();
        let verdict = &self.verdict;
        if verdict.boot != expected.verdict {
            differences.push(format!("the verdict is {}, not {}", self.words(), expected.verdict));
        }
        if verdict.broken_link != expected.link {
            let link = |link: &Option<String>| link.clone().unwrap_or_else(|| "none".to_owned());
            differences.push(format!(
                "the broken link is {}, not {}",
                link(&verdict.broken_link),
                link(&expected.link)
            ));
        }
        let unknown: Vec<&Finding> = self.findings.iter().filter(|finding| finding.status == "unknown").collect();
        // An open verdict rests on a check that could not be made, and is no finding.
        let open = expected.verdict == "unknown";
        match &expected.finding {
            Some(check) if open && !unknown.iter().any(|finding| &finding.check == check) => {
                differences.push(format!("{check} is not what keeps the verdict open"));
            }
            Some(check) if !open && expected.verdict != "boots" && !verdict.checks.contains(check) => {
                differences.push(format!("{} decided the verdict, not {check}", verdict.checks.join(", ")));
            }
            _ => {}
        }
        let found_by = expected.finding.iter().filter(|_| !open).chain(&expected.also);
        let wanted: BTreeSet<&str> = found_by.map(String::as_str).collect();
        let found: BTreeSet<&str> = self
            .findings
            .iter()
            .filter(|finding| finding.status == "fail" && finding.severity != "info")
            .map(|finding| finding.check.as_str())
            .collect();
        differences.extend(wanted.difference(&found).map(|check| format!("{check} was not found")));
        let more = found.difference(&wanted).filter(|check| !inherited.iter().any(|known| known == *check));
        differences.extend(more.map(|check| format!("{check} was found and is not expected")));
        if live && expected.verdict == "boots" {
            differences
                .extend(unknown.iter().map(|finding| format!("{} is unknown: {}", finding.check, finding.summary)));
            if wanted.is_empty() && inherited.is_empty() {
                let unsound = self.chain.iter().filter(|link| link.status != "pass");
                differences.extend(unsound.map(|link| format!("{} is {}: {}", link.link, link.status, link.summary)));
            }
        }
        differences
    }
}
