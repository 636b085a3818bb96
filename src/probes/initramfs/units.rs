//! Which programs of started units an image lacks (systemd.unit(5), systemd.service(5)).

use super::tree::Tree;
use crate::formats::systemd::{UnitFile, exec};
use crate::probes::units::load::{Unit, Units};
use crate::probes::units::started::{Follow, started};
use isctpl_checks::facts::{Location, MissingUnitProgram, Problem};

/// What systemd starts in an initramfs, beside `default.target` (bootup(7)).
const STARTED: &[&str] = &[
    "default.target",
    "initrd.target",
    "initrd-root-device.target",
    "initrd-root-fs.target",
    "initrd-fs.target",
    "initrd-switch-root.target",
    // Started by iscsiadm through its socket, and by dracut's iscsiroot.
    "iscsid.service",
];

/// Directories that are filled only when the image runs.
const RUNTIME: &[&str] = &["run/", "proc/", "sys/", "dev/", "tmp/", "sysroot/", "var/run/"];

/// The programs that started units name and the image lacks, and what could not be read of the units.
pub(super) fn missing_programs(tree: &Tree) -> (Vec<MissingUnitProgram>, Vec<Problem>) {
    let mut missing = Vec::new();
    if !["usr/lib/systemd/systemd", "lib/systemd/systemd"].iter().any(|path| tree.is_file(path)) {
        return (missing, Vec::new());
    }
    let units = Units::list(tree);
    let all = started(&units, STARTED.iter().map(|&name| (name.to_owned(), None)), Follow::All);
    let login = all.keys().filter(|name| is_login(name)).map(|name| (name.clone(), None));
    let login = started(&units, login, Follow::Required);
    for unit in all.keys().filter_map(|name| units.load(name)).filter(|unit| may_start(tree, unit)) {
        for run in programs(&unit.file) {
            if run.program.contains(['%', '$']) || is_runtime(&run.program) || tree.program(&run.program).is_some() {
                continue;
            }
            missing.push(MissingUnitProgram {
                unit: unit.name.clone(),
                program: run.program,
                directive: run.directive.to_owned(),
                at: Some(run.at),
                on_login_path: login.contains_key(&unit.name),
                ignored_failure: run.ignored_failure,
            });
        }
    }
    (missing, units.problems().into_iter().chain(units.cut_short()).collect())
}

/// The file of a unit that is started in the image, with all paths there that it needs.
pub(super) fn started_unit(tree: &Tree, name: &str) -> Option<Location> {
    if !["usr/lib/systemd/systemd", "lib/systemd/systemd"].iter().any(|path| tree.is_file(path)) {
        return None;
    }
    let units = Units::list(tree);
    let all = started(&units, STARTED.iter().map(|&name| (name.to_owned(), None)), Follow::All);
    let unit = units.load(name).filter(|unit| all.contains_key(name) && unit.masked.is_none())?;
    may_start(tree, &unit).then(|| unit.fragment.clone()).flatten()
}

/// Whether all paths are there without which a unit is not started.
fn may_start(tree: &Tree, unit: &Unit) -> bool {
    conditions(&unit.file).iter().all(|path| is_runtime(path) || tree.resolve(path).is_some())
}

fn is_login(name: &str) -> bool {
    name.starts_with("iscsi") || name.starts_with("open-iscsi")
}

fn is_runtime(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    RUNTIME.iter().any(|directory| path.starts_with(directory))
}

/// A program that a unit runs.
struct Run {
    directive: &'static str,
    program: String,
    ignored_failure: bool,
    at: Location,
}

fn programs(file: &UnitFile) -> Vec<Run> {
    let mut programs = Vec::new();
    for directive in ["ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost"] {
        for entry in ["Service", "Socket"].into_iter().flat_map(|section| file.list(section, directive)) {
            programs.extend(exec::commands(&entry.value).into_iter().map(|command| Run {
                directive,
                program: command.program().to_owned(),
                ignored_failure: command.ignores_failure,
                at: entry.at.clone(),
            }));
        }
    }
    programs
}

/// Only a plain path is a condition that stands on its own; an empty one takes back all before it.
fn conditions(file: &UnitFile) -> Vec<String> {
    let mut conditions = Vec::new();
    for entry in file.named("Unit").into_iter().flat_map(|section| &section.entries) {
        match (entry.key.as_str(), entry.value.as_str()) {
            (key, "") if key.starts_with("Condition") => conditions.clear(),
            ("ConditionPathExists" | "ConditionFileIsExecutable", path) if path.starts_with('/') => {
                conditions.push(path.to_owned());
            }
            _ => {}
        }
    }
    conditions
}
