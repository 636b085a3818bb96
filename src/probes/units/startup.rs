//! The units of a root, and what starts at its boot.

use super::load::{self, Units};
use super::name::UnitName;
use super::scripts::Service;
use super::started::{First, Follow, Started, started};
use super::{outside, scripts};
use crate::probes::files::Reader;
use crate::system::Root;
use isctpl_checks::facts::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// Where systemd itself lies.
const SYSTEMD: [&str; 4] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/usr/bin/systemd", "/bin/systemd"];

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

/// The units of a root, and which of them start at a boot or at a shutdown.
pub(crate) struct Startup<'a> {
    reader: Reader<'a>,
    pub(crate) units: Units<'a>,
    /// By the units' own names.
    pub(crate) started: BTreeMap<String, Started>,
    /// Whether systemd is installed.
    pub(crate) systemd: bool,
}

impl<'a> Startup<'a> {
    /// Reads the units of a root and follows what starts them.
    pub(crate) fn read(root: &'a Root) -> Self {
        let reader = Reader::new(root);
        let systemd = reader.first_file(SYSTEMD).is_some();
        let units = Units::list(root);
        // What systemd starts when there is nothing to start.
        let first = if units.own_name("default.target").is_some() { "default.target" } else { "rescue.target" };
        let always = std::iter::once(first).chain(ALWAYS).map(|name| (name.to_owned(), None));
        let first: Vec<First> = always.chain(outside::started(&reader)).collect();
        let started = started(&units, first, Follow::All);
        Self { reader, units, started, systemd }
    }

    /// A service by any of its names, or the script of System V init or OpenRC that is there in its place; `None`
    /// when it is not installed.
    pub(crate) fn service(&self, name: &str) -> Option<Service> {
        let Some(unit) = self.units.load(name) else {
            return scripts::service(&self.reader, self.systemd, name.strip_suffix(".service")?);
        };
        if let Some(at) = &unit.masked {
            return Some(Service { enabled: false, at: at.clone() });
        }
        let started = self.started.get(&unit.name);
        let link = started.and_then(|started| started.links.first());
        Some(Service { enabled: started.is_some(), at: link.or(unit.fragment.as_ref())?.clone() })
    }

    /// Whether systemd makes units of System V init's scripts (systemd-sysv-generator(8)).
    pub(crate) fn makes_units_of_scripts(&self) -> bool {
        self.systemd && scripts::has_generator(&self.reader)
    }

    /// Why not every unit was followed, where that is so: one that is not among those started may start all the same.
    pub(crate) fn cut_short(&self) -> Option<Problem> {
        self.units.cut_short()
    }

    /// What could not be read so far, each file of units or of what else starts them.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.units.problems();
        problems.extend(self.reader.problems().iter().cloned());
        problems
    }

    /// The same, but for files of services that have nothing to do with these: neither such a service, nor one that
    /// has its name in its own, such as what waits for a manager and starts it for that. Whatever is no service's own
    /// file, such as a target or a directory of units, may start any.
    pub(crate) fn problems_about(&self, services: &[&str]) -> Vec<Problem> {
        let own_names = services.iter().filter_map(|name| self.units.own_name(name));
        let names: BTreeSet<String> = services.iter().map(|name| (*name).to_owned()).chain(own_names).collect();
        let stems: Vec<&str> = names.iter().filter_map(|name| Some(UnitName::parse(name)?.stem)).collect();
        let concerns = |problem: &Problem| {
            let service = load::unit_of(&problem.place).filter(|unit| unit.kind == "service");
            // A drop-in of `systemd-.service` is for every service whose name begins so.
            let is_like =
                |name: &str, stem: &str| name.contains(stem) || (name.ends_with('-') && stem.starts_with(name));
            service.is_none_or(|service| stems.iter().any(|stem| is_like(service.stem, stem)))
        };
        self.problems().into_iter().filter(concerns).collect()
    }
}
