//! Which units an image starts, and which of their programs it lacks (systemd.unit(5), systemd.service(5)).

use super::tree::{Tree, join};
use crate::formats::systemd::{UnitFile, conf_files, exec, parse, split_words};
use isctpl_checks::facts::{Location, MissingUnitProgram};
use std::collections::{BTreeSet, HashMap};

/// Where units lie, the first before the others.
const DIRECTORIES: &[&str] = &[
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];

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

/// The most units that are looked at.
const LIMIT: usize = 4096;

/// Directories that are filled only when the image runs.
const RUNTIME: &[&str] = &["run/", "proc/", "sys/", "dev/", "tmp/", "sysroot/", "var/run/"];

/// The programs that started units name and the image lacks. `image` is the image's path in messages.
pub(super) fn missing_programs(tree: &Tree, image: &str) -> Vec<MissingUnitProgram> {
    if !["usr/lib/systemd/systemd", "lib/systemd/systemd"].iter().any(|path| tree.is_file(path)) {
        return Vec::new();
    }
    let mut units = Units { tree, image, known: HashMap::new() };
    let started = units.reached(STARTED.iter().map(|&name| name.to_owned()).collect(), true);
    let login: Vec<String> = started.iter().filter(|name| is_login(name)).cloned().collect();
    let login = units.reached(login, false);
    let mut missing = Vec::new();
    for name in &started {
        let Some(unit) = units.known.get(name).and_then(Option::as_ref) else { continue };
        if unit.conditions.iter().any(|path| !is_runtime(path) && tree.resolve(path).is_none()) {
            continue;
        }
        for run in &unit.programs {
            if run.program.contains(['%', '$']) || is_runtime(&run.program) || tree.program(&run.program).is_some() {
                continue;
            }
            missing.push(MissingUnitProgram {
                unit: name.clone(),
                program: run.program.clone(),
                directive: run.directive.to_owned(),
                at: Some(run.at.clone()),
                on_login_path: login.contains(name),
                ignored_failure: run.ignored_failure,
            });
        }
    }
    missing
}

fn is_login(name: &str) -> bool {
    name.starts_with("iscsi") || name.starts_with("open-iscsi")
}

fn is_runtime(path: &str) -> bool {
    let path = path.trim_start_matches('/');
    RUNTIME.iter().any(|directory| path.starts_with(directory))
}

/// What is needed of a unit.
struct Unit {
    /// Units that it cannot do without: `Requires=`, `BindsTo=`, and the service of a socket.
    requires: Vec<String>,
    /// Units that it starts along: `Wants=`, `Upholds=`.
    wants: Vec<String>,
    /// Programs that are run to start it.
    programs: Vec<Run>,
    /// Paths without which it is not started.
    conditions: Vec<String>,
}

/// A program that a unit runs.
struct Run {
    directive: &'static str,
    program: String,
    ignored_failure: bool,
    at: Location,
}

impl Unit {
    /// From a unit's settings, drop-ins merged.
    fn new(name: &str, file: &UnitFile) -> Self {
        // What a unit needs adds up; an empty assignment takes nothing away.
        let named = |keys: [&str; 2]| -> Vec<String> {
            let entries = keys.into_iter().flat_map(|key| file.entries("Unit", key));
            entries.flat_map(|entry| split_words(&entry.value)).collect()
        };
        let mut requires = named(["Requires", "BindsTo"]);
        requires.extend(activated(name, file));
        Self { requires, wants: named(["Wants", "Upholds"]), programs: programs(file), conditions: conditions(file) }
    }
}

/// The service of a socket, or the unit of a path or timer. A socket with `Accept=yes` starts an
/// instance for each connection.
fn activated(name: &str, file: &UnitFile) -> Option<String> {
    let (stem, kind) = name.rsplit_once('.')?;
    let (section, key) = match kind {
        "socket" => ("Socket", "Service"),
        "path" => ("Path", "Unit"),
        "timer" => ("Timer", "Unit"),
        _ => return None,
    };
    if kind == "socket" && file.boolean("Socket", "Accept").is_some_and(|accepts| accepts.value) {
        return None;
    }
    Some(file.last(section, key).map_or_else(|| format!("{stem}.service"), |entry| entry.value.clone()))
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

struct Units<'t> {
    tree: &'t Tree,
    image: &'t str,
    known: HashMap<String, Option<Unit>>,
}

impl Units<'_> {
    /// The units that are started along with the given ones; without `wanted`, only those that they
    /// cannot do without.
    fn reached(&mut self, from: Vec<String>, wanted: bool) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut queue = from;
        while let Some(name) = queue.pop() {
            if reached.len() == LIMIT || !reached.insert(name.clone()) {
                continue;
            }
            let (tree, image) = (self.tree, self.image);
            let unit = self.known.entry(name.clone()).or_insert_with(|| load(tree, image, &name));
            let Some(unit) = unit else { continue };
            queue.extend(unit.requires.iter().cloned());
            queue.extend(linked(tree, &name, "requires"));
            if wanted {
                queue.extend(unit.wants.iter().cloned());
                queue.extend(linked(tree, &name, "wants"));
            }
        }
        reached
    }
}

/// The names in `UNIT.wants` or `UNIT.requires`.
fn linked(tree: &Tree, unit: &str, kind: &str) -> Vec<String> {
    let names = DIRECTORIES.iter().flat_map(|directory| tree.names(&join(directory, &format!("{unit}.{kind}"))));
    names.map(str::to_owned).collect()
}

/// Reads a unit with its drop-ins; `None` when there is none, or it is masked.
fn load(tree: &Tree, image: &str, name: &str) -> Option<Unit> {
    let mut names = vec![name.to_owned()];
    names.extend(template(name));
    let path = names.iter().find_map(|name| {
        DIRECTORIES
            .iter()
            .map(|directory| join(directory, name))
            .find(|path| tree.is_file(path) || tree.node(path).is_some())
    })?;
    let read = |path: &str| {
        let path = tree.resolve(path)?;
        Some((parse(tree.text(&path)?, &format!("{image}!{path}")), path))
    };
    // A mask is a link to /dev/null or an empty file: neither has a text.
    let (mut file, path) = read(&path)?;
    // A drop-in directory belongs to the unit's own name as well as to the one it is linked under.
    names.extend(path.rsplit('/').next().map(str::to_owned));
    names.extend(name.rsplit('.').next().map(str::to_owned));
    let directories: Vec<String> = names
        .iter()
        .flat_map(|name| DIRECTORIES.iter().map(move |directory| join(directory, &format!("{name}.d"))))
        .collect();
    let listings: Vec<(&str, Vec<String>)> = directories
        .iter()
        .map(|directory| (directory.as_str(), tree.names(directory).into_iter().map(str::to_owned).collect()))
        .collect();
    for path in conf_files(&listings, ".conf") {
        if let Some((drop_in, _)) = read(&path) {
            file.merge(drop_in);
        }
    }
    Some(Unit::new(name, &file))
}

/// `foo@.service` of `foo@bar.service`.
fn template(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_once('@')?;
    let (_, suffix) = rest.rsplit_once('.')?;
    Some(format!("{prefix}@.{suffix}"))
}
