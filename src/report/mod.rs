//! Says it: table, JSON, HTML, JUnit, Prometheus, Nagios, Checkmk.

mod catalogue;
mod checkmk;
mod columns;
mod facts;
mod fleet;
mod html;
mod ignores;
mod image;
pub(crate) mod ipxe;
mod json;
mod junit;
mod markup;
mod nagios;
pub(crate) mod prepare;
mod prometheus;
pub(crate) mod rescue;
pub(crate) mod seal;
mod seal_platform;
mod snmp;
mod style;
mod table;
mod timeline;
mod times;
mod watch;
mod watch_metrics;

pub(crate) use catalogue::{catalogue_json, catalogue_table, explain_json, explain_text};
pub(crate) use checkmk::{checkmk, checkmk_unknown};
pub(crate) use facts::facts_text;
pub use facts::{What, facts_json};
pub(crate) use fleet::{Fleet, Judged, LineFormat};
pub(crate) use html::html;
pub(crate) use ignores::{Stand, Status};
pub(crate) use image::ImageListing;
pub(crate) use json::json;
pub(crate) use junit::{HEAD as JUNIT_HEAD, junit, junit_unknown};
pub(crate) use nagios::{nagios, nagios_unknown};
pub(crate) use prometheus::{Durations, prometheus};
pub use seal_platform::PlatformCli;
pub(crate) use seal_platform::next_steps;
pub(crate) use snmp::{Kept, snmp};
pub(crate) use style::Style;
pub(crate) use table::table;
pub(crate) use times::times;
pub(crate) use watch::{watch_json, watch_text};
pub(crate) use watch_metrics::WatchMetrics;

use clap::ValueEnum;
use isctpl_checks::facts::{Facts, Mode};
use isctpl_checks::{Check, Judgement, Link, Reach, Remedy, Severity, ShellCommand};

/// What every format says in its own way.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// What was read.
    pub facts: &'a Facts,
    /// What it comes to.
    pub judgement: &'a Judgement,
    /// The file that the facts were kept in.
    pub snapshot: Option<&'a str>,
    /// What the operator wants left out of account.
    pub ignores: &'a [Stand],
    /// What counts.
    pub fail_on: FailOn,
}

/// From what on a run fails: critical is worse than unknown, and unknown is worse than a warning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Only what is critical
    Critical,
    /// What is critical or unknown
    Unknown,
    /// Whatever is not OK
    #[default]
    Warning,
}

impl FailOn {
    /// The exit code that is left of one.
    pub fn applied_to(self, code: u8) -> u8 {
        match (self, code) {
            (Self::Critical, 2) | (Self::Unknown, 2..) | (Self::Warning, _) => code,
            _ => 0,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
        }
    }
}

/// How bad an exit code is: critical, then unknown, then warning.
pub fn rank(code: u8) -> u8 {
    match code {
        0 => 0,
        1 => 1,
        2 => 3,
        _ => 2,
    }
}

impl<'a> Report<'a> {
    /// How the run ends.
    pub fn exit_code(&self) -> u8 {
        self.fail_on.applied_to(self.code())
    }

    /// The same, before it is said what counts.
    fn code(&self) -> u8 {
        match self.judgement.exit_code() {
            0 if self.complaints().next().is_some() => 1,
            code => code,
        }
    }

    /// What is wrong with the operator's ignores.
    fn complaints(&self) -> impl Iterator<Item = String> {
        self.ignores.iter().filter_map(Stand::complaint)
    }

    /// The checks that could not be made: those that wait for the same fact are one thing to read.
    fn unknowns_by_reason(&self) -> Vec<(&'a str, Vec<&'static str>)> {
        by_reason(self.judgement.unknowns().map(|(check, reason, _)| (reason, check.id)))
    }

    /// The mode as the JSON contract names it.
    fn mode(&self) -> &'static str {
        match (self.snapshot.is_some(), self.facts.scope.mode) {
            (true, _) => "snapshot",
            (false, Mode::Live) => "live",
            (false, Mode::Root) => "root",
        }
    }

    /// Whether the commands are for another place than the one where the report is read: the machine that a snapshot is of,
    /// or wherever somebody mounts the disk.
    fn is_elsewhere(&self) -> bool {
        self.snapshot.is_some() || self.facts.scope.from_disk
    }

    /// Where the root is for whoever reads the report. What a snapshot says is for the machine that it is of, and
    /// not for the one on which it is read.
    fn reach(&self) -> Reach<'_> {
        if self.snapshot.is_some() { Reach::Own } else { self.facts.scope.reach() }
    }

    /// The command that fixes it, where `isctpl prepare` or `isctpl seal` can: as it is typed here, with what the person
    /// told that the facts still know. What a snapshot says is typed on the machine that it is of, whose root is `/`.
    fn fixed_by(&self, check: &Check, remedy: &Remedy) -> Option<String> {
        let command = match remedy.repairs() {
            _ if check.link == Link::Template && check.id.ends_with("-left") => self.seal(check),
            [] => return None,
            _ => self.prepare(check),
        };
        command.refused().is_none().then(|| command.to_string())
    }

    fn prepare(&self, check: &Check) -> ShellCommand {
        let scope = &self.facts.scope;
        let mut command = ShellCommand::new(&["isctpl", "prepare", "--only"]).value(check.id);
        let root = self.typed_root();
        let files = [("--root", root), ("--ibft-table", scope.ibft_table.as_ref()), ("--sysfs", scope.sysfs.as_ref())];
        let files = files.into_iter().filter(|_| !self.is_elsewhere());
        let files = files.filter_map(|(option, name)| Some((option, as_operand(name?))));
        let portals = scope.portals.iter().map(|portal| ("--portal", portal.to_string()));
        let subnets = scope.san_subnets.iter().map(|subnet| ("--san-subnet", subnet.to_string()));
        let nic = scope.san_nic.iter().map(|nic| ("--san-nic", nic.clone()));
        for (option, value) in files.chain(portals).chain(subnets).chain(nic) {
            command = command.args(&[option]).operand(value);
        }
        if scope.san_on_link {
            command = command.args(&["--san-on-link"]);
        }
        if root.is_some() && scope.same_machine && scope.same_machine_proof.is_none() {
            command = command.args(&["--same-machine"]);
        }
        command
    }

    fn seal(&self, check: &Check) -> ShellCommand {
        let command = ShellCommand::new(&["isctpl", "seal"]);
        let command = match self.typed_root() {
            Some(root) => command.args(&["--root"]).operand(as_operand(root)),
            None => command.args(&["--yes-this-machine"]),
        };
        if check.id == "template-host-keys-left" { command.args(&["--host-keys"]) } else { command }
    }

    /// The root that has to be named where the command is typed; `None` where that is `/`.
    fn typed_root(&self) -> Option<&String> {
        let scope = &self.facts.scope;
        Some(&scope.root).filter(|_| !self.is_elsewhere() && scope.mode == Mode::Root)
    }

    fn counts(&self) -> Counts {
        let findings = self.judgement.findings();
        let of = |severity| findings.iter().filter(|(_, finding)| finding.severity == severity).count();
        let outcomes = |wanted: fn(&isctpl_checks::Outcome) -> bool| {
            self.judgement.results.iter().filter(|result| wanted(&result.outcome)).count()
        };
        Counts {
            critical: of(Severity::Critical),
            warning: of(Severity::Warning) + self.complaints().count(),
            info: of(Severity::Info),
            unknown: self.judgement.unknowns().count(),
            pass: outcomes(|outcome| matches!(outcome, isctpl_checks::Outcome::Pass(_))),
            not_applicable: outcomes(|outcome| matches!(outcome, isctpl_checks::Outcome::NotApplicable(_))),
        }
    }
}

/// A path as an option takes it: what was given as `-x` is no option.
fn as_operand(path: &str) -> String {
    if path.starts_with('-') { format!("./{path}") } else { path.to_owned() }
}

/// Ids of checks by their reason, in the order in which the reasons come first.
fn by_reason<'a>(pairs: impl Iterator<Item = (&'a str, &'static str)>) -> Vec<(&'a str, Vec<&'static str>)> {
    let mut reasons: Vec<(&str, Vec<&'static str>)> = Vec::new();
    for (reason, id) in pairs {
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, ids)) => ids.push(id),
            None => reasons.push((reason, vec![id])),
        }
    }
    reasons
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
