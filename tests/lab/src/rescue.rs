//! `isctpl rescue` in a rescue system, against the real target: the scenarios of `rescue/scenarios`.

use crate::bench::{Bench, Dhcp, INSTANCE, drive_yaml, instance_yaml};
use crate::boot::{BUSYBOX, SHUTDOWN};
use crate::lab::Lab;
use crate::machine::{Machine, Start};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What the rescue system's files are taken from.
const BASE: &str = "bookworm";
/// The instance that is rescued, and a clone of it beside it: the same names and UUIDs on a second unit.
const ROOT: &str = "healthy-iscsi-auto";
/// One whose root is of another filesystem.
const ON_XFS: &str = "healthy-xfs";
/// Units that a scenario makes roots without LVM on, and their size in bytes.
const BLANK: [&str; 2] = ["lun-50.img", "lun-51.img"];
const BLANK_SIZE: u64 = 512 << 20;
/// How long all scenarios may take; those that kill isctpl at every point take minutes each.
const WORKING: Duration = Duration::from_secs(4 * 3600);

/// Runs the scenarios, or those named, and returns what each came to, and whether all came out well.
///
/// # Errors
/// When the lab itself fails, or the rescue system does not come to its end.
pub(crate) fn rescue(lab: &Lab, names: &[String], say: &dyn Fn(&str)) -> Result<(String, bool)> {
    let logs = lab.cache.join("runs").join("rescue");
    if logs.exists() {
        fs::remove_dir_all(&logs)?;
    }
    let share = logs.join("share");
    fs::create_dir_all(&share)?;
    let disk = lab.workshop.rescue_disk(&lab.catalogue, BASE, say)?;
    let instances = [("lun-47.img", ROOT), ("lun-48.img", ROOT), ("lun-49.img", ON_XFS)];
    let instances = instances.map(|(name, scenario)| (logs.join(name), scenario));
    for (image, scenario) in &instances {
        lab.workshop.make(&lab.catalogue, scenario, image, say)?;
    }
    let blank = BLANK.map(|name| logs.join(name));
    for image in &blank {
        fs::File::create(image)?.set_len(BLANK_SIZE)?;
    }
    fs::copy(&lab.program, share.join("isctpl"))?;
    fs::copy(BUSYBOX, share.join("busybox")).context("busybox-static is missing")?;
    fs::copy(lab.folder.join("guest/rescue"), share.join("task"))?;
    fs::copy(lab.folder.join("rescue/scenarios"), share.join("scenarios"))?;
    fs::write(share.join("instance.yaml"), instance_yaml())?;
    fs::write(share.join("drive.yaml"), drive_yaml())?;
    fs::write(share.join("names"), names.join(" "))?;

    let console = logs.join("console.log");
    let machine = Machine {
        start: Start::Disk(&disk),
        instance: INSTANCE,
        processors: lab.processors,
        share: &share,
        console: &console,
        acpi_table: Some(lab.folder.join("rescue/ibft.table")),
        patience: Duration::from_secs(300) * lab.patience,
        working: WORKING,
        shutdown: SHUTDOWN * lab.patience,
    };
    let bench = Bench::new(0, &lab.cache)?;
    let units: Vec<&Path> = instances.iter().map(|(image, _)| image).chain(&blank).map(PathBuf::as_path).collect();
    let dhcp = Dhcp { instance: INSTANCE, lease: None, lines: &[], names: false, script: None };
    let life = bench.around(&logs, &units, &dhcp, || {
        say("booting the rescue system");
        machine.live(false)
    })?;
    ensure!(life.judged, "the rescue system did not come to its end: see {}", console.display());
    let mut text = fs::read_to_string(share.join("rescue.log")).context("the scenarios said nothing")?;
    let mut well =
        text.lines().any(|line| line.starts_with("ok ")) && !text.lines().any(|line| line.starts_with("FAIL"));
    for (image, _) in &instances {
        let check = Command::new(lab.folder.join("build/is-sound")).arg(image).output().context("build/is-sound")?;
        well &= check.status.success();
        text.push_str(&String::from_utf8_lossy(&check.stdout));
    }
    Ok((text, well))
}
