//! What every trial of a run shares: where things are, and what doctor says of a root.

use crate::lun::{Attached, Workshop};
use crate::process::log;
use crate::report::Report;
use crate::table::Told;
use anyhow::{Context, Result};
use isctpl_lab::scenario::{Catalogue, Scenario};
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// What every scenario of a run shares.
#[derive(Debug)]
pub(crate) struct Lab {
    /// The lab's folder in the project.
    pub(crate) folder: PathBuf,
    /// Where LUNs, logs and reports are put.
    pub(crate) cache: PathBuf,
    /// The program that is tried.
    pub(crate) program: PathBuf,
    /// All scenarios.
    pub(crate) catalogue: Catalogue,
    /// Where LUNs are made.
    pub(crate) workshop: Workshop,
    /// How many processors a machine gets.
    pub(crate) processors: usize,
    /// How many times as long as usual everything in a machine may take.
    pub(crate) patience: u32,
    /// Whether machines are booted, or only judged beforehand.
    pub(crate) boot: bool,
    /// Whether the LUNs are kept.
    pub(crate) keep: bool,
    /// Whether a booted baseline hands out the sources of its facts.
    pub(crate) capture: bool,
}

impl Lab {
    /// An empty folder for what is written of one scenario.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn logs(&self, kind: &str, name: &str) -> Result<PathBuf> {
        let logs = self.cache.join(kind).join(name);
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir_all(&logs)?;
        Ok(logs)
    }

    /// A file for a LUN in that folder, which is gone when the trial ends, however that ends; unless LUNs are kept.
    pub(crate) fn image(&self, logs: &Path) -> Image {
        Image { path: logs.join("lun.img"), keep: self.keep }
    }

    /// Keeps how a scenario came out; `kind` is a folder of the cache.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn keep_outcome(&self, kind: &str, name: &str, outcome: &impl Serialize) -> Result<()> {
        let folder = self.cache.join(kind);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(format!("{name}.json")), serde_json::to_vec_pretty(outcome)?)?)
    }

    /// How each scenario came out last, beside it; nothing where it was not tried here.
    ///
    /// # Errors
    /// When what is kept of one cannot be read.
    pub(crate) fn last_outcomes<T: Told>(&self) -> Result<Vec<(&Scenario, Option<T>)>> {
        let mut outcomes = Vec::new();
        for scenario in T::tried_on(&self.catalogue) {
            let path = self.cache.join(T::KEPT_IN).join(format!("{}.json", scenario.name));
            let outcome = if path.exists() {
                let outcome = serde_json::from_slice(&fs::read(&path)?);
                Some(outcome.with_context(|| format!("{}: is no outcome", path.display()))?)
            } else {
                None
            };
            outcomes.push((scenario, outcome));
        }
        Ok(outcomes)
    }

    /// Runs a command while the scenario's root is mounted, as doctor sees it before the boot; `{root}` in
    /// its words is the mount. Returns whether it ended well.
    ///
    /// # Errors
    /// When the LUN cannot be made, or the command cannot be started.
    pub(crate) fn with_root(&self, scenario: &Scenario, command: &[String], say: &dyn Fn(&str)) -> Result<bool> {
        let (program, arguments) = command.split_first().context("no command")?;
        let folder = self.cache.join("with").join(&scenario.name);
        fs::create_dir_all(&folder)?;
        let (image, root, log_path) = (folder.join("lun.img"), folder.join("target"), folder.join("mount.log"));
        self.workshop.make(&self.catalogue, &scenario.name, &image, say)?;
        let attached = self.workshop.attach(&image, &root, &log_path)?;
        let place = root.to_string_lossy();
        let status = attached
            .command(program.replace("{root}", &place))
            .args(arguments.iter().map(|argument| argument.replace("{root}", &place)))
            .status()
            .with_context(|| format!("{program}: cannot be started"))?;
        attached.let_go()?;
        fs::remove_dir_all(&folder)?;
        Ok(status.success())
    }

    /// What doctor says of a root that is mounted; kept in a file, and its messages in the log.
    ///
    /// # Errors
    /// When doctor cannot be started, or says nothing.
    pub(crate) fn doctor(
        &self,
        scenario: &Scenario,
        attached: &Attached<'_>,
        more: &[&str],
        report: &Path,
        log_path: &Path,
    ) -> Result<Report> {
        let status = attached
            .command(&self.program)
            .args(["doctor", "--format", "json", "--root"])
            .arg(attached.root())
            .args(self.told(scenario, scenario.doctor.as_deref()))
            .args(more)
            .stdin(Stdio::null())
            .stdout(fs::File::create(report)?)
            .stderr(log(log_path)?)
            .status()
            .with_context(|| format!("{}: cannot be started", self.program.display()))?;
        Report::read(report).with_context(|| format!("doctor ended with {status}; see {}", log_path.display()))
    }

    /// Arguments of a scenario, with its folder and the lab's in them.
    pub(crate) fn told(&self, scenario: &Scenario, arguments: Option<&[String]>) -> Vec<String> {
        let (folder, lab) = (scenario.folder.to_string_lossy(), self.folder.to_string_lossy());
        let arguments = arguments.unwrap_or_default();
        arguments.iter().map(|argument| argument.replace("{dir}", &folder).replace("{lab}", &lab)).collect()
    }
}

/// A LUN's file.
#[derive(Debug)]
pub(crate) struct Image {
    /// Where it is.
    pub(crate) path: PathBuf,
    keep: bool,
}

impl Drop for Image {
    fn drop(&mut self) {
        if !self.keep {
            // It may never have been made.
            let _ = fs::remove_file(&self.path);
        }
    }
}
