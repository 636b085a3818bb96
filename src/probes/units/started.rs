//! Which units are started, at boot or at shutdown: what `default.target` and the targets of a shutdown pull
//! in, by links, by settings, and by what triggers them.

use super::load::{Loaded, UnitFiles};
use isctpl_checks::facts::Location;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The most units that are followed.
const UNIT_LIMIT: usize = 20_000;

/// Targets that are always reached: every unit with default dependencies needs the first two, and a machine
/// that goes down reaches the others.
const ALWAYS: [&str; 9] = [
    "sysinit.target",
    "basic.target",
    "shutdown.target",
    "umount.target",
    "final.target",
    "reboot.target",
    "poweroff.target",
    "halt.target",
    "kexec.target",
];

/// How a unit is started.
#[derive(Debug, Default, Clone)]
pub(in crate::probes) struct Started {
    /// Links of started units.
    pub(in crate::probes) links: Vec<Location>,
    /// Started units that name it, and other things that start it.
    pub(in crate::probes) by: BTreeSet<String>,
}

/// What is started, by the units' own names. `extra` are units that something else starts, with what.
pub(in crate::probes) fn started(files: &UnitFiles<'_>, extra: &[(String, String)]) -> BTreeMap<String, Started> {
    let mut wants_of: BTreeMap<String, Vec<(String, Location)>> = BTreeMap::new();
    for link in &files.links {
        // A holder may be named by an alias, as default.target is.
        let holder = files.load(&link.holder).map_or_else(|| link.holder.clone(), |unit| unit.name.clone());
        wants_of.entry(holder).or_default().push((link.wanted.clone(), link.at.clone()));
    }
    let mut started: BTreeMap<String, Started> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut open: Vec<Rc<Loaded>> = Vec::new();
    let mut reach = |name: &str, how: How, open: &mut Vec<Rc<Loaded>>| {
        let Some(unit) = files.load(name) else { return };
        let entry = started.entry(unit.name.clone()).or_default();
        match how {
            How::Link(at) if !entry.links.contains(&at) => entry.links.push(at),
            How::By(what) => {
                entry.by.insert(what);
            }
            How::Link(_) | How::Itself => {}
        }
        if seen.len() < UNIT_LIMIT && seen.insert(unit.name.clone()) {
            open.push(unit);
        }
    };
    let first = if files.load("default.target").is_some() { "default.target" } else { "multi-user.target" };
    for name in std::iter::once(first).chain(ALWAYS) {
        reach(name, How::Itself, &mut open);
    }
    for (name, by) in extra {
        reach(name, How::By(by.clone()), &mut open);
    }
    while let Some(unit) = open.pop() {
        if unit.masked.is_some() {
            continue;
        }
        for (wanted, at) in wants_of.get(&unit.name).into_iter().flatten() {
            reach(wanted, How::Link(at.clone()), &mut open);
        }
        for name in named_by(&unit) {
            reach(&name, How::By(unit.name.clone()), &mut open);
        }
    }
    started
}

enum How {
    Itself,
    Link(Location),
    By(String),
}

/// Units that a unit pulls in by its settings, or starts when it is triggered.
fn named_by(unit: &Loaded) -> Vec<String> {
    let keys = ["Wants", "Requires", "BindsTo", "Upholds"].map(|key| ("Unit", key));
    let mut names: Vec<String> = keys
        .into_iter()
        .chain([("Service", "Sockets")])
        .flat_map(|(section, key)| unit.file.words(section, key))
        .map(|word| word.value)
        .collect();
    if let Some((stem, suffix)) = unit.name.rsplit_once('.') {
        let (section, key) = match suffix {
            "socket" => ("Socket", "Service"),
            "timer" => ("Timer", "Unit"),
            "path" => ("Path", "Unit"),
            _ => return names,
        };
        // A socket with Accept=yes starts an instance for each connection.
        let accepts = suffix == "socket" && unit.file.boolean("Socket", "Accept").is_some_and(|found| found.value);
        let named = unit.file.last(section, key).map(|entry| entry.value.clone());
        if !accepts {
            names.push(named.unwrap_or_else(|| format!("{stem}.service")));
        }
    }
    names
}
