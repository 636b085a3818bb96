//! `isctpl doctor --disk` on a LUN's image: what it says of a disk that is mounted nowhere, beside what it says of the
//! mounted root.

use crate::bench::Bench;
use crate::lab::Lab;
use crate::process::{finish, log};
use crate::report::Report;
use crate::table::{Told, Tried};
use anyhow::{Context, Result, ensure};
use isctpl_lab::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The ordinary user that reads the image: `nobody`.
const NOBODY: u32 = 65534;

/// How often each is asked: the shortest time counts.
const TRIES: usize = 3;

/// How many times as long as for the mounted root it may take.
const FACTOR: u64 = 2;

/// How a LUN came out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OnDisk {
    /// What was tried.
    #[serde(flatten)]
    pub(crate) tried: Tried,
    /// What doctor said of the mounted root.
    pub(crate) mounted: String,
    /// Milliseconds that it took: of the mounted root, of the raw image, of the qcow2 one.
    pub(crate) took: [u64; 3],
    /// What was found on the disk alone: a mount does not show it.
    pub(crate) more: Vec<String>,
}

impl Lab {
    /// Asks doctor of one LUN three times: of its mounted root, of its image, and of the image as qcow2.
    ///
    /// # Errors
    /// When the lab itself fails: a LUN cannot be made, or doctor says nothing.
    pub(crate) fn judge_disk(&self, scenario: &Scenario, _: &Bench, say: &dyn Fn(&str)) -> Result<OnDisk> {
        let logs = self.logs("disks", &scenario.name)?;
        let image = self.image(&logs);
        self.workshop.make(&self.catalogue, &scenario.name, &image.path, say)?;
        let log_path = logs.join("disk.log");

        say("asking doctor of the mounted root");
        let target = logs.join("target");
        let attached = self.workshop.attach(&image.path, &target, &log_path)?;
        let ask = || self.doctor(scenario, &attached, &[], &logs.join("mounted.json"), &log_path);
        let mounted = fastest(ask);
        // It is started by a script that gives it names for its devices, which takes its own time.
        let nothing = fastest(|| Ok(attached.command("true").status()?));
        attached.let_go()?;
        let ((mounted, whole), (_, start)) = (mounted?, nothing?);
        let mount_time = whole.saturating_sub(start);

        say("asking doctor of the disk");
        let packed = logs.join("lun.qcow2");
        let convert = ["convert", "-f", "raw", "-O", "qcow2"];
        finish(Command::new("qemu-img").args(convert).arg(&image.path).arg(&packed), &log_path)?;
        let mut more = BTreeSet::new();
        let mut disagreements = Vec::new();
        let mut took = [mount_time, 0, 0];
        let (_, raw_and_packed) = took.split_at_mut(1);
        for (time, (format, path)) in raw_and_packed.iter_mut().zip([("raw", &image.path), ("qcow2", &packed)]) {
            let (report, shortest) = self.read_only(scenario, path, &logs.join(format!("{format}.json")), &log_path)?;
            disagreements.extend(unlike(&mounted, &report).into_iter().map(|text| format!("{format}: {text}")));
            more.extend(found(&report).difference(&found(&mounted)).map(|check| (*check).to_owned()));
            if shortest > FACTOR * mount_time {
                disagreements.push(format!("{format}: took {shortest} ms, the mounted root {mount_time} ms"));
            }
            *time = shortest;
        }
        fs::remove_file(&packed)?;
        let outcome = OnDisk {
            tried: Tried { disagreements, ..Tried::now(scenario, &logs) },
            mounted: mounted.words(),
            took,
            more: more.into_iter().collect(),
        };
        self.keep_outcome(OnDisk::KEPT_IN, &scenario.name, &outcome)?;
        Ok(outcome)
    }

    /// What doctor says of an image to a user who may only read it; the image must be as before afterwards.
    fn read_only(&self, scenario: &Scenario, image: &Path, report: &Path, log_path: &Path) -> Result<(Report, u64)> {
        fs::set_permissions(image, fs::Permissions::from_mode(0o444))?;
        let state = || -> Result<_> {
            let metadata = fs::metadata(image)?;
            Ok((metadata.mtime(), metadata.mtime_nsec(), metadata.len()))
        };
        let before = state()?;
        let ask = || {
            let mut command = Command::new(&self.program);
            command.args(["doctor", "--format", "json", "--disk"]).arg(image);
            command.args(self.told(scenario, scenario.doctor.as_deref()));
            command.uid(NOBODY).gid(NOBODY).stdin(Stdio::null());
            command.stdout(fs::File::create(report)?).stderr(log(log_path)?);
            let status = command.status().with_context(|| format!("{}: cannot be started", self.program.display()))?;
            Report::read(report).with_context(|| format!("doctor ended with {status}; see {}", log_path.display()))
        };
        let answer = fastest(ask)?;
        ensure!(before == state()?, "{}: was changed by being read", image.display());
        Ok(answer)
    }
}

/// Asks several times: the last answer, and the shortest time in milliseconds.
fn fastest<T>(ask: impl Fn() -> Result<T>) -> Result<(T, u64)> {
    let mut shortest = u64::MAX;
    let mut answer = None;
    for _ in 0..TRIES {
        let begun = Instant::now();
        answer = Some(ask()?);
        shortest = shortest.min(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    }
    Ok((answer.context("nothing was asked")?, shortest))
}

/// The checks that found something, critical or warning.
fn found(report: &Report) -> BTreeSet<&str> {
    let findings = report.findings.iter();
    findings
        .filter(|finding| finding.status == "fail" && finding.severity != "info")
        .map(|finding| finding.check.as_str())
        .collect()
}

/// Where the disk is judged otherwise than the mounted root, each in a sentence. A disk shows more than a mount of its
/// root: what is found on it alone is no disagreement where the verdict is the same, or was open.
fn unlike(mounted: &Report, disk: &Report) -> Vec<String> {
    let verdict = |report: &Report| (report.verdict.boot.clone(), report.verdict.broken_link.clone());
    let mut differences = Vec::new();
    let is_settled =
        mounted.verdict.boot == "unknown" && found(disk).iter().any(|check| !found(mounted).contains(check));
    if verdict(mounted) != verdict(disk) && !is_settled {
        differences.push(format!("the verdict is {}, of the mounted root {}", disk.words(), mounted.words()));
    }
    let lost: Vec<&str> = found(mounted).difference(&found(disk)).copied().collect();
    differences.extend(lost.iter().map(|check| format!("{check} is not found")));
    differences
}

impl Told for OnDisk {
    const KEPT_IN: &str = "on-disk";
    const RECORD: [&str; 3] = ["disks.md", "What doctor says of a disk that is mounted nowhere", "--disk --record"];
    const COLUMNS: (&[&str], &[&str]) = (
        &["said of the mounted root", "root, raw, qcow2 in ms"],
        &["said of the mounted root", "mounted root, ms", "raw, ms", "qcow2, ms", "found on the disk alone"],
    );

    fn tried(&self) -> &Tried {
        &self.tried
    }

    fn cells(&self) -> Vec<String> {
        let [mounted, raw, packed] = self.took;
        vec![self.mounted.clone(), format!("{mounted}, {raw}, {packed}")]
    }

    fn recorded(&self) -> Vec<String> {
        let more = if self.more.is_empty() { "-".to_owned() } else { self.more.join(", ") };
        let times = self.took.iter().map(ToString::to_string);
        std::iter::once(self.mounted.clone()).chain(times).chain([more]).collect()
    }

    fn sum(outcomes: &[&Self], scenarios: usize) -> String {
        let agreed = outcomes.iter().filter(|outcome| outcome.tried.disagreements.is_empty()).count();
        format!("{scenarios} scenarios: {} LUNs were judged, {agreed} of them alike in all three ways.", outcomes.len())
    }
}
