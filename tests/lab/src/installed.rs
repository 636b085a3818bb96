//! Debian's installer on an empty LUN, by the project's own answers: what it makes boots, twice.

use crate::bench::{Bench, Dhcp, INSTANCE, by_path};
use crate::lab::Lab;
use crate::lun::Attached;
use crate::machine::{Machine, Start};
use crate::prepared::Prepared;
use crate::process::finish;
use crate::table::{Told, Tried};
use crate::web::{ADDRESS, MESSAGES, Web};
use anyhow::{Context, Result};
use isctpl_lab::answers;
use isctpl_lab::changes::changed_files;
use isctpl_lab::scenario::{Catalogue, Firmware, Scenario};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The release that is installed: its name and its number.
const RELEASE: [&str; 2] = ["trixie", "13"];
/// The size of the LUN.
const LUN_SIZE: u64 = 8 << 30;
/// How long the installer may take.
const INSTALLING: Duration = Duration::from_secs(3 * 3600);
/// Who gets in; nobody has the other half of it.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPR1vjCbcJx1ZB0B0AaBYaEq3NqoyPDKb3WgqUjVdQ2 lab@example.org";

/// How an installer's system came out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Installed {
    /// What became of the root that it made.
    #[serde(flatten)]
    root: Prepared,
    /// Which installer it was.
    installer: String,
    /// How long it took, in minutes.
    minutes: u64,
}

impl Lab {
    /// Has the installer make a system of an empty LUN, and boots that and a copy.
    ///
    /// # Errors
    /// When the lab itself fails: the installer is not to be had, a server or QEMU does not start.
    pub(crate) fn install(&self, scenario: &Scenario, bench: &Bench, say: &dyn Fn(&str)) -> Result<Installed> {
        let begun = Instant::now();
        let logs = self.logs("installed", &scenario.name)?;
        let image = self.image(&logs);
        let image = &image.path;
        fs::File::create(image)?.set_len(LUN_SIZE)?;
        let kept = self.cache.join("installer");
        let files = kept.join(RELEASE[0]);
        fs::create_dir_all(&files)?;
        say("fetching the installer");
        finish(self.workshop.tool("installer").args(RELEASE).arg(&files), &logs.join("installer.log"))?;
        self.publish(&files, &logs)?;
        let web = Web {
            own: logs.join("web"),
            instead: files.join("mirror"),
            kept: kept.join("archive"),
            log: logs.join("web.log"),
        };
        bench.serve_web(web, &logs)?;

        let mut outcome = Installed {
            root: Prepared::begun(scenario, &logs),
            installer: fs::read_to_string(files.join("version"))?.trim().to_owned(),
            minutes: 0,
        };
        self.run_installer(bench, image, &mut outcome, say)?;
        if outcome.root.tried.disagreements.is_empty() {
            self.workshop.learn_layout(image)?;
            let (target, log_path) = (logs.join("target"), logs.join("prepare.log"));
            let attached = self.workshop.attach(image, &target, &log_path)?;
            say("asking doctor");
            self.judge(scenario, &attached, &mut outcome.root)?;
            attached.let_the_lab_in()?;
            // The ESP is as the installer left it.
            attached.let_go()?;
            if outcome.root.said == "boots" {
                self.two_instances(scenario, bench, image, &scenario.stays, &mut outcome.root, say)?;
            }
        }
        outcome.root.seconds = begun.elapsed().as_secs();
        self.keep_outcome(Installed::KEPT_IN, &scenario.name, &outcome)?;
        Ok(outcome)
    }

    /// What docs/unattended.md asks for on the web server, with what a person puts into the answers.
    fn publish(&self, files: &Path, logs: &Path) -> Result<()> {
        let web = logs.join("web");
        fs::create_dir_all(web.join("debian"))?;
        for name in ["linux", "initrd.gz"] {
            std::os::unix::fs::symlink(files.join(name), web.join("debian").join(name))?;
        }
        fs::copy(&self.program, web.join("isctpl"))?;
        let name = "debian.preseed";
        let text = fs::read_to_string(self.folder.join("../../docs/unattended").join(name))?;
        let text = answers::filled_in(&text, &by_path(), KEY).context("the answers name the LUN and the key once")?;
        Ok(fs::write(web.join(name), text)?)
    }

    /// Boots the installer by the script of `isctpl ipxe`, and waits for it to power off.
    fn run_installer(&self, bench: &Bench, image: &Path, outcome: &mut Installed, say: &dyn Fn(&str)) -> Result<()> {
        let logs = outcome.root.tried.logs.clone();
        let at = |path: &str| format!("http://{ADDRESS}/{path}");
        let nic = format!("BOOTIF=01-{}", INSTANCE.wan.replace(':', "-"));
        let mut arguments = ["--interface", "net0", "--installer", "debian"].map(str::to_owned).to_vec();
        arguments.extend(["--kernel".to_owned(), at("debian/linux"), "--initrd".to_owned(), at("debian/initrd.gz")]);
        arguments.extend(["--answers".to_owned(), at("debian.preseed")]);
        // The last four are the lab's own: the list of what was made anew has no signature of Debian's, questions and
        // logs must be seen, and what Debian has newer than its installer would take a second kernel's time.
        let log = format!("log_host={ADDRESS}");
        let words = [nic.as_str(), "hostname=template", "console=ttyS0"];
        let own = [
            "debian-installer/allow_unauthenticated=true",
            "DEBIAN_FRONTEND=text",
            log.as_str(),
            "pkgsel/upgrade=none",
        ];
        for word in words.into_iter().chain(own) {
            arguments.extend(["--append".to_owned(), word.to_owned()]);
        }
        let script = self.script(&arguments, &logs)?;
        let (share, console) = (logs.join("share"), logs.join("installer-console.log"));
        fs::create_dir_all(&share)?;
        let machine = Machine {
            start: Start::San(Firmware::Uefi),
            instance: INSTANCE,
            processors: self.processors,
            share: &share,
            console: &console,
            acpi_table: None,
            patience: INSTALLING * self.patience,
            working: Duration::ZERO,
            shutdown: Duration::ZERO,
        };
        let dhcp = Dhcp { instance: INSTANCE, lease: None, lines: &[], names: true, script: Some(&script) };
        let begun = Instant::now();
        let life = bench.around(&logs, &[image], &dhcp, || {
            say("installing");
            machine.live(false)
        })?;
        outcome.minutes = begun.elapsed().as_secs() / 60;
        if !life.ended || life.lost.is_some() {
            let line = life.lost.unwrap_or_else(|| "nothing that it would stop at".to_owned());
            let text = format!("the installer did not power off: see {}; it shows: {line}", console.display());
            outcome.root.tried.disagreements.push(text);
        }
        Ok(())
    }

    /// What doctor says of what the installer left, and what prepare said in it.
    fn judge(&self, scenario: &Scenario, attached: &Attached<'_>, outcome: &mut Prepared) -> Result<()> {
        let messages = fs::read(outcome.tried.logs.join(MESSAGES)).context("the installer logged nothing")?;
        outcome.changed = changed_files(&answers::said(&String::from_utf8_lossy(&messages)));
        self.as_template(scenario, attached, outcome)?;
        self.afterwards(scenario, attached, &scenario.stays, outcome)
    }
}

impl Told for Installed {
    const KEPT_IN: &str = "installed-outcomes";
    const RECORD: [&str; 3] = ["installer.md", "What an installer made of an empty LUN", "--installer --record"];
    const COLUMNS: (&[&str], &[&str]) = (
        &["said afterwards", "what happened"],
        &["installer", "took", "what prepare changed", "said afterwards", "what happened", "said in the instance"],
    );

    fn tried_on(catalogue: &Catalogue) -> Vec<&Scenario> {
        catalogue.installers().collect()
    }

    fn tried(&self) -> &Tried {
        &self.root.tried
    }

    fn cells(&self) -> Vec<String> {
        vec![self.root.said.clone(), self.root.summary()]
    }

    fn recorded(&self) -> Vec<String> {
        let root = &self.root;
        let took = format!("{} min", self.minutes);
        vec![self.installer.clone(), took, root.changes(), root.said.clone(), root.summary(), root.said_in_instances()]
    }

    fn sum(outcomes: &[&Self], scenarios: usize) -> String {
        let well = outcomes.iter().filter(|outcome| outcome.tried().disagreements.is_empty()).count();
        format!(
            "Of {scenarios}, {well} came to its end by itself, and what it made came up, passed and shut down, twice."
        )
    }
}
