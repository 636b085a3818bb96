//! `isctpl prepare` on a root: what doctor finds wrong is fixed, and the machine then boots.

use crate::bench::{Bench, INSTANCE, Instance, SECOND};
use crate::boot::Boot;
use crate::lab::Lab;
use crate::lun::{Attached, copy};
use crate::outcome::Happened;
use crate::process::log;
use crate::report::{Finding, Report};
use crate::table::{Told, Tried};
use anyhow::{Context, Result};
use isctpl_lab::changes::changed_files;
use isctpl_lab::scenario::{Expectation, Kind, Prepare, Scenario, Seen};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

/// What nobody can read off a root: where the targets of the lab are.
const KNOWN: [&str; 4] = ["--san-subnet", "100.97.0.0/16", "--san-gateway", "100.64.16.49"];

/// How `prepare` came out on a scenario's root.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Prepared {
    /// What was tried.
    #[serde(flatten)]
    pub(crate) tried: Tried,
    /// Why it was left out, where it was.
    pub(crate) left_out: Option<String>,
    /// What doctor said of the root as it was.
    pub(crate) found: String,
    /// The files that prepare showed a difference of.
    pub(crate) changed: Vec<String>,
    /// What doctor said afterwards.
    pub(crate) said: String,
    /// What the machine did, and the second instance; nothing where it was not booted.
    pub(crate) happened: Vec<Happened>,
    /// What doctor said in each.
    pub(crate) live: Vec<String>,
    /// How long it took, in seconds.
    pub(crate) seconds: u64,
}

impl Lab {
    /// Prepares one scenario's root and boots it; one that prepare does not claim to fix is left out.
    ///
    /// # Errors
    /// When the lab itself fails: a LUN cannot be made, a server or QEMU does not start.
    pub(crate) fn prepare(&self, scenario: &Scenario, bench: &Bench, say: &dyn Fn(&str)) -> Result<Prepared> {
        let begun = Instant::now();
        let logs = self.logs("prepared", &scenario.name)?;
        let image = self.image(&logs);
        let image = &image.path;
        self.workshop.make(&self.catalogue, &scenario.name, image, say)?;
        let log_path = logs.join("prepare.log");
        let root = logs.join("target");
        let attached = self.workshop.attach(image, &root, &log_path)?;
        let before = self.doctor(scenario, &attached, &KNOWN[..2], &logs.join("before.json"), &log_path)?;
        let mut outcome = Prepared::begun(scenario, &logs);
        outcome.left_out = left_out(scenario, &before);
        outcome.found = before.words();
        if outcome.left_out.is_some() {
            attached.let_go()?;
        } else {
            let allowed = self.allowed(scenario, &before);
            say("preparing");
            self.on_disk(scenario, &attached, &allowed, &mut outcome)?;
            attached.detach()?;
            // What is said not to boot needs no proof, and a machine that is as it was has been booted as it was.
            let same = scenario.kind() == Kind::Healthy && outcome.changed.is_empty();
            if self.boot && outcome.said == "boots" && !same {
                self.instances(scenario, bench, image, &allowed, &mut outcome, say)?;
            }
        }
        outcome.seconds = begun.elapsed().as_secs();
        if self.boot || outcome.left_out.is_some() {
            self.keep_outcome("prepared-outcomes", &scenario.name, &outcome)?;
        }
        Ok(outcome)
    }

    /// Warnings that may stay: those of the healthy machine, and what the scenario is otherwise about that
    /// prepare does not claim.
    fn allowed(&self, scenario: &Scenario, before: &Report) -> Vec<String> {
        let mut allowed = self.catalogue.inherited(scenario);
        allowed.extend(scenario.stays.iter().cloned());
        let own = std::iter::once(&scenario.expect).chain(&scenario.live);
        let own = own.flat_map(|expected| expected.finding.iter().chain(&expected.also));
        allowed.extend(own.filter(|check| !before.finding(check).is_some_and(Finding::is_claimed)).cloned());
        allowed
    }

    /// What is done to the root, and what doctor says of it then.
    fn on_disk(
        &self,
        scenario: &Scenario,
        attached: &Attached<'_>,
        allowed: &[String],
        outcome: &mut Prepared,
    ) -> Result<()> {
        let own = match &scenario.prepare {
            Some(Prepare::With(arguments)) => Some(arguments.as_slice()),
            _ => None,
        };
        let mut arguments = self.told(scenario, scenario.doctor.as_deref());
        arguments.extend(self.told(scenario, own));
        arguments.extend(KNOWN.map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (code, text) =
            self.ask(attached, &outcome.tried.logs, "prepare", &[&["--yes"], arguments.as_slice()].concat())?;
        if code != Some(0) {
            outcome.tried.disagreements.push(format!("prepare ended with {code:?}: see prepare.out"));
        }
        outcome.changed = changed_files(&text);
        // What was installed needs no second time, and nothing is installed on trial.
        let again = arguments.iter().copied().filter(|argument| *argument != "--install");
        let again: Vec<&str> = std::iter::once("--dry-run").chain(again).collect();
        let (code, text) = self.ask(attached, &outcome.tried.logs, "prepare", &again)?;
        let more = changed_files(&text);
        // What is left to a person is said every time.
        let settled = code == Some(0) || code == Some(3) && text.contains("  by hand ");
        if !settled || !more.is_empty() {
            outcome
                .tried
                .disagreements
                .push(format!("prepared once more, it ended with {code:?} and changes {more:?}"));
        }
        if scenario.kind() == Kind::Bare {
            let (code, _) = self.ask(attached, &outcome.tried.logs, "seal", &["--yes"])?;
            if code != Some(0) {
                outcome.tried.disagreements.push(format!("seal ended with {code:?}: see seal.out"));
            }
            self.as_template(scenario, attached, outcome)?;
        }
        self.afterwards(scenario, attached, allowed, outcome)
    }

    /// What is found of a root that was sealed, as a template.
    ///
    /// # Errors
    /// When doctor says nothing.
    pub(crate) fn as_template(
        &self,
        scenario: &Scenario,
        attached: &Attached<'_>,
        outcome: &mut Prepared,
    ) -> Result<()> {
        let (path, log_path) = (outcome.tried.logs.join("template.json"), outcome.tried.logs.join("prepare.log"));
        let template = self.doctor(scenario, attached, &["--only", "template"], &path, &log_path)?;
        let found = template.findings.iter().filter(|finding| finding.status == "fail");
        outcome
            .tried
            .disagreements
            .extend(found.map(|finding| format!("as a template, {} was found: {}", finding.check, finding.summary)));
        Ok(())
    }

    /// What doctor says of a root that was prepared: it boots, and no warning is new.
    ///
    /// # Errors
    /// When doctor says nothing.
    pub(crate) fn afterwards(
        &self,
        scenario: &Scenario,
        attached: &Attached<'_>,
        allowed: &[String],
        outcome: &mut Prepared,
    ) -> Result<()> {
        let log_path = outcome.tried.logs.join("prepare.log");
        let after = self.doctor(scenario, attached, &KNOWN[..2], &outcome.tried.logs.join("after.json"), &log_path)?;
        outcome.said = after.words();
        let differences = after.unlike(&boots(), false, allowed);
        outcome.tried.disagreements.extend(differences.into_iter().map(|text| format!("after prepare, {text}")));
        Ok(())
    }

    /// Runs a command of isctpl on the root; what it prints goes to a file of its name.
    fn ask(&self, attached: &Attached<'_>, logs: &Path, name: &str, more: &[&str]) -> Result<(Option<i32>, String)> {
        let mut command = attached.command(&self.program);
        command.arg(name).arg("--root").arg(attached.root()).args(more).stdin(Stdio::null());
        let path = logs.join(format!("{name}.out"));
        let mut whole = log(&path)?;
        let output = command.stderr(log(&path)?).output().with_context(|| format!("{name} cannot be started"))?;
        std::io::Write::write_all(&mut whole, &output.stdout)?;
        Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// The instance that the root is of; of a template, one that boots a copy of it as well.
    fn instances(
        &self,
        scenario: &Scenario,
        bench: &Bench,
        image: &Path,
        allowed: &[String],
        outcome: &mut Prepared,
        say: &dyn Fn(&str),
    ) -> Result<()> {
        if scenario.kind() == Kind::Bare {
            return self.two_instances(scenario, bench, image, allowed, outcome, say);
        }
        let logs = outcome.tried.logs.clone();
        self.one_instance(scenario, bench, (INSTANCE, &logs, image), allowed, outcome, say)
    }

    /// The instance that a template is of, and one that boots a copy of it.
    ///
    /// # Errors
    /// When the lab itself fails.
    pub(crate) fn two_instances(
        &self,
        scenario: &Scenario,
        bench: &Bench,
        image: &Path,
        allowed: &[String],
        outcome: &mut Prepared,
        say: &dyn Fn(&str),
    ) -> Result<()> {
        let logs = outcome.tried.logs.clone();
        let second = logs.join("second");
        fs::create_dir(&second)?;
        let clone = self.image(&second);
        copy(image, &clone.path)?;
        self.one_instance(scenario, bench, (INSTANCE, &logs, image), allowed, outcome, say)?;
        self.one_instance(scenario, bench, (SECOND, &second, &clone.path), allowed, outcome, say)
    }

    fn one_instance(
        &self,
        scenario: &Scenario,
        bench: &Bench,
        (instance, logs, image): (Instance, &Path, &Path),
        allowed: &[String],
        outcome: &mut Prepared,
        say: &dyn Fn(&str),
    ) -> Result<()> {
        let booted = self.boot(bench, &Boot { scenario, image, logs, instance, scripts: false }, say)?;
        let happened = Happened::of(&booted.seeing());
        let mut differences = happened.unlike("boots", None, Seen::default());
        match &booted.live {
            Some(live) => {
                differences.extend(live.unlike(&boots(), false, allowed));
                differences.extend(live.unsound(allowed));
            }
            None => differences.push("there is no verdict of the booted instance".to_owned()),
        }
        let who = if instance.alone { "in the second instance, " } else { "in the instance, " };
        outcome.tried.disagreements.extend(differences.into_iter().map(|text| format!("{who}{text}")));
        outcome.happened.push(happened);
        outcome.live.extend(booted.live.map(|report| report.words()));
        Ok(())
    }
}

/// Why prepare is not tried on a scenario, where it is not.
fn left_out(scenario: &Scenario, before: &Report) -> Option<String> {
    if let Some(Prepare::Not(reason)) = &scenario.prepare {
        return Some(reason.clone());
    }
    if scenario.kind() != Kind::Fault {
        return None;
    }
    let deciding = before.verdict.checks.iter().chain(&scenario.expect.finding);
    let found: Vec<&Finding> = deciding.filter_map(|check| before.finding(check)).collect();
    if found.iter().any(|finding| finding.is_claimed()) {
        return None;
    }
    match found.first() {
        Some(finding) => Some(format!("prepare does not claim to fix {}", finding.check)),
        None => Some("nothing is found that files could fix".to_owned()),
    }
}

/// What must be said of a root that was prepared.
fn boots() -> Expectation {
    Expectation { verdict: "boots".to_owned(), link: None, finding: None, also: Vec::new() }
}

impl Told for Prepared {
    const KEPT_IN: &str = "prepared-outcomes";
    const RECORD: [&str; 3] = ["prepare.md", "What prepare fixed", "--prepare --record"];
    const COLUMNS: (&[&str], &[&str]) = (
        &["found", "said afterwards", "what happened"],
        &["found", "what prepare changed", "said afterwards", "what happened", "said in the instance"],
    );

    fn tried(&self) -> &Tried {
        &self.tried
    }

    fn cells(&self) -> Vec<String> {
        vec![self.found.clone(), self.left_out.clone().unwrap_or_else(|| self.said.clone()), self.summary()]
    }

    fn recorded(&self) -> Vec<String> {
        let said = self.left_out.clone().unwrap_or_else(|| self.said.clone());
        vec![self.found.clone(), self.changes(), said, self.summary(), self.said_in_instances()]
    }

    fn sum(outcomes: &[&Self], scenarios: usize) -> String {
        let tried: Vec<&&Self> = outcomes.iter().filter(|outcome| outcome.left_out.is_none()).collect();
        let well = tried.iter().filter(|outcome| outcome.tried.disagreements.is_empty()).count();
        format!(
            "{scenarios} scenarios. Of {} prepare says that it fixes what is found, or that nothing is to be done; \
             {well} of them then came up, passed and shut down.",
            tried.len()
        )
    }
}

impl Prepared {
    /// An outcome of which nothing is known yet.
    pub(crate) fn begun(scenario: &Scenario, logs: &Path) -> Self {
        Self {
            tried: Tried::now(scenario, logs),
            left_out: None,
            found: String::new(),
            changed: Vec::new(),
            said: String::new(),
            happened: Vec::new(),
            live: Vec::new(),
            seconds: 0,
        }
    }

    /// The files that were changed, for the record.
    pub(crate) fn changes(&self) -> String {
        let changed: Vec<String> = self.changed.iter().map(|path| format!("`{path}`")).collect();
        if changed.is_empty() { "-".to_owned() } else { changed.join(", ") }
    }

    /// What doctor said in the instances, for the record.
    pub(crate) fn said_in_instances(&self) -> String {
        if self.live.is_empty() { "-".to_owned() } else { self.live.join("; the second: ") }
    }

    /// What the machine, and the second, did, in a sentence.
    pub(crate) fn summary(&self) -> String {
        let happened: Vec<&str> = self.happened.iter().map(|happened| happened.summary.as_str()).collect();
        match (self.left_out.is_some(), happened.as_slice()) {
            (true, _) => "left out".to_owned(),
            (false, []) if self.changed.is_empty() => "not booted, for nothing was changed".to_owned(),
            (false, []) => "not booted".to_owned(),
            (false, happened) => happened.join("; the second "),
        }
    }
}
