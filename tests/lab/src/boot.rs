//! One boot of a LUN, from what the machine shall see to what was seen of it.

use crate::bench::{Bench, Dhcp, Instance, SCRIPT, drive_yaml, instance_yaml};
use crate::lab::Lab;
use crate::machine::{Life, Machine, Start};
use crate::outcome::Seeing;
use crate::process::{finish, log};
use crate::report::Report;
use anyhow::{Context, Result, bail};
use isctpl_lab::scenario::Scenario;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The lab's busybox: static, so that it runs when the instance's disk is gone.
pub(crate) const BUSYBOX: &str = "/bin/busybox";

/// How long a machine that came up may take to judge itself.
const JUDGING: Duration = Duration::from_secs(900);

/// How long a shutdown may take. systemd gives a stop job 90 s before it kills.
pub(crate) const SHUTDOWN: Duration = Duration::from_secs(150);

/// Who boots which LUN.
#[derive(Debug)]
pub(crate) struct Boot<'a> {
    /// The scenario whose network, firmware and patience it has.
    pub(crate) scenario: &'a Scenario,
    /// The LUN.
    pub(crate) image: &'a Path,
    /// Where its logs go, and the folder that it sees.
    pub(crate) logs: &'a Path,
    /// The instance.
    pub(crate) instance: Instance,
    /// Whether the scenario's scripts run in it: what is injected, and what proves the fault.
    pub(crate) scripts: bool,
}

/// What was seen of a boot.
#[derive(Debug)]
pub(crate) struct Booted {
    /// The machine's life.
    life: Life,
    /// What doctor said in it once it was up.
    pub(crate) live: Option<Report>,
    /// What doctor said after the injection.
    pub(crate) injected: Option<Report>,
    /// Whether the root's disk answered, once up and after the injection.
    disk: [Option<bool>; 2],
    /// Whether the root's filesystem was written whole at the end.
    clean: Option<bool>,
    /// The exit code of the scenario's `proof.sh`.
    proof: Option<i32>,
    /// The exit code of the scenario's `inject.sh`.
    inject: Option<i32>,
}

impl Booted {
    /// The same, to be held against what was said.
    pub(crate) fn seeing(&self) -> Seeing<'_> {
        Seeing {
            life: &self.life,
            live: self.live.as_ref(),
            injected: self.injected.as_ref(),
            disk: self.disk,
            clean: self.clean,
            proof: self.proof,
            inject: self.inject,
        }
    }
}

impl Lab {
    /// Boots a LUN and watches the machine to its end.
    ///
    /// # Errors
    /// When the lab itself fails: a server or QEMU does not start, or iPXE does not reach the target three times.
    pub(crate) fn boot(&self, bench: &Bench, boot: &Boot<'_>, say: &dyn Fn(&str)) -> Result<Booted> {
        let (scenario, logs) = (boot.scenario, boot.logs);
        self.workshop.encrypt(boot.image, &logs.join("encrypt.log"))?;
        let share = logs.join("share");
        let table = scenario.folder.join("ibft.table");
        let console = logs.join("console.log");
        let machine = Machine {
            start: Start::San(scenario.firmware),
            instance: boot.instance,
            processors: self.processors,
            share: &share,
            console: &console,
            acpi_table: table.exists().then_some(table),
            patience: Duration::from_secs(scenario.patience) * self.patience,
            working: JUDGING * self.patience,
            shutdown: SHUTDOWN * self.patience,
        };
        let script = scenario.ipxe.as_deref().map(|arguments| self.script(arguments, logs)).transpose()?;
        let dhcp = Dhcp {
            instance: boot.instance,
            lease: scenario.lease.as_deref(),
            lines: &scenario.dhcp,
            names: false,
            script: script.as_deref(),
        };
        let mut tries = 0;
        let life = loop {
            tries += 1;
            self.fill(&share, boot)?;
            let life = bench.around(logs, &[boot.image], &dhcp, || {
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
        Ok(Booted {
            live: report("live.json")?,
            injected: report("injected.json")?,
            disk: [answers("disk-live"), answers("disk-injected")],
            clean: if life.judged { Some(self.is_clean(boot.image, logs)?) } else { None },
            proof: code("proof.code"),
            inject: code("inject.code"),
            life,
        })
    }

    /// The directory of iPXE's script, as isctpl writes it.
    ///
    /// # Errors
    /// When isctpl refuses the arguments.
    pub(crate) fn script(&self, arguments: &[String], logs: &Path) -> Result<PathBuf> {
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

    /// Puts what the machine shall see into its folder.
    fn fill(&self, share: &Path, boot: &Boot<'_>) -> Result<()> {
        if share.exists() {
            fs::remove_dir_all(share)?;
        }
        fs::create_dir_all(share)?;
        fs::copy(&self.program, share.join("isctpl"))?;
        fs::copy(BUSYBOX, share.join("busybox")).context("busybox-static is missing")?;
        fs::copy(self.folder.join("guest/task"), share.join("task"))?;
        fs::write(share.join("patience"), self.patience.to_string())?;
        if self.capture && self.catalogue.is_baseline(boot.scenario) {
            fs::copy(self.folder.join("guest/capture.sh"), share.join("capture.sh"))?;
        }
        for name in ["inject.sh", "proof.sh"] {
            let path = boot.scenario.folder.join(name);
            if boot.scripts && path.exists() {
                fs::copy(path, share.join(name))?;
            }
        }
        Ok(())
    }

    /// Whether the root's filesystem was written whole: its journal has nothing to replay.
    fn is_clean(&self, image: &Path, logs: &Path) -> Result<bool> {
        let output = self
            .workshop
            .tool_for("is-clean", image)
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
