//! JUnit's XML, which pipelines read: a suite for a machine, in it a case for the verdict, and one for each check.
//!
//! Nobody owns the format. Apache Ant wrote it first; what is written here is what Jenkins' schema (`junit-10.xsd` of its
//! xunit plugin) has for a `testsuites`. A failure or an error stands there exactly where the exit code is not 0, so that the pipeline's
//! page and its job say the same: what `--fail-on` leaves out is skipped, and says so.

use super::ignores::Stand;
use super::markup::text;
use super::table::verdict_sentence;
use super::{FailOn, Report};
use isctpl_checks::{BootVerdict, Check, CheckResult, Evidence, Finding, Link, Outcome, Severity};
use std::fmt::Write;

/// The start of a document.
pub(crate) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"isctpl doctor\">\n";

/// Its end.
pub(super) const END: &str = "</testsuites>\n";

/// How a case ended, in the words of the format, and in a sentence why.
enum Told {
    Passed,
    /// The machine is not as it has to be; of what kind.
    Failure(&'static str, String),
    /// The question could not be answered.
    Error(String),
    /// It says nothing about this machine, or nothing that counts.
    Skipped(String),
}

/// A case, as a suite takes it up.
struct Case<'a> {
    /// The link of the chain, or what else the case is about.
    group: &'a str,
    name: &'a str,
    told: Told,
    /// What there is to read about it, a line each.
    details: Vec<String>,
}

/// The cases of a machine, and how many ended how.
#[derive(Default)]
struct Suite {
    machine: String,
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

/// A report as a document of its own.
pub(crate) fn junit(report: &Report<'_>) -> String {
    format!("{HEAD}{}{END}", suite(report, report.complaints()))
}

/// One of several machines: what is wrong with isctpl.toml is told once, behind them.
pub(super) fn junit_of_many(report: &Report<'_>) -> String {
    suite(report, std::iter::empty())
}

/// A machine that could not be judged.
pub(super) fn junit_unreadable(machine: &str, why: &str) -> String {
    let mut suite = Suite::of(machine);
    suite.add(&Case { group: "verdict", name: "verdict", told: Told::Error(why.to_owned()), details: Vec::new() });
    suite.written("")
}

/// What is wrong with isctpl.toml, as a suite of its own; nothing where all is well.
pub(super) fn junit_of_complaints(complaints: impl Iterator<Item = String>, fail_on: FailOn) -> String {
    let mut suite = Suite::of("isctpl.toml");
    add_complaints(&mut suite, complaints, fail_on);
    if suite.tests == 0 { String::new() } else { suite.written("") }
}

/// The document of a run that came to no report.
pub(crate) fn junit_unknown(why: &str) -> String {
    format!("{HEAD}{}{END}", junit_unreadable("isctpl", why))
}

fn suite(report: &Report<'_>, complaints: impl Iterator<Item = String>) -> String {
    let scope = &report.facts.scope;
    let mut suite = Suite::of(&match (report.snapshot, &scope.hostname) {
        (Some(file), Some(host)) => format!("{file} ({host})"),
        (Some(file), None) => file.to_owned(),
        (None, Some(host)) => host.clone(),
        (None, None) => scope.root.clone(),
    });
    suite.add(&verdict(report));
    for result in &report.judgement.results {
        suite.add(&of_check(report, result));
    }
    add_complaints(&mut suite, complaints, report.fail_on);
    let optional = |name, value: &Option<String>| value.as_ref().map(|value| (name, value.clone()));
    let properties = [
        Some(("isctpl", env!("CARGO_PKG_VERSION").to_owned())),
        Some(("verdict", report.judgement.verdict.boot.name().to_owned())),
        report.judgement.verdict.broken_link.map(|link| ("broken_link", link.name().to_owned())),
        Some(("mode", report.mode().to_owned())),
        Some(("root", scope.root.clone())),
        Some(("time", scope.time.clone())),
        optional("host", &scope.hostname),
        optional("os", &scope.os),
    ];
    let properties = properties.into_iter().flatten().fold(String::new(), |mut all, (name, value)| {
        let _ = writeln!(all, "<property name=\"{name}\" value=\"{}\"/>", text(&value));
        all
    });
    suite.written(&format!("<properties>\n{properties}</properties>\n"))
}

/// What counts from which level on, and what is said of it where it does not.
fn counted(counts: bool, told: Told, fail_on: FailOn) -> Told {
    let said = |what: &str, why: &str| format!("{what}, does not count (--fail-on {}): {why}", fail_on.name());
    match told {
        Told::Failure(kind, why) if !counts => Told::Skipped(said(kind, &why)),
        Told::Error(why) if !counts => Told::Skipped(said("unknown", &why)),
        told => told,
    }
}

fn verdict(report: &Report<'_>) -> Case<'static> {
    let judgement = report.judgement;
    let why = verdict_sentence(report);
    let told = match judgement.verdict.boot {
        BootVerdict::Boots => Told::Passed,
        BootVerdict::Fails => Told::Failure("fails", why.clone()),
        BootVerdict::AtRisk => Told::Failure("at-risk", why.clone()),
        // Who asks for some checks has these for an answer, as long as there is one.
        BootVerdict::Unknown if judgement.partial && judgement.exit_code() != 3 => Told::Skipped(why.clone()),
        BootVerdict::Unknown => counted(report.fail_on != FailOn::Critical, Told::Error(why.clone()), report.fail_on),
    };
    let chain = judgement.chain.iter();
    let chain = chain.map(|link| format!("{}: {}: {}", link.link.name(), link.status.name(), link.summary));
    Case { group: "verdict", name: "verdict", told, details: std::iter::once(why).chain(chain).collect() }
}

fn of_check<'a>(report: &Report<'_>, result: &'a CheckResult) -> Case<'a> {
    let check = result.check;
    let fail_on = report.fail_on;
    let (told, details) = match (&result.outcome, result.ignored.is_some()) {
        (_, true) => (Told::Skipped(ignored(report, check)), Vec::new()),
        (Outcome::Pass(reason), _) => (Told::Passed, vec![reason.clone()]),
        (Outcome::NotApplicable(reason), _) => (Told::Skipped(reason.clone()), Vec::new()),
        (Outcome::Unknown { reason, evidence }, _) => {
            // Of a check that alarms nobody the verdict does not hang, nor does the exit code.
            let told = match decides(report, check) {
                true => counted(fail_on != FailOn::Critical, Told::Error(format!("unknown: {reason}")), fail_on),
                false => Told::Skipped(format!("unknown: {reason}")),
            };
            (told, shown(evidence).collect())
        }
        (Outcome::Fail(findings), _) => {
            let details = findings.iter().flat_map(|finding| of_finding(report, check, finding)).collect();
            (of_findings(findings, fail_on), details)
        }
    };
    Case { group: check.link.name(), name: check.id, told, details }
}

/// Whether it keeps the verdict open that this check could not be made.
fn decides(report: &Report<'_>, check: &Check) -> bool {
    let open = report.judgement.verdict.boot != BootVerdict::Boots;
    open && check.severity == Severity::Critical && check.link != Link::Template
}

fn ignored(report: &Report<'_>, check: &Check) -> String {
    let stand = report.ignores.iter().filter(|stand| stand.ignore.check == check.id).find_map(Stand::told);
    stand.unwrap_or_else(|| "ignored by isctpl.toml".to_owned())
}

fn of_findings(findings: &[Finding], fail_on: FailOn) -> Told {
    // Of equal ones the first.
    let worst = findings.iter().rev().max_by_key(|finding| finding.severity);
    let Some(worst) = worst else { return Told::Passed };
    let more = match findings.len() {
        0 | 1 => String::new(),
        several => format!(" (and {} more)", several - 1),
    };
    let failure = Told::Failure(worst.severity.name(), format!("{}{more}", worst.summary));
    match worst.severity {
        Severity::Critical => failure,
        Severity::Warning => counted(fail_on == FailOn::Warning, failure, fail_on),
        Severity::Info => Told::Passed,
    }
}

fn shown(evidence: &[Evidence]) -> impl Iterator<Item = String> {
    evidence.iter().map(|piece| match piece.excerpt.as_str() {
        "" => format!("evidence: {}", piece.source),
        excerpt => format!("evidence: {}: {excerpt}", piece.source),
    })
}

/// A finding whole: what is wrong, what shows it, and what to type where.
fn of_finding(report: &Report<'_>, check: &Check, finding: &Finding) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", finding.severity, finding.summary)];
    lines.extend(shown(&finding.evidence));
    // What a snapshot is answered with must not act on the machine on which it is read, if it is pasted there.
    let guard = if report.is_elsewhere() { "# " } else { "" };
    if let Some(command) = report.fixed_by(check, &finding.remedy) {
        lines.push(format!("fixed by: {guard}{command}"));
    }
    if !finding.remedy.text.is_empty() {
        lines.push(format!("fix: {}", finding.remedy.text));
    }
    lines.extend(finding.remedy.typed(report.reach()).iter().map(|command| format!("    {guard}{command}")));
    lines
}

fn add_complaints(suite: &mut Suite, complaints: impl Iterator<Item = String>, fail_on: FailOn) {
    for complaint in complaints {
        let told = counted(fail_on == FailOn::Warning, Told::Failure("warning", complaint), fail_on);
        suite.add(&Case { group: "isctpl.toml", name: "ignore", told, details: Vec::new() });
    }
}

impl Suite {
    fn of(machine: &str) -> Self {
        Self { machine: text(machine), ..Self::default() }
    }

    fn add(&mut self, case: &Case<'_>) {
        self.tests += 1;
        // A reader that keeps no suites apart must not take two machines' cases for one.
        let _ = write!(self.cases, "<testcase classname=\"{}.{}\" name=\"{}\">", self.machine, case.group, case.name);
        let mut details = case.details.iter().fold(String::new(), |all, line| all + &text(line) + "\n");
        let mut element = |name: &str, kind: &str, why: &str| {
            let body = std::mem::take(&mut details);
            let _ = write!(self.cases, "<{name} type=\"{kind}\" message=\"{}\">{body}</{name}>", text(why));
        };
        match &case.told {
            Told::Passed => {}
            Told::Failure(kind, why) => {
                self.failures += 1;
                element("failure", kind, why);
            }
            Told::Error(why) => {
                self.errors += 1;
                element("error", "unknown", why);
            }
            Told::Skipped(why) => {
                self.skipped += 1;
                let _ = write!(self.cases, "<skipped message=\"{}\"/>", text(why));
            }
        }
        if !details.is_empty() {
            let _ = write!(self.cases, "<system-out>{details}</system-out>");
        }
        self.cases.push_str("</testcase>\n");
    }

    fn written(&self, properties: &str) -> String {
        let Self { machine, cases, tests, failures, errors, skipped } = self;
        format!(
            "<testsuite name=\"{machine}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\">\n{properties}{cases}</testsuite>\n"
        )
    }
}
