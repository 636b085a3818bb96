//! Says it: table, JSON, Prometheus, Nagios.

mod catalogue;
mod columns;
mod facts;
mod fleet;
mod image;
mod json;
mod nagios;
mod prometheus;
mod style;
mod table;
mod times;

pub use catalogue::{catalogue_json, catalogue_table, explain_json, explain_text};
pub use facts::{What, facts_json, facts_text};
pub use fleet::{Fleet, Judged, LineFormat};
pub use image::ImageListing;
pub use json::{SCHEMA, json};
pub use nagios::{nagios, nagios_unknown};
pub use prometheus::prometheus;
pub use style::Style;
pub use table::table;
pub use times::times;

use isctpl_checks::facts::{Facts, Mode};
use isctpl_checks::{Judgement, Reach, Severity};

/// What every format says in its own way.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was read.
    pub facts: &'a Facts,
    /// What it comes to.
    pub judgement: &'a Judgement,
    /// The file that the facts were kept in.
    pub snapshot: Option<&'a str>,
}

impl<'a> Report<'a> {
    /// How the run ends.
    pub fn exit_code(&self) -> u8 {
        self.judgement.exit_code()
    }

    /// The checks that could not be made: those that wait for the same fact are one thing to read.
    fn unknowns_by_reason(&self) -> Vec<(&'a str, Vec<&'static str>)> {
        let mut reasons: Vec<(&str, Vec<&'static str>)> = Vec::new();
        for (check, reason, _) in self.judgement.unknowns() {
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, ids)) => ids.push(check.id),
                None => reasons.push((reason, vec![check.id])),
            }
        }
        reasons
    }

    /// The mode as the JSON contract names it.
    fn mode(&self) -> &'static str {
        match (self.snapshot.is_some(), self.facts.scope.mode) {
            (true, _) => "snapshot",
            (false, Mode::Live) => "live",
            (false, Mode::Root) => "root",
        }
    }

    /// Where the root is for whoever reads the report. What a snapshot says is for the machine that it is of, and
    /// not for the one on which it is read.
    fn reach(&self) -> Reach<'_> {
        if self.snapshot.is_some() { Reach::Own } else { self.facts.scope.reach() }
    }

    fn counts(&self) -> Counts {
        let findings = self.judgement.findings();
        let of = |severity| findings.iter().filter(|(_, finding)| finding.severity == severity).count();
        let outcomes = |wanted: fn(&isctpl_checks::Outcome) -> bool| {
            self.judgement.results.iter().filter(|result| wanted(&result.outcome)).count()
        };
        Counts {
            critical: of(Severity::Critical),
            warning: of(Severity::Warning),
            info: of(Severity::Info),
            unknown: self.judgement.unknowns().count(),
            pass: outcomes(|outcome| matches!(outcome, isctpl_checks::Outcome::Pass(_))),
            not_applicable: outcomes(|outcome| matches!(outcome, isctpl_checks::Outcome::NotApplicable(_))),
        }
    }
}

/// How many of what.
#[derive(Debug, Clone, Copy)]
struct Counts {
    critical: usize,
    warning: usize,
    info: usize,
    unknown: usize,
    pass: usize,
    not_applicable: usize,
}
