//! One scenario from its LUN to its outcome.

use crate::bench::{Bench, Dhcp, SCRIPT, drive_yaml, instance_yaml};
use crate::lun::Workshop;
use crate::machine::{Machine, Start};
use crate::outcome::{Happened, Seeing, disagreements};
use crate::process::{finish, log};
use crate::report::Report;
use anyhow::{Context, Result, bail};
use isctpl_lab::scenario::{Catalogue, Scenario};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The lab's busybox: static, so that it runs when the instance's disk is gone.
pub(crate) const BUSYBOX: &str = "/bin/busybox";

/// How long a machine that came up may take to judge itself.
const JUDGING: Duration = Duration::from_secs(900);

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
    /// Whether machines are booted, or only judged beforehand.
    pub(crate) boot: bool,
    /// Whether the LUNs are kept.
    pub(crate) keep: bool,
    /// Whether a booted baseline hands out the sources of its facts.
    pub(crate) capture: bool,
}

/// How a scenario came out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The scenario.
    pub(crate) scenario: String,
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
    /// Every disagreement; none is what everybody wants.
    pub(crate) disagreements: Vec<String>,
    /// When it was tried, RFC 3339, UTC.
    pub(crate) time: String,
    /// How long it took, in seconds.
    pub(crate) seconds: u64,
    /// Where the logs are.
    #[serde(skip)]
    pub(crate) logs: PathBuf,
}

impl Lab {
    /// Tries one scenario.
    ///
    /// # Errors
    /// When the lab itself fails: a LUN cannot be made, a server or QEMU does not start.
    pub(crate) fn try_out(&self, scenario: &Scenario, bench: &mut Bench, say: &dyn Fn(&str)) -> Result<Outcome> {
        let begun = Instant::now();
        let logs = self.cache.join("runs").join(&scenario.name);
        if logs.exists() {
            fs::remove_dir_all(&logs)?;
        }
        fs::create_dir_all(&logs)?;
        let image = logs.join("lun.img");
        self.workshop.make(&self.catalogue, &scenario.name, &image, say)?;

        say("asking doctor");
        let before = self.predict(scenario, &image, &logs)?;
        let mut outcome = Outcome {
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            source: scenario.source.clone(),
            from: scenario.from.clone(),
            predicted: before.words(),
            happened: None,
            live: None,
            injected: None,
            disagreements: before.unlike(&scenario.expect, false, &self.catalogue.inherited(scenario)),
            time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            seconds: 0,
            logs: logs.clone(),
        };
        if self.boot {
            self.boot(scenario, bench, &image, &before, &mut outcome, say)?;
        }
        if !self.keep {
            fs::remove_file(&image)?;
        }
        outcome.seconds = begun.elapsed().as_secs();
        if self.boot {
            let path = self.outcome(&scenario.name);
            fs::create_dir_all(path.parent().unwrap_or(&self.cache))?;
            fs::write(&path, serde_json::to_vec_pretty(&outcome)?)?;
        }
        Ok(outcome)
    }

    /// Where the outcome of a scenario's last boot is kept.
    fn outcome(&self, name: &str) -> PathBuf {
        self.cache.join("outcomes").join(format!("{name}.json"))
    }

    /// How each scenario came out when it was last booted, beside it; nothing where it was not booted here.
    ///
    /// # Errors
    /// When what is kept of one cannot be read.
    pub(crate) fn last_outcomes<'a>(&'a self) -> Result<Vec<(&'a Scenario, Option<Outcome>)>> {
        let read = |scenario: &'a Scenario| -> Result<(&'a Scenario, Option<Outcome>)> {
            let path = self.outcome(&scenario.name);
            if !path.exists() {
                return Ok((scenario, None));
            }
            let outcome = serde_json::from_slice(&fs::read(&path)?);
            Ok((scenario, Some(outcome.with_context(|| format!("{}: is no outcome", path.display()))?)))
        };
        self.catalogue.scenarios().map(read).collect()
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
        let status = Command::new(program.replace("{root}", &place))
            .args(arguments.iter().map(|argument| argument.replace("{root}", &place)))
            .status()
            .with_context(|| format!("{program}: cannot be started"))?;
        attached.let_go()?;
        fs::remove_dir_all(&folder)?;
        Ok(status.success())
    }

    /// What doctor says of the root before it boots.
    fn predict(&self, scenario: &Scenario, image: &Path, logs: &Path) -> Result<Report> {
        let root = logs.join("target");
        let log_path = logs.join("predict.log");
        let attached = self.workshop.attach(image, &root, &log_path)?;
        let report = logs.join("before.json");
        let (folder, lab) = (scenario.folder.to_string_lossy(), self.folder.to_string_lossy());
        let status = Command::new(&self.program)
            .args(["doctor", "--format", "json", "--root"])
            .arg(&root)
            .args(
                scenario
                    .doctor
                    .iter()
                    .flatten()
                    .map(|argument| argument.replace("{dir}", &folder).replace("{lab}", &lab)),
            )
            .stdin(Stdio::null())
            .stdout(fs::File::create(&report)?)
            .stderr(log(&log_path)?)
            .status()
            .with_context(|| format!("{}: cannot be started", self.program.display()))?;
        attached.let_go()?;
        Report::read(&report).with_context(|| format!("doctor ended with {status}; see {}", log_path.display()))
    }

    /// The directory of iPXE's script, as isctpl writes it.
    fn script(&self, arguments: &[String], logs: &Path) -> Result<PathBuf> {
        let folder = logs.join("tftp");
        fs::create_dir_all(&folder)?;
        let (instance, drive) = (logs.join("instance.yaml"), logs.join("drive.yaml"));
        fs::write(&instance, instance_yaml())?;
        fs::write(&drive, drive_yaml())?;
        let mut command = Command::new(&self.program);
        command.arg("ipxe").arg("--instance-yaml").arg(instance).arg("--drive-yaml").arg(drive);
        command.arg("--with-secret").arg(folder.join(SCRIPT)).args(arguments);
        finish(&mut command, &logs.join("ipxe.log"))?;
        // dnsmasq serves only what everyone may read; the password is the lab's own.
        fs::set_permissions(folder.join(SCRIPT), fs::Permissions::from_mode(0o644))?;
        Ok(folder)
    }

    fn boot(
        &self,
        scenario: &Scenario,
        bench: &mut Bench,
        image: &Path,
        before: &Report,
        outcome: &mut Outcome,
        say: &dyn Fn(&str),
    ) -> Result<()> {
        let logs = outcome.logs.clone();
        let share = logs.join("share");
        let table = scenario.folder.join("ibft.table");
        let console = logs.join("console.log");
        let machine = Machine {
            start: Start::San(scenario.firmware),
            processors: self.processors,
            share: &share,
            console: &console,
            acpi_table: table.exists().then_some(table),
            patience: Duration::from_secs(scenario.patience),
            working: JUDGING,
        };
        let script = scenario.ipxe.as_deref().map(|arguments| self.script(arguments, &logs)).transpose()?;
        let dhcp = Dhcp { lease: scenario.lease.as_deref(), lines: &scenario.dhcp, script: script.as_deref() };
        let mut tries = 0;
        let life = loop {
            tries += 1;
            self.fill(&share, scenario)?;
            let life = bench.around(&logs, &[image], &dhcp, || {
                say("booting");
                machine.live(false)
            })?;
            match &life.bench {
                Some(line) if tries < 3 => say(&format!("the lab's own fault, once more: {line}")),
                Some(line) => bail!("the lab's network or target failed iPXE {tries} times: {line}"),
                None => break life,
            }
        };
        let report = |name: &str| -> Result<Option<Report>> {
            let path = share.join(name);
            path.exists().then(|| Report::read(&path)).transpose()
        };
        let answers = |name: &str| match fs::read_to_string(share.join(name)).ok()?.trim() {
            "answers" => Some(true),
            _ => Some(false),
        };
        let code = |name: &str| fs::read_to_string(share.join(name)).ok()?.trim().parse().ok();
        let (live, injected) = (report("live.json")?, report("injected.json")?);
        let clean = if life.judged { Some(self.is_clean(image, &logs)?) } else { None };
        let seeing = Seeing {
            life: &life,
            live: live.as_ref(),
            injected: injected.as_ref(),
            disk: [answers("disk-live"), answers("disk-injected")],
            clean,
            proof: code("proof.code"),
        };
        let happened = Happened::of(&seeing);
        outcome.disagreements =
            disagreements(scenario, &self.catalogue.inherited(scenario), before, &seeing, &happened);
        if code("inject.code").is_some_and(|code: i32| code != 0) {
            outcome.disagreements.push("inject.sh failed: see inject.log".to_owned());
        }
        outcome.happened = Some(happened);
        outcome.live = live.map(|report| report.words());
        outcome.injected = injected.map(|report| report.words());
        Ok(())
    }

    /// Puts what the machine shall see into its folder.
    fn fill(&self, share: &Path, scenario: &Scenario) -> Result<()> {
        if share.exists() {
            fs::remove_dir_all(share)?;
        }
        fs::create_dir_all(share)?;
        fs::copy(&self.program, share.join("isctpl"))?;
        fs::copy(BUSYBOX, share.join("busybox")).context("busybox-static is missing")?;
        fs::copy(self.folder.join("guest/task"), share.join("task"))?;
        if self.capture && self.catalogue.is_baseline(scenario) {
            fs::copy(self.folder.join("guest/capture.sh"), share.join("capture.sh"))?;
        }
        for name in ["inject.sh", "proof.sh"] {
            let path = scenario.folder.join(name);
            if path.exists() {
                fs::copy(path, share.join(name))?;
            }
        }
        Ok(())
    }

    /// Whether the root's filesystem was written whole: its journal has nothing to replay.
    fn is_clean(&self, image: &Path, logs: &Path) -> Result<bool> {
        let output = Command::new(self.folder.join("build/is-clean"))
            .arg(image)
            .stderr(log(&logs.join("clean.log"))?)
            .output()
            .context("build/is-clean: cannot be started")?;
        match String::from_utf8_lossy(&output.stdout).trim() {
            "clean" => Ok(true),
            "dirty" => Ok(false),
            _ => bail!("build/is-clean said nothing: see {}/clean.log", logs.display()),
        }
    }
}
