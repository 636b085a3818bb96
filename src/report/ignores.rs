//! What the operator wants left out of account, and how it stands: it never vanishes from a report.

use super::style::{DOUBTFUL, FAINT, Style, paint};
use crate::formats::isctpl_toml::Ignore;
use isctpl_checks::{Judgement, Outcome};
use jiff::civil::Date;

/// How an ignore stands against one judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It took a finding, or an unknown, out of account.
    Applied,
    /// Its last day is over: it takes nothing out of account.
    Expired,
    /// Its check was judged, and there is nothing to ignore.
    Unmatched,
    /// Its check was not asked for, or cannot be judged in this mode.
    NotJudged,
}

impl Status {
    /// The word in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Expired => "expired",
            Self::Unmatched => "unmatched",
            Self::NotJudged => "not-judged",
        }
    }
}

/// An ignore and how it stands.
#[derive(Debug, Clone)]
pub struct Stand {
    /// What the file says.
    pub ignore: Ignore,
    /// The file and the line.
    pub at: String,
    /// How it stands.
    pub status: Status,
    /// What it took out of account.
    pub summaries: Vec<String>,
}

impl Stand {
    /// Holds an ignore against a judgement.
    pub fn of(ignore: &Ignore, file: &str, today: Date, judgement: &Judgement) -> Self {
        let result = judgement.results.iter().find(|result| result.check.id == ignore.check);
        let ignored = result.and_then(|result| result.ignored.as_ref());
        let status = match (ignore.until < today, ignored, result) {
            (true, ..) => Status::Expired,
            (false, Some(_), _) => Status::Applied,
            (false, None, Some(result)) if result.asked => Status::Unmatched,
            _ => Status::NotJudged,
        };
        let summaries = match ignored.filter(|_| status == Status::Applied) {
            Some(Outcome::Fail(findings)) => findings.iter().map(|finding| finding.summary.clone()).collect(),
            Some(Outcome::Unknown { reason, .. }) => vec![format!("unknown: {reason}")],
            _ => Vec::new(),
        };
        Self { ignore: ignore.clone(), at: format!("{file}:{}", ignore.line), status, summaries }
    }

    /// What is wrong with an ignore that has outlived its finding.
    pub fn complaint(&self) -> Option<String> {
        let Ignore { check, until, .. } = &self.ignore;
        match self.status {
            Status::Expired => Some(format!("{}: the ignore of {check} ended on {until} and does not count", self.at)),
            Status::Unmatched => Some(format!("{}: the ignore of {check} matches nothing; remove it", self.at)),
            Status::Applied | Status::NotJudged => None,
        }
    }

    /// What it took out of account, for who reads the report.
    pub(super) fn told(&self) -> Option<String> {
        let Ignore { check, until, reason, .. } = &self.ignore;
        (self.status == Status::Applied)
            .then(|| format!("ignored {check} until {until} ({reason}): {}", self.summaries.join("; ")))
    }
}

/// All of them for people.
pub(super) fn ignores_text(stands: &[Stand], style: &Style) -> String {
    let mut text = String::new();
    for stand in stands {
        if let Some(told) = stand.told() {
            text.push('\n');
            text.push_str(&style.wrap(&told, "", "  ").replacen("ignored", &paint(FAINT, "ignored"), 1));
        }
        if let Some(complaint) = stand.complaint() {
            text.push('\n');
            let line = style.wrap(&format!("warning {complaint}"), "", "  ");
            text.push_str(&line.replacen("warning", &paint(DOUBTFUL, "warning"), 1));
        }
    }
    text
}
