//! One scenario from its LUN to its outcome.

use crate::bench::{Bench, INSTANCE};
use crate::boot::Boot;
use crate::lab::Lab;
use crate::outcome::{Happened, disagreements};
use crate::report::Report;
use crate::table::{Told, Tried};
use anyhow::Result;
use isctpl_lab::scenario::{Scenario, Seen};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::Instant;

/// How a scenario came out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// What was tried.
    #[serde(flatten)]
    pub(crate) tried: Tried,
    /// What it is.
    pub(crate) title: String,
    /// Where the fault is known from.
    pub(crate) source: Option<String>,
    /// What it was made from.
    pub(crate) from: String,
    /// What doctor said of the root before it booted.
    pub(crate) predicted: String,
    /// What the machine did; nothing where it was not booted.
    pub(crate) happened: Option<Happened>,
    /// What doctor said in the instance, where it came up.
    pub(crate) live: Option<String>,
    /// What doctor said after the injection.
    pub(crate) injected: Option<String>,
    /// What the machine did when it was booted again after the injection.
    #[serde(default)]
    pub(crate) again: Option<Happened>,
    /// How long it took, in seconds.
    pub(crate) seconds: u64,
}

impl Lab {
    /// Tries one scenario.
    ///
    /// # Errors
    /// When the lab itself fails: a LUN cannot be made, a server or QEMU does not start.
    pub(crate) fn try_out(&self, scenario: &Scenario, bench: &Bench, say: &dyn Fn(&str)) -> Result<Outcome> {
        let begun = Instant::now();
        let logs = self.logs("runs", &scenario.name)?;
        let image = self.image(&logs);
        let image = &image.path;
        self.workshop.make(&self.catalogue, &scenario.name, image, say)?;

        say("asking doctor");
        let before = self.predict(scenario, image, &logs)?;
        let mut outcome = Outcome {
            tried: Tried {
                disagreements: before.unlike(&scenario.expect, false, &self.catalogue.inherited(scenario)),
                ..Tried::now(scenario, &logs)
            },
            title: scenario.title.clone(),
            source: scenario.source.clone(),
            from: scenario.from.clone(),
            predicted: before.words(),
            happened: None,
            live: None,
            injected: None,
            again: None,
            seconds: 0,
        };
        if self.boot {
            let boot = Boot { scenario, image, logs: &logs, instance: INSTANCE, scripts: true };
            let booted = self.boot(bench, &boot, say)?;
            let seeing = booted.seeing();
            let happened = Happened::of(&seeing);
            outcome.tried.disagreements =
                disagreements(scenario, &self.catalogue.inherited(scenario), &before, &seeing, &happened);
            outcome.happened = Some(happened);
            outcome.live = booted.live.map(|report| report.words());
            outcome.injected = booted.injected.as_ref().map(Report::words);
            if let Some(said) = booted.injected.filter(|_| scenario.again) {
                self.boot_again(
                    &Boot { logs: &logs.join("again"), scripts: false, ..boot },
                    bench,
                    &said,
                    &mut outcome,
                    say,
                )?;
            }
        }
        outcome.seconds = begun.elapsed().as_secs();
        if self.boot {
            self.keep_outcome("outcomes", &scenario.name, &outcome)?;
        }
        Ok(outcome)
    }

    /// Boots what the injection left, and holds that against what doctor said of it.
    fn boot_again(
        &self,
        boot: &Boot<'_>,
        bench: &Bench,
        said: &Report,
        outcome: &mut Outcome,
        say: &dyn Fn(&str),
    ) -> Result<()> {
        fs::create_dir_all(boot.logs)?;
        let again = Happened::of(&self.boot(bench, boot, say)?.seeing());
        let verdict = &said.verdict;
        let unlike = again.unlike(&verdict.boot, verdict.broken_link.as_deref(), Seen::default());
        outcome.tried.disagreements.extend(unlike.into_iter().map(|text| format!("booted again, {text}")));
        outcome.again = Some(again);
        Ok(())
    }

    /// What doctor says of the root before it boots.
    fn predict(&self, scenario: &Scenario, image: &Path, logs: &Path) -> Result<Report> {
        let root = logs.join("target");
        let log_path = logs.join("predict.log");
        let attached = self.workshop.attach(image, &root, &log_path)?;
        let report = self.doctor(scenario, &attached, &[], &logs.join("before.json"), &log_path);
        attached.let_go()?;
        report
    }
}

impl Told for Outcome {
    const KEPT_IN: &str = "outcomes";
    const RECORD: [&str; 3] = ["results.md", "How every scenario came out", "--record"];
    const COLUMNS: (&[&str], &[&str]) =
        (&["said before", "what happened"], &["said before the boot", "what happened", "said in the instance"]);

    fn tried(&self) -> &Tried {
        &self.tried
    }

    fn cells(&self) -> Vec<String> {
        let said = match &self.injected {
            Some(injected) => format!("{}, then {injected}", self.predicted),
            None => self.predicted.clone(),
        };
        vec![said, self.summary()]
    }

    fn recorded(&self) -> Vec<String> {
        let inside = match (&self.live, &self.injected) {
            (Some(live), Some(injected)) => format!("{live}; after the injection {injected}"),
            (Some(live), None) => live.clone(),
            (None, _) => "-".to_owned(),
        };
        vec![self.predicted.clone(), self.summary(), inside]
    }

    fn sum(outcomes: &[&Self], scenarios: usize) -> String {
        let agreed = outcomes.iter().filter(|outcome| outcome.tried.disagreements.is_empty()).count();
        format!("{scenarios} scenarios: {} were booted, {agreed} of them did what doctor had said.", outcomes.len())
    }
}

impl Outcome {
    /// What the machine did, in a sentence.
    fn summary(&self) -> String {
        let Some(happened) = &self.happened else { return "not booted".to_owned() };
        let again = self.again.as_ref().map(|again| format!("; booted again, {}", again.summary));
        format!("{}{}", happened.summary, again.unwrap_or_default())
    }
}
