//! Which units are started: what some first units pull in, by links, by settings, and by what triggers them.

use super::load::{Unit, Units};
use super::name::UnitName;
use crate::formats::systemd::split_words;
use isctpl_checks::facts::Location;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The most units that are followed.
const UNIT_LIMIT: usize = 20_000;

/// How a unit is started.
#[derive(Debug, Default, Clone)]
pub(crate) struct Started {
    /// Links of started units.
    pub(crate) links: BTreeSet<Location>,
    /// Started units that name it, and other things that start it.
    pub(crate) by: BTreeSet<String>,
}

/// Which ways are followed from a unit to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Everything that is started along.
    All,
    /// Only what the unit cannot do without.
    Required,
}

/// A unit that is looked at first, and what starts it unless systemd itself does.
pub(crate) type First = (String, Option<String>);

/// What is started, by the units' own names.
pub(crate) fn started(
    units: &Units<'_>,
    first: impl IntoIterator<Item = First>,
    follow: Follow,
) -> BTreeMap<String, Started> {
    let mut walk = Walk { units, started: BTreeMap::new(), open: Vec::new() };
    for (name, by) in first {
        walk.reach(&name, |started| started.by.extend(by));
    }
    while let Some(unit) = walk.open.pop() {
        for link in units.links(&unit) {
            if link.required || follow == Follow::All {
                walk.reach(&of_template(&link.name, &unit), |started| {
                    started.links.insert(link.at);
                });
            }
        }
        for name in named_by(&unit, follow) {
            walk.reach(&of_template(&name, &unit), |started| {
                started.by.insert(unit.name.clone());
            });
        }
    }
    walk.started
}

struct Walk<'w> {
    units: &'w Units<'w>,
    started: BTreeMap<String, Started>,
    /// Units that are still to be looked at.
    open: Vec<Rc<Unit>>,
}

impl Walk<'_> {
    /// Notes what starts a unit, which is looked at when it is reached for the first time.
    fn reach(&mut self, name: &str, note: impl FnOnce(&mut Started)) {
        let Some(own_name) = self.units.own_name(name) else { return };
        if let Some(known) = self.started.get_mut(&own_name) {
            return note(known);
        }
        if self.started.len() == UNIT_LIMIT {
            return self.units.cut(&format!("more than {UNIT_LIMIT} are started"));
        }
        let Some(unit) = self.units.load(name) else { return };
        note(self.started.entry(own_name).or_default());
        if unit.masked.is_none() {
            self.open.push(unit);
        }
    }
}

/// A template that a unit names stands for its own instance, or for the one of its own name (resolve_template()).
fn of_template(name: &str, unit: &Unit) -> String {
    match (UnitName::parse(name), UnitName::parse(&unit.name)) {
        (Some(template), Some(own)) if template.is_template() => {
            template.instantiated(own.instance.unwrap_or(own.stem))
        }
        _ => name.to_owned(),
    }
}

/// Units that a unit pulls in by its settings, or starts when it is triggered. What a unit needs adds up: an empty
/// assignment takes nothing away.
fn named_by(unit: &Unit, follow: Follow) -> Vec<String> {
    let mut keys = vec![("Unit", "Requires"), ("Unit", "BindsTo")];
    if follow == Follow::All {
        keys.extend([("Unit", "Wants"), ("Unit", "Upholds"), ("Service", "Sockets")]);
    }
    let mut names: Vec<String> = keys
        .into_iter()
        .flat_map(|(section, key)| unit.file.entries(section, key))
        .flat_map(|entry| split_words(&entry.value))
        .collect();
    names.extend(triggered(unit));
    names
}

/// The service of a socket, or the unit of a path or timer. A socket with `Accept=yes` starts an instance for each
/// connection.
fn triggered(unit: &Unit) -> Option<String> {
    let (stem, kind) = unit.name.rsplit_once('.')?;
    let (section, key) = match kind {
        "socket" => ("Socket", "Service"),
        "timer" => ("Timer", "Unit"),
        "path" => ("Path", "Unit"),
        _ => return None,
    };
    if kind == "socket" && unit.file.boolean("Socket", "Accept").is_some_and(|accepts| accepts.value) {
        return None;
    }
    Some(unit.file.last(section, key).map_or_else(|| format!("{stem}.service"), |entry| entry.value.clone()))
}
